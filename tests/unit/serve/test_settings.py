from pathlib import Path

import pytest

from serve.settings import SettingsError, is_loopback, read_settings


def test_defaults_suit_one_machine():
    settings = read_settings().model_dump()
    assert 1 <= settings.pop("threads") <= 4  # as the machine has cores
    assert settings == {
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "max_body_bytes": 8_000_000,
        "max_stories": 64,
        "queue_stories": 512,
        "queue_chars": 32_000_000,
        "batch_window_ms": 2.0,
        "batch_tokens": 4096,
        "timeout_s": 60.0,
        "max_story_chars": 500_000,
        "keys_file": Path("complaint-context.keys.json"),
        "require_keys": False,
        "requests_per_minute": 6000,
        "session_hours": 12,
        "allowed_hosts": (),
        "database_url": "sqlite:///complaint-context.db",
        "keep_text_days": 0,
        "keep_verdict_text": False,
        "shadow": None,
        "log_format": "text",
        "metrics_port": None,
        "drift_stories": 2000,
    }


def test_environment_sets_what_the_command_line_leaves_out(monkeypatch):
    monkeypatch.setenv("COMPLAINT_CONTEXT_PORT", "9000")
    monkeypatch.setenv("COMPLAINT_CONTEXT_MAX_BODY_BYTES", "1000")
    settings = read_settings(port=9001, threads=None)
    assert (settings.port, settings.max_body_bytes, settings.threads) == (9001, 1000, 2)


def test_environment_cannot_name_a_model_or_a_policy(monkeypatch):
    monkeypatch.setenv("COMPLAINT_CONTEXT_MODEL", "/elsewhere")
    monkeypatch.setenv("COMPLAINT_CONTEXT_POLICY", "/elsewhere.toml")
    assert {"model", "policy"}.isdisjoint(read_settings().model_dump())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_hosts_are_taken(host):
    assert (read_settings(host=host).host, is_loopback(host)) == (host, True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4"])
def test_hosts_that_other_machines_reach_are_taken_as_keys_decide_about_them(host):
    assert (read_settings(host=host).host, is_loopback(host)) == (host, False)


@pytest.mark.parametrize("host", ["example.org", "", "127.0.0.1:80", "localhost.example"])
def test_host_that_is_no_address_is_refused(host):
    with pytest.raises(SettingsError) as caught:
        read_settings(host=host)
    assert str(caught.value) == (
        f"host: {host!r} is no address. Listen on 127.0.0.1, or on 0.0.0.0 with keys."
    )


def test_allowed_hosts_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("COMPLAINT_CONTEXT_ALLOWED_HOSTS", "stories.example, Other.example,")
    assert read_settings().allowed_hosts == ("stories.example", "other.example")
    monkeypatch.setenv("COMPLAINT_CONTEXT_ALLOWED_HOSTS", "")
    assert read_settings().allowed_hosts == ()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("port", 65536, "port: Input should be less than or equal to 65535."),
        ("port", -1, "port: Input should be greater than or equal to 0."),
        ("threads", 0, "threads: Input should be greater than or equal to 1."),
        ("max_stories", 65, "max_stories: Input should be less than or equal to 64."),
    ],
)
def test_value_out_of_range_is_said_in_one_line(name, value, message):
    with pytest.raises(SettingsError) as caught:
        read_settings(**{name: value})
    assert str(caught.value) == message
