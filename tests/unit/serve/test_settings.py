import pytest

from serve.settings import SettingsError, read_settings


def test_defaults_are_loopback_port_8000_two_threads_8_mb_and_64_stories():
    assert read_settings().model_dump() == {
        "host": "127.0.0.1",
        "port": 8000,
        "threads": 2,
        "max_body_bytes": 8_000_000,
        "max_stories": 64,
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
    assert read_settings(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
def test_hosts_that_other_machines_reach_are_refused(host):
    with pytest.raises(SettingsError) as caught:
        read_settings(host=host)
    assert str(caught.value) == (
        f"host: {host!r} can be reached from other machines or is no address. Listen on 127.0.0.1."
    )


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
