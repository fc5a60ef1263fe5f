"""The page at ``/shadow``."""

import pytest

from classifier.assessment import Action
from classifier.labels import Label
from serve.security.roles import Caller, Role
from serve.shadow import Disagreement, Judgement, ShadowReport

LINK = {"href": "/shadow"}


def _differ(id: str) -> Disagreement:
    return Disagreement(
        story_id=id,
        in_service=Judgement(labels=(Label.PLANNED, Label.ONGOING), action=Action.PAUSE),
        challenger=Judgement(labels=(), action=Action.CONTINUE),
    )


@pytest.fixture
def reads_along(challenger):
    """Has a challenger read along that differs on these stories."""

    def tell(*ids: str, disagreed: int) -> None:
        challenger.told = ShadowReport(
            in_service="complaint-context/1",
            challenger="complaint-context/2",
            read=1234,
            failed=0,
            dropped=0,
            disagreed=disagreed,
            disagreements=tuple(map(_differ, ids)),
        )

    return tell


def test_newest_disagreements_are_listed_with_what_each_model_says(browser, reads_along):
    reads_along("<b>s-2</b>", "s-1", disagreed=2)
    page = browser.open("/shadow")
    assert page.words("h1") == "Challenger"
    assert "complaint-context/2 reads along with complaint-context/1" in page.words("main")
    assert "Of 1,234 stories that both have read, they differ on 2" in page.words("main")
    assert page.words("caption") == "Where they differ, the newest first"
    assert page.words("tbody") == (
        "<b>s-2</b> planned, ongoing: pause no label: continue s-1 planned, ongoing: pause no label: continue"
    )


def test_list_says_that_it_is_not_all_of_them(browser, reads_along):
    reads_along("s-3", "s-2", disagreed=3)
    assert browser.open("/shadow").words("caption") == "Where they differ, the newest first; the last 2"


def test_without_a_disagreement_there_is_no_table(browser, reads_along):
    reads_along(disagreed=0)
    page = browser.open("/shadow")
    assert (browser.answer.status_code, "table" in page.tags()) == (200, False)


def test_page_is_linked_only_while_a_challenger_reads_along(browser, reads_along):
    assert LINK not in browser.open("/").all("a")
    reads_along(disagreed=0)
    assert LINK in browser.open("/").all("a")
    assert LINK | {"aria-current": "page"} in browser.open("/shadow").all("a")


def test_without_a_challenger_the_page_says_so(browser):
    page = browser.open("/shadow")
    assert (browser.answer.status_code, page.words("h1")) == (404, "No challenger reads along")


def test_caller_below_moderator_sees_neither_page_nor_link(browser, door, reads_along):
    reads_along("s-1", disagreed=1)
    door.caller = Caller("pipeline", Role.CLASSIFY, "k1")
    assert LINK not in browser.open("/try").all("a")
    page = browser.open("/shadow")
    assert (browser.answer.status_code, "s-1" in page.words("main")) == (403, False)
