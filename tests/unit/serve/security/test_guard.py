"""Who is let in: the whole door, over HTTP."""

from base64 import b64encode
from datetime import date

import pytest

from serve.security.caller import Role
from serve.security.guard import check_exposure
from serve.settings import Settings, SettingsError

DAY = date(2026, 3, 1)
KEY_NEEDED = "urn:problem-type:complaint-context:key-needed"


def _bearer(text):
    return {"authorization": f"Bearer {text}"}


def _basic(text):
    return {"authorization": f"Basic {b64encode(text.encode()).decode()}"}


def test_without_a_key_everybody_on_this_machine_may_do_all(opened):
    assert opened().get("/admin").json() == {
        "name": "anyone on this machine",
        "role": "admin",
        "key_id": None,
    }


@pytest.mark.parametrize("header", ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"])
def test_without_a_key_nobody_is_let_in_through_a_proxy(opened, header):
    answer = opened().get("/classify", headers={header: "192.0.2.1"})
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "request: came through a proxy, and there is no key. "
        "Make one with: complaint-context keys create NAME --role classify",
    )


def test_first_key_closes_the_door_at_once(opened, key_file):
    client = opened()
    assert client.get("/classify").status_code == 200
    key_file.create("site", Role.CLASSIFY, today=DAY)
    answer = client.get("/classify")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": KEY_NEEDED,
        "title": "A key is needed",
        "status": 401,
        "detail": "authorization: is missing. Send: Authorization: Bearer cc_...",
    }


def test_door_stays_closed_when_the_last_key_is_revoked(opened, key_file):
    text = key_file.create("site", Role.ADMIN, today=DAY)
    key_file.revoke(text.split("_")[1], today=DAY)
    assert opened().get("/classify").status_code == 401


def test_door_stays_closed_when_the_keys_go_missing(opened, key_file):
    key_file.create("site", Role.ADMIN, today=DAY)
    client = opened()
    assert client.get("/classify").status_code == 401
    key_file.path.unlink()
    assert client.get("/classify").status_code == 401


def test_nobody_is_let_in_while_the_keys_cannot_be_read(opened, key_file):
    text = key_file.create("site", Role.ADMIN, today=DAY)
    client = opened()
    key_file.path.write_text("{}", encoding="utf-8")
    answer = client.get("/classify", headers=_bearer(text))
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "keys: cannot be read. Ask the operator to run: complaint-context keys list",
    )


def test_caller_is_named_after_the_key(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    assert opened().get("/classify", headers=_bearer(text)).json() == {
        "name": "night shift",
        "role": "moderate",
        "key_id": text.split("_")[1],
    }


@pytest.mark.parametrize("held", list(Role))
@pytest.mark.parametrize("asked", list(Role))
def test_role_opens_its_own_doors_and_those_before_them(opened, key_file, held, asked):
    text = key_file.create("site", held, today=DAY)
    answer = opened().get(f"/{asked}", headers=_bearer(text))
    if held.includes(asked):
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            f"key: has the role {held}. Use a key with the role {asked}.",
        )


@pytest.mark.parametrize("change", [str.upper, lambda text: text[:-1], lambda text: "", lambda text: "é"])
def test_wrong_key_is_told_nothing_but_that(opened, key_file, change):
    text = key_file.create("site", Role.ADMIN, today=DAY)
    answer = opened().get("/classify", headers={"authorization": f"Bearer {change(text)}".encode()})
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "authorization: is no key that is in force. Send: Authorization: Bearer cc_...",
    )


def test_key_under_another_scheme_is_no_key(opened, key_file):
    text = key_file.create("site", Role.ADMIN, today=DAY)
    client = opened()
    answers = [
        client.get("/classify", headers={"authorization": f"{scheme} {text}"}).status_code
        for scheme in ("Basic", "bearer", "BEARER")
    ]
    assert answers == [401, 200, 200]


def test_old_and_new_key_both_work_until_the_old_one_is_revoked(opened, key_file):
    old, new = (key_file.create("site", Role.CLASSIFY, today=DAY) for _ in range(2))
    client = opened()
    assert [client.get("/classify", headers=_bearer(key)).status_code for key in (old, new)] == [200, 200]
    key_file.revoke(old.split("_")[1], today=DAY)
    assert [client.get("/classify", headers=_bearer(key)).status_code for key in (old, new)] == [401, 200]


def test_key_that_asks_too_often_is_told_to_wait_and_others_are_not(opened, key_file):
    busy, calm = (key_file.create("site", Role.CLASSIFY, today=DAY) for _ in range(2))
    client = opened(requests_per_minute=6)  # ten seconds' worth: one at once
    first, second = (client.get("/classify", headers=_bearer(busy)) for _ in range(2))
    assert first.status_code == 200
    assert (second.status_code, second.headers["retry-after"], second.json()["detail"]) == (
        429,
        "10",
        "key: has sent too many requests. Wait 10 s.",
    )
    assert client.get("/classify", headers=_bearer(calm)).status_code == 200


def test_everybody_on_this_machine_may_ask_as_often_as_they_like(opened):
    client = opened(requests_per_minute=1)
    assert {client.get("/classify").status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_service_that_other_machines_reach_needs_a_key_in_force(key_file, host):
    settings = Settings(host=host, keys_file=key_file.path)
    with pytest.raises(SettingsError) as caught:
        check_exposure(settings)
    assert str(caught.value) == (
        "host: other machines could reach the service and there is no key. "
        "Make one with: complaint-context keys create NAME --role classify, or listen on 127.0.0.1."
    )
    text = key_file.create("site", Role.CLASSIFY, today=DAY)
    check_exposure(settings)
    key_file.revoke(text.split("_")[1], today=DAY)
    with pytest.raises(SettingsError):
        check_exposure(settings)


def test_where_keys_are_required_a_service_starts_only_with_one_in_force(key_file):
    settings = Settings(require_keys=True, keys_file=key_file.path)
    with pytest.raises(SettingsError) as caught:
        check_exposure(settings)
    assert str(caught.value) == (
        "require_keys: is set and there is no key. "
        "Make one with: complaint-context keys create NAME --role classify"
    )
    key_file.create("site", Role.CLASSIFY, today=DAY)
    check_exposure(settings)
    key_file.path.unlink()
    with pytest.raises(SettingsError):
        check_exposure(settings)


def test_where_keys_are_required_nobody_is_let_in_without_one(opened, key_file):
    client = opened(require_keys=True)  # as a worker that took another's place after the file was lost
    answer = client.get("/classify")
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "authorization: is missing. Send: Authorization: Bearer cc_...",
    )
    key = key_file.create("site", Role.CLASSIFY, today=DAY)
    assert client.get("/classify", headers=_bearer(key)).status_code == 200


def test_beyond_loopback_nobody_is_let_in_when_the_keys_go_missing(opened, key_file):
    key_file.create("site", Role.CLASSIFY, today=DAY)
    client = opened(host="0.0.0.0")
    key_file.path.unlink()
    assert client.get("/classify").status_code == 401


def test_key_may_be_the_password_beside_any_name(opened, key_file):
    text = key_file.create("Label Studio", Role.CLASSIFY, today=DAY)
    answer = opened().get("/classify", headers=_basic(f"label-studio:{text}"))
    assert (answer.status_code, answer.json()["name"]) == (200, "Label Studio")
    assert opened().get("/moderate", headers=_basic(f":{text}")).status_code == 403


@pytest.mark.parametrize("wrong", ["", "cc_", "{key}", "{key}:", "name:{key} ", "name:{key}:"])
def test_any_other_password_is_nobodys(opened, key_file, wrong):
    text = key_file.create("site", Role.ADMIN, today=DAY)
    assert opened().get("/classify", headers=_basic(wrong.format(key=text))).status_code == 401


@pytest.mark.parametrize("shown", ["Basic", "Basic !", "Basic /w==", "Basic a"])
def test_password_that_cannot_be_read_is_nobodys(opened, key_file, shown):
    key_file.create("site", Role.ADMIN, today=DAY)
    assert opened().get("/classify", headers={"authorization": shown}).status_code == 401
