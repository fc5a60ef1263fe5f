"""Forms that others send in a moderator's name."""

from datetime import date

from serve.security.caller import Role

DAY = date(2026, 3, 1)
VISITOR = "complaint-context-visitor"
DETAIL = "csrf: the form is not from this page, or the page is old. Open the page again."


def _send(client, token):
    answer = client.post("/form", data={"csrf": token})
    return answer.status_code, answer.json().get("detail")


def test_form_of_our_own_page_is_taken(opened):
    client = opened()
    answer = client.get("/form")
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert (value.split("=")[0], attributes) == (VISITOR, ["Path=/", "HttpOnly", "SameSite=Strict"])
    assert _send(client, answer.json()["csrf"]) == (200, None)


def test_visitor_keeps_cookie_and_token_from_page_to_page(opened):
    client = opened()
    first, second = client.get("/form"), client.get("/form")
    assert (first.json(), "set-cookie" in second.headers) == (second.json(), False)


def test_token_is_not_the_cookie(opened):
    client = opened()
    token = client.get("/form").json()["csrf"]
    assert token not in client.cookies[VISITOR]
    assert _send(client, client.cookies[VISITOR]) == (403, DETAIL)


def test_form_without_the_token_of_its_visitor_is_refused(opened):
    client, other = opened(), opened()
    token, foreign = client.get("/form").json()["csrf"], other.get("/form").json()["csrf"]
    for wrong in ("", foreign, token[:-1], token + "0", "é"):
        assert _send(client, wrong) == (403, DETAIL)
    assert client.post("/form", data={"other": "1"}).status_code == 403


def test_token_without_its_cookie_is_refused(opened):
    client = opened()
    token = client.get("/form").json()["csrf"]
    client.cookies.clear()
    assert _send(client, token) == (403, DETAIL)


def test_token_belongs_to_the_session_and_ends_with_it(opened, key_file):
    text = key_file.create("night shift", Role.MODERATE, today=DAY)
    client = opened()
    before = client.get("/form").json()["csrf"]
    client.post("/sign-in", data={"key": text})
    assert _send(client, before) == (403, DETAIL)
    inside = client.get("/form").json()["csrf"]
    assert _send(client, inside) == (200, None)
    client.post("/sign-out")
    assert _send(client, inside) == (403, DETAIL)


def test_visitor_cookie_is_secure_over_https(opened):
    header = opened(at="https://127.0.0.1:8000").get("/form").headers["set-cookie"]
    assert header.startswith(f"__Host-{VISITOR}=")
    assert header.endswith("; Secure")
