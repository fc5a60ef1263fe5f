"""Requests that a page somewhere else has a visitor's browser send."""

from datetime import date

import pytest

from serve.security.caller import Role

DAY = date(2026, 3, 1)


def _get(client, host):
    return client.get("/classify", headers={"host": host}).status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "127.9.9.9:1", "localhost:8000", "LOCALHOST", "[::1]:8000"]
)
def test_names_of_this_machine_are_answered(opened, host):
    assert _get(opened(), host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:8000",
        "127.0.0.1.example",
        "localhost.example",
        "192.0.2.1:8000",
        "evil@127.0.0.1.example",
        "[::2]",
        "[",
        "",
    ],
)
def test_name_that_another_site_pointed_here_is_refused(opened, host):
    client = opened()
    answer = client.get("/classify", headers={"host": host})
    assert (answer.status_code, answer.json()["type"], answer.json()["detail"]) == (
        421,
        "urn:problem-type:complaint-context:wrong-host",
        "host: is no name of this service. Use 127.0.0.1, or set COMPLAINT_CONTEXT_ALLOWED_HOSTS.",
    )
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_names_that_the_operator_allows_are_answered(opened):
    client = opened(allowed_hosts="stories.example, Other.example")
    hosts = ("stories.example", "other.example:443", "localhost", "third.example")
    assert [_get(client, host) for host in hosts] == [200, 200, 200, 421]


def test_beyond_loopback_any_name_is_answered_until_some_are_set(opened, key_file):
    key = key_file.create("site", Role.CLASSIFY, today=DAY)
    headers = {"authorization": f"Bearer {key}", "host": "stories.example"}
    assert opened(host="0.0.0.0").get("/classify", headers=headers).status_code == 200
    strict = opened(host="0.0.0.0", allowed_hosts="other.example")
    assert strict.get("/classify", headers=headers).status_code == 421


def _post(client, **headers):
    form = client.get("/form").json()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.post("/form", data=form, headers=sent)
    return answer.status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "HTTP://127.0.0.1:8000"},
        {"sec_fetch_site": "same-origin", "origin": "null"},
    ],
)
def test_form_from_our_own_page_or_a_program_passes(opened, headers):
    assert _post(opened(), **headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},  # another port of this machine
        {"sec_fetch_site": "cross-site", "origin": "http://127.0.0.1:8000"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://["},
    ],
)
def test_form_from_another_sites_page_is_refused_though_it_has_the_token(opened, headers):
    assert _post(opened(), **headers) == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post"])
def test_every_method_that_may_change_something_is_checked(opened, method):
    answer = opened().request(method, "/nowhere", headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "origin: is another site, or a proxy changed Host. Use the service's own pages.",
    )


def test_link_from_another_site_is_followed(opened):
    assert opened().get("/classify", headers={"sec-fetch-site": "cross-site"}).status_code == 200
