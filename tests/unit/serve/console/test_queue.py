"""The page at ``/``."""

import pytest

from classifier.assessment import Action
from classifier.labels import Label
from serve.cases.case import Step


def listed(page):
    """Ids of the cases on a page, in their order."""
    addresses = [found["href"] for found in page.all("a")]
    return [address.removeprefix("/cases/") for address in addresses if address.startswith("/cases/")]


def test_empty_queue_says_how_stories_come_in(browser):
    page = browser.open("/")
    assert page.words("title") == "Cases: 0 open - Complaint context"
    assert "No story is held" in page.words("empty")
    assert "POST /v1/cases" in page.words("empty")
    assert {"href": "/try"} in page.all("a")


def test_open_cases_come_first_the_longest_waiting_on_top(browser, cases, hold):
    closed, first, second = hold("a"), hold("b"), hold("c")
    cases.take(closed.id, Step.WITHDRAW, "Rae")
    assert listed(browser.open("/")) == [first.id, second.id, closed.id]


def test_counts_tell_how_many_cases_stand_at_each_state(browser, cases, hold):
    hold("a")
    hold("b", action=Action.REVIEW)
    cases.take(hold("c").id, Step.ASK, "Rae")
    page = browser.open("/")
    assert page.words("title") == "Cases: 3 open - Complaint context"
    assert page.words("counts") == (
        "All (3) To review (1) Paused (1) Author asked (1) Author confirmed (0) Resumed (0) Withdrawn (0)"
    )


def test_list_can_be_narrowed_by_state_action_and_label(browser, hold):
    paused = hold("a")
    doubtful = hold("b", action=Action.REVIEW, reasons=())
    assert listed(browser.open("/?state=review")) == [doubtful.id]
    assert listed(browser.open("/?action=pause")) == [paused.id]
    assert listed(browser.open("/?label=ongoing&action=&state=")) == [paused.id]
    page = browser.open("/?state=confirmed")
    assert listed(page) == []
    assert "No case is like that." in page.words("main")


def test_chosen_filters_stay_chosen(browser, hold):
    hold()
    page = browser.open("/?state=paused&label=ongoing")
    assert [found["value"] for found in page.all("option") if "selected" in found] == ["paused", "ongoing"]
    assert [found["href"] for found in page.all("a") if found.get("aria-current") == "true"] == [
        "/?state=paused&label=ongoing"
    ]


@pytest.mark.parametrize("query", ["?state=lost", "?page=0", "?page=-1", "?page=x", "?page=²", "?label=%00"])
def test_what_an_address_asks_for_wrongly_is_not_asked_for(browser, hold, query):
    case = hold()
    assert listed(browser.open(f"/{query}")) == [case.id]


def test_page_far_behind_the_end_is_empty(browser, hold):
    hold()
    page = browser.open("/?page=999999")
    assert (browser.answer.status_code, listed(page)) == (200, [])


def test_long_list_comes_in_pages_that_keep_the_filters(browser, hold):
    ids = [hold(f"{number:02}").id for number in range(30)]
    first = browser.open("/?label=ongoing")
    assert listed(first) == ids[:25]
    assert first.words("found") == "30 cases, page 1 of 2"
    assert {"href": "/?label=ongoing&page=2", "rel": "next"} in first.all("a")
    second = browser.open("/?label=ongoing&page=2")
    assert listed(second) == ids[25:]
    assert {"href": "/?label=ongoing", "rel": "prev"} in second.all("a")


def test_case_is_named_by_its_title_or_else_by_its_story(browser, hold):
    hold("s-7", title="  ")
    hold("s-8", title="<b>Waiting</b>")
    page = browser.open("/")
    assert "Story s-7" in page.words("h3")
    assert "<b>Waiting</b>" in page.words("h3")


def test_name_of_a_case_runs_in_its_own_direction(browser, hold):
    case = hold("سؤال", title="أنا أنتظر")
    page = browser.open("/")
    assert {"href": f"/cases/{case.id}", "dir": "auto"} in page.all("a")
    assert page.texts["bdi"] == "سؤال"


def test_case_shows_state_labels_and_since_when(browser, hold):
    case = hold()
    assert case.labels == (Label.PLANNED, Label.ONGOING)
    page = browser.open("/")
    assert page.words("queue").startswith("A title Paused planned, ongoing since 3 May 2026, 14:0")


def test_caller_below_moderator_gets_no_list(browser, door, hold):
    hold()
    door.caller = type(door.caller)("pipe", type(door.caller.role)("classify"), "k")
    page = browser.open("/")
    assert (browser.answer.status_code, listed(page)) == (403, [])
