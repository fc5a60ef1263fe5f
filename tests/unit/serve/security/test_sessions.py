"""Signing in to the console, and what ends a session."""

from datetime import date

import pytest

from serve.security.caller import Role
from serve.security.keys import KeyRing

DAY = date(2026, 3, 1)
COOKIE = "complaint-context-session"


def _sign_in(client, text):
    return client.post("/sign-in", data={"key": text})


def test_moderator_signs_in_with_a_key_and_is_known_by_a_cookie(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    _sign_in(client, f" {text}\n")  # copied with what stood around it
    known = {"name": "night shift", "role": "moderate", "key_id": text.split("_")[1]}
    assert client.get("/moderate").json() == known
    assert client.get("/admin").status_code == 403


def test_cookie_is_out_of_reach_of_scripts_and_other_sites_and_ends(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    header = _sign_in(opened(session_hours=2), text).headers["set-cookie"]
    name, *attributes = header.split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=7200", "Path=/", "SameSite=strict"]
    assert text.split("_")[2] not in header


def test_cookie_is_secure_and_bound_to_its_host_over_https(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened(at="https://127.0.0.1:8000")
    name, *attributes = _sign_in(client, text).headers["set-cookie"].split("; ")
    assert name.startswith(f"__Host-{COOKIE}=")
    assert "Secure" in attributes
    assert client.get("/moderate").status_code == 200


def test_session_of_plain_http_is_none_over_https(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    _sign_in(client, text)
    secure = opened(at="https://127.0.0.1:8000")
    assert (
        secure.get("/moderate", headers={"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}).status_code == 401
    )


def test_key_for_the_pipeline_alone_opens_no_console(opened, key_file):
    text = key_file.create("site", Role.CLASSIFY, today=DAY)
    answer = _sign_in(opened(), text)
    assert (answer.status_code, answer.json()["detail"], "set-cookie" in answer.headers) == (
        403,
        "key: has the role classify, which the console is not for. Use a moderator's key.",
        False,
    )


def test_signing_out_ends_the_session_in_the_browser(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    _sign_in(client, text)
    client.post("/sign-out")
    assert (client.cookies.get(COOKIE), client.get("/moderate").status_code) == (None, 401)


def test_revoked_key_ends_its_sessions(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    _sign_in(client, text)
    key_file.revoke(text.split("_")[1], today=DAY)
    assert client.get("/moderate").status_code == 401


def test_session_ends_when_its_time_is_up(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened(session_hours=1)
    guard = client.app.state.guard
    now_s = 1_000_000.5
    guard.clock = lambda: now_s
    cookie = {"cookie": _sign_in(client, text).headers["set-cookie"].split(";")[0]}
    client.cookies.clear()
    now_s += 3599
    assert client.get("/moderate", headers=cookie).status_code == 200
    now_s += 1
    assert client.get("/moderate", headers=cookie).status_code == 401


def test_another_worker_knows_the_session(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    one, other = opened(), opened()
    _sign_in(one, text)
    assert other.get("/moderate", headers={"cookie": f"{COOKIE}={one.cookies[COOKIE]}"}).status_code == 200


def test_changed_or_made_up_cookie_is_no_session(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    _sign_in(client, text)
    value = client.cookies[COOKIE]
    client.cookies.clear()
    payload, signature = value.rsplit(".", 1)
    wrong = [payload, f"{payload}.{signature[:-4]}AAAA", f"x{value}", ".", "x", f"{payload}."]
    answers = [client.get("/moderate", headers={"cookie": f"{COOKIE}={one}"}).status_code for one in wrong]
    assert answers == [401] * len(wrong)


def test_without_a_keys_file_no_cookie_is_a_session(opened, key_file):
    client = opened()
    client.app.state.guard._seen_keys = True  # as after the file went missing
    assert key_file.read() == KeyRing()
    assert client.get("/moderate", headers={"cookie": f"{COOKIE}=x.y"}).status_code == 401


def test_bad_key_beside_a_good_session_is_refused(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    _sign_in(client, text)
    assert client.get("/moderate", headers={"authorization": "Bearer x"}).status_code == 401


def test_address_that_tries_wrong_keys_has_to_wait_whatever_it_shows(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    assert [_sign_in(client, "cc_x").status_code for _ in range(10)] == [401] * 10
    answer = _sign_in(client, text)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["detail"]) == (
        429,
        "30",
        "sign-in: too many wrong keys came from your address. Wait 30 s.",
    )


def test_right_keys_are_not_counted(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    assert [_sign_in(client, text).status_code for _ in range(15)] == [200] * 15


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("a name", "a name", True),
    ],
)
def test_ipv6_addresses_of_one_network_share_their_tries(one, other, shared):
    from types import SimpleNamespace

    from serve.security.guard import _address

    found = [_address(SimpleNamespace(client=SimpleNamespace(host=host))) for host in (one, other)]
    assert (found[0] == found[1]) is shared
