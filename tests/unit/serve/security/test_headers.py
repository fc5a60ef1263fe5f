"""The headers on every answer."""

import pytest
from fastapi import Response

EXPECTED = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/classify", {}, 200),
        ("GET", "/nowhere", {}, 404),
        ("PUT", "/form", {}, 405),
        ("POST", "/sign-in", {}, 415),
        ("GET", "/classify", {"host": "evil.example"}, 421),
        ("POST", "/form", {"origin": "http://evil.example"}, 403),
    ],
)
def test_every_answer_carries_them(opened, method, path, headers, status):
    answer = opened().request(method, path, headers=headers)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED


def test_policy_allows_nothing_that_stands_in_a_page_or_comes_from_elsewhere():
    for source in ("unsafe-inline", "unsafe-eval", "http", "data:", "*"):
        assert source not in EXPECTED["content-security-policy"]


def test_header_that_a_route_set_itself_stays(opened):
    client = opened()

    @client.app.get("/static")
    async def static(response: Response) -> None:
        response.headers["cache-control"] = "max-age=3600"

    answer = client.get("/static")
    assert (answer.headers["cache-control"], answer.headers["x-frame-options"]) == ("max-age=3600", "DENY")
