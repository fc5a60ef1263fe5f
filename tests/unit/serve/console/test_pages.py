"""What all pages have in common: their files, headers and look, faults as pages, signing in."""

from datetime import date

import pytest
from starlette.routing import Route

from classifier.assessment import Action, Nation
from serve.cases.case import Kind, State, Step
from serve.console import words
from serve.problems import FAILED, KEY_NEEDED, TOO_OFTEN, ProblemError
from serve.security.guard import Guard
from serve.security.key_file import KeyFile
from serve.security.roles import Caller, Role
from serve.settings import Settings

PAGES = ["/", "/try", "/cases/{id}", "/cases/{id}/erase", "/nothing-here"]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (words.STATES, State),
        (words.ACTIONS, Action),
        (words.NATIONS, Nation),
        (words.STEPS, Step),
        (words.EVENTS, Kind),
    ],
)
def test_every_name_has_words(table, names):
    assert list(table) == list(names)


@pytest.mark.parametrize("address", PAGES)
def test_page_has_one_heading_landmarks_a_skip_link_and_a_language(browser, hold, address):
    page = browser.open(address.format(id=hold().id))
    assert [len(page.all(tag)) for tag in ("h1", "main", "header", "title")] == [1, 1, 1, 1]
    assert {"class": "skip", "href": "#main"} in page.all("a")
    assert page.all("html") == [{"lang": "en-GB"}]
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    labelled = {found["for"] for found in page.all("label")}
    for tag in ("input", "select", "textarea"):
        for found in page.all(tag):
            assert found.get("type") == "hidden" or found["id"] in labelled or "aria-labelledby" in found


@pytest.mark.parametrize("address", PAGES)
def test_page_holds_no_script_or_style_and_nothing_from_elsewhere(browser, hold, address):
    page = browser.open(address.format(id=hold().id))
    assert "style" not in page.tags()
    assert not [name for _, found in page.elements for name in found if name == "style" or name[:2] == "on"]
    loaded = [found["href"] for found in page.all("link")] + [found["src"] for found in page.all("script")]
    assert loaded
    assert all(address.startswith("/assets/") for address in loaded)
    policy = browser.answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert browser.answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("console.css", "text/css; charset=utf-8"),
        ("console.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_file_is_kept_for_good_under_its_hash(browser, hold, name, kind):
    page = browser.open(f"/cases/{hold().id}")
    found = [link["href"] for link in page.all("link")] + [script["src"] for script in page.all("script")]
    (address,) = [address for address in found if address.endswith(name)]
    answer = browser.client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert browser.client.get(f"/assets/000000000000/{name}").status_code == 404


def test_file_that_is_none_is_not_there(browser):
    assert browser.client.get("/assets/000000000000/..%2Fpage.py").status_code == 404


# --- faults


def test_fault_is_a_page_for_a_person_and_a_problem_for_a_program(browser):
    page = browser.open("/nothing-here")
    assert (browser.answer.status_code, browser.answer.headers["content-type"]) == (
        404,
        "text/html; charset=utf-8",
    )
    assert page.words("title") == "There is nothing at this address - Complaint context"
    for answer in (
        browser.client.get("/nothing-here"),
        browser.client.get("/v1/nothing-here", headers={"accept": "text/html"}),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.fixture
def failing(app):
    """Has the address /failing answer with a problem."""

    def fail(problem):
        async def endpoint(_):
            raise problem

        app.router.routes.insert(0, Route("/failing", endpoint, methods=["GET", "POST"]))

    return fail


def test_page_of_a_fault_says_when_to_come_again(browser, failing):
    failing(ProblemError(TOO_OFTEN, "key: has sent <too> many requests.", headers={"retry-after": "7"}))
    page = browser.open("/failing")
    assert (browser.answer.status_code, browser.answer.headers["retry-after"]) == (429, "7")
    assert "key: has sent <too> many requests." in page.words("main")


def test_fault_of_ours_is_a_page_too(browser, failing):
    failing(ProblemError(FAILED, "The story was not assessed."))
    assert browser.open("/failing").words("h1") == FAILED.title


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(browser, failing):
    failing(ProblemError(KEY_NEEDED, "authorization: is missing.", headers={"www-authenticate": "Bearer"}))
    browser.open("/failing?state=paused&label=ongoing")
    assert (browser.answer.status_code, browser.answer.headers["location"]) == (
        303,
        "/sign-in?next=/failing%3Fstate%3Dpaused%26label%3Dongoing",
    )
    assert "www-authenticate" not in browser.answer.headers
    answer = browser.client.post("/failing", headers={"accept": "text/html"})
    assert answer.headers["location"] == "/sign-in"


# --- signing in


@pytest.fixture
def keys(app, tmp_path):
    """A file with keys, and a door that asks for them."""
    file = KeyFile(tmp_path / "keys.json")
    app.state.guard = Guard(Settings(keys_file=tmp_path / "keys.json"))
    return file


@pytest.fixture
def key(keys):
    """A moderator's key."""
    return keys.create("Kit", Role.MODERATE, today=date(2026, 5, 3))


def test_moderator_signs_in_with_a_key_and_goes_on_where_they_were(browser, key):
    page = browser.open("/sign-in?next=/try")
    browser.send("/sign-in", page=page, key=key)
    assert (browser.answer.status_code, browser.answer.headers["location"]) == (303, "/try")
    page = browser.open("/")
    assert browser.answer.status_code == 200
    assert "Kit" in page.words("top")
    browser.open("/sign-in?next=/try")
    assert browser.answer.headers["location"] == "/try"


def test_signing_out_ends_the_session(browser, key):
    browser.send("/sign-in", page=browser.open("/sign-in"), key=key)
    browser.send("/sign-out", page=browser.open("/"))
    assert browser.answer.headers["location"] == "/sign-in"
    browser.open("/")
    assert (browser.answer.status_code, browser.answer.headers["location"]) == (303, "/sign-in")


def test_wrong_key_is_told_beside_the_field(browser, key):
    page = browser.send("/sign-in", page=browser.open("/sign-in"), key="cc_wrong")
    assert browser.answer.status_code == 401
    assert page.words("title").startswith("Error: Sign in")
    assert "key: is not known" in page.words("key-fault")
    assert {"href": "#key"} in page.all("a")
    assert "value" not in page.field("key")


def test_where_no_key_is_needed_nobody_is_asked_for_one(browser, door):
    browser.open("/sign-in")
    assert (browser.answer.status_code, browser.answer.headers["location"]) == (303, "/")
    assert not [found for found in browser.open("/").all("form") if found["action"] == "/sign-out"]


def test_session_is_named_with_a_way_out(browser, door):
    door.caller = Caller("Kit & co", Role.MODERATE, "k1")
    page = browser.open("/")
    assert {"method": "post", "action": "/sign-out"} in page.all("form")
    assert "Kit & co" in page.words("top")


@pytest.mark.parametrize(
    "next",
    ["https://example.org/", "//example.org", "/\\example.org", "/\t/example.org", "javascript:1", "", "/é"],
)
def test_sign_in_leads_to_no_other_site(browser, key, next):
    page = browser.open("/sign-in")
    browser.send("/sign-in", page=page, next=next, key=key)
    assert browser.answer.headers["location"] == "/"
