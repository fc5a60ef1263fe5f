"""The page of a case and what its forms do."""

import pytest

from classifier.assessment import Action, Assessment, Signal
from classifier.labels import Label
from classifier.story import Story
from serve.cases.case import Kind, State, Step
from serve.problems import NOT_READY, ProblemError
from serve.security.roles import Caller, Role

MODERATOR = Caller("Kit", Role.MODERATE, "k1")


def buttons(page):
    return [found["value"] for found in page.all("button") if found.get("name") == "step"]


def boxes(page):
    return [found["name"] for found in page.all("input") if found.get("type") == "checkbox"]


@pytest.fixture
def act(browser):
    """Opens a case's page and presses a button on it."""

    def send(case, step, **fields):
        page = browser.open(f"/cases/{case.id}")
        return browser.send(f"/cases/{case.id}/step", page=page, step=step, **fields)

    return send


@pytest.fixture
def judge(browser):
    """Opens a case's page and sends the form with the labels."""

    def send(case, **fields):
        page = browser.open(f"/cases/{case.id}")
        return browser.send(f"/cases/{case.id}/verdict", page=page, **fields)

    return send


# --- what it shows


def test_page_shows_story_labels_guidance_message_and_versions(browser, hold):
    page = browser.open(f"/cases/{hold().id}")
    assert page.words("h1") == "A title Paused"
    assert page.texts["mark"] == "I have [planned] [ongoing]"
    assert "ongoing clear 0.900 possible 0.300 clear 0.700" in page.words("tbody")
    assert "patient advice: “<i>PALS”" in page.words("main")
    assert "Northern Ireland." in page.words("main")
    assert page.words("lines") == "Pause <it>."
    assert page.words("message-1") == "Hello <you>."
    assert "Model complaint-context/1 Policy care-opinion-uk/2" in page.words("facts")


def test_title_of_the_page_tells_the_state_and_no_word_of_the_story(browser, hold):
    page = browser.open(f"/cases/{hold('s-1').id}")
    assert page.words("title") == "Paused: story s-1 - Complaint context"


def test_message_has_a_button_that_copies_it_and_a_place_that_says_so(browser, hold):
    page = browser.open(f"/cases/{hold().id}")
    (button,) = [found for found in page.all("button") if "data-copies" in found]
    assert button["data-copies"] == "message-1"
    assert "hidden" in button  # until the script is there
    assert {"id": button["data-answers"], "role": "status"} in page.all("span")


def test_long_name_is_cut_in_the_heading(browser, hold):
    page = browser.open(f"/cases/{hold('x' * 500, title='').id}")
    assert page.words("h1") == f"Story {'x' * 111}... Paused"


def test_words_of_an_author_run_in_their_own_direction(browser, hold, cases, door):
    id, title, note = "سؤال", "أنا أنتظر", "שלום"
    door.caller, case = MODERATOR, hold(id, title=title)
    cases.take(case.id, Step.ASK, "Rae", note=note)
    page = browser.open(f"/cases/{case.id}")
    assert page.texts["bdi"] == f"Kit{title}<i>PALSpipeline{note}Rae{id}"
    for tag, attributes in (("div", {"class": "story"}), ("div", {"class": "story headline"})):
        assert (tag, attributes | {"dir": "auto"}) in page.elements
    assert {page.field(name)["dir"] for name in ("note", "verdict-note", "words-ongoing")} == {"auto"}


def test_thresholds_of_another_model_are_not_those_of_this_one(browser, hold):
    page = browser.open(f"/cases/{hold(model='complaint-context/0').id}")
    assert "ongoing clear 0.900 possible not known clear 0.700" in page.words("tbody")
    assert "completed no 0.000 possible not known clear not known" in page.words("tbody")


def test_history_tells_who_did_what_and_when(browser, hold, cases):
    case = hold()
    cases.take(case.id, Step.ASK, "Kit", note="by mail")
    page = browser.open(f"/cases/{case.id}")
    assert page.words("history").split(" UTC ")[1] == (
        "When What Who "
        "3 May 2026, 14:05 Case opened labels: planned, ongoing action: pause pipeline "
        "3 May 2026, 14:06 Author asked note: by mail Kit"
    )


def test_history_tells_what_changed_when_the_author_edits(browser, hold, cases, assessment):
    case = hold()
    cases.take(case.id, Step.ASK, "Kit")
    milder = {name: getattr(assessment, name) for name in Assessment.__slots__}
    milder |= {"id": "s-1", "action": Action.REVIEW, "reasons": assessment.reasons[:1]}
    cases.open(Story(id="s-1", title="A title", text="I have <i>PALS"), Assessment(**milder), "pipeline")
    cases.open(Story(id="s-1", title="A title", text="I have edited"), Assessment(**milder), "pipeline")
    words = browser.open(f"/cases/{case.id}").words("history")
    assert "labels: planned, ongoing before, planned now" in words
    assert "action: pause before, review now" in words
    assert "the author changed the words" in words
    assert "now: To review" in words


def test_closed_case_says_that_its_words_are_gone(browser, hold, cases):
    case = hold()
    cases.take(case.id, Step.WITHDRAW, "Kit")
    page = browser.open(f"/cases/{case.id}")
    assert page.words("h1") == "Story s-1 Withdrawn"
    assert "words are gone: they are kept only as long as its case needs them." in page.words("main")
    assert (buttons(page), boxes(page)) == ([], [])
    assert "I have" not in browser.answer.text


def test_unknown_case_is_told_in_a_page(browser):
    page = browser.open("/cases/nothing")
    assert browser.answer.status_code == 404
    assert "case: there is none of this id" in page.words("main")


def test_case_is_shown_while_there_is_no_model(browser, hold, app, challenger):
    class Loading:
        shadow = challenger

        @property
        def classifier(self):
            raise ProblemError(NOT_READY, "model: is still being loaded.")

    app.state.assessor = Loading()
    assert "possible not known clear 0.700" in browser.open(f"/cases/{hold().id}").words("tbody")


# --- steps


@pytest.mark.parametrize(
    ("steps", "offered"),
    [
        ([], ["ask", "confirm", "resume", "withdraw"]),
        ([Step.ASK], ["confirm", "resume", "withdraw"]),
        ([Step.ASK, Step.CONFIRM], ["resume", "withdraw"]),
        ([Step.CONFIRM, Step.RESUME], []),
    ],
)
def test_only_steps_that_are_allowed_have_a_button(browser, hold, cases, steps, offered):
    case = hold()
    for step in steps:
        cases.take(case.id, step, "Kit")
    assert buttons(browser.open(f"/cases/{case.id}")) == offered


def test_case_under_review_can_be_paused_or_resumed(browser, hold):
    page = browser.open(f"/cases/{hold(action=Action.REVIEW).id}")
    assert buttons(page) == ["pause", "resume", "withdraw"]
    assert "No pause needed: resume moderation" in page.words("buttons")


def test_step_is_recorded_with_who_and_why_and_said_on_the_page(act, hold, cases, door, browser):
    door.caller, case = MODERATOR, hold()
    act(case, "ask", note=" by mail ")
    assert (browser.answer.status_code, browser.answer.headers["location"]) == (
        303,
        f"/cases/{case.id}?done=ask",
    )
    event = cases.events(case.id)[-1]
    assert (event.kind, event.actor, event.details["note"]) == (Kind.ASK, "Kit", "by mail")
    assert browser.open(f"/cases/{case.id}?done=ask").words("done") == "Recorded: Author asked."


def test_paused_case_is_resumed_only_with_a_reason(act, hold, cases, browser):
    case = hold()
    page = act(case, "resume", note="  ")
    assert browser.answer.status_code == 422
    assert {"href": "#note"} in page.all("a")
    assert page.field("note")["aria-invalid"] == "true"
    assert page.words("note-fault") == (
        "Error: Say why no pause is needed, to resume without the author's word"
    )
    assert cases.get(case.id).state is State.PAUSED
    act(case, "resume", note="a hospital, not a complaint")
    assert cases.get(case.id).state is State.RESUMED


def test_note_of_2000_characters_is_taken_and_a_longer_one_is_told_so(act, hold, cases, browser):
    case = hold()
    assert browser.open(f"/cases/{case.id}").field("note")["maxlength"] == "2000"
    page = act(case, "ask", note="a" * 2001)
    assert browser.answer.status_code == 422
    assert page.words("note-fault") == "Error: Write at most 2,000 characters"
    assert page.texts["note"].strip() == "a" * 2001
    assert cases.get(case.id).state is State.PAUSED
    act(case, "ask", note="a\r\n" * 1000)  # each line break is one character of the two that are sent
    assert cases.events(case.id)[-1].details["note"] == ("a\n" * 1000).strip()


def test_step_on_a_page_that_is_no_longer_true_is_refused(browser, hold, cases):
    case = hold()
    page = browser.open(f"/cases/{case.id}")
    cases.take(case.id, Step.ASK, "Kit")
    page = browser.send(f"/cases/{case.id}/step", page=page, step="confirm", note="kept")
    assert browser.answer.status_code == 409
    assert page.words("title").startswith("Error: Author asked")
    assert "it has changed since you looked" in page.words("fault")
    assert "kept" in page.texts["note"]
    assert cases.get(case.id).state is State.ASKED


def test_step_that_is_not_allowed_here_is_refused(act, hold, browser):
    page = act(hold(), "pause")
    assert browser.answer.status_code == 409
    assert "step: pause does not follow paused" in page.words("fault")


@pytest.mark.parametrize("step", ["", "jump"])
def test_unknown_step_is_refused(act, hold, browser, step):
    assert "Choose one of the steps below" in act(hold(), step).words("fault")
    assert browser.answer.status_code == 422


@pytest.mark.parametrize("seen", ["", "x", "-1", "²", "9" * 30])
def test_page_without_a_sound_number_of_events_is_taken_for_an_old_one(act, hold, browser, seen):
    act(hold(), "ask", seen=seen)
    assert browser.answer.status_code == 409


def test_form_from_elsewhere_changes_nothing(browser, hold, cases):
    case = hold()
    browser.open(f"/cases/{case.id}")
    answer = browser.client.post(f"/cases/{case.id}/step", data={"step": "ask", "seen": "1", "csrf": "0"})
    assert (answer.status_code, cases.get(case.id).state) == (403, State.PAUSED)


# --- verdicts


def test_verdict_is_recorded_and_leaves_the_state_alone(judge, hold, cases, browser):
    case = hold()
    judge(case, label_completed="yes", borderline="yes", verdict_note="it is over")
    assert browser.answer.headers["location"] == f"/cases/{case.id}?done=verdict"
    told = cases.events(case.id)[-1].details
    assert (told["labels"], told["borderline"], told["note"]) == (["completed"], True, "it is over")
    assert cases.get(case.id).state is State.PAUSED


def test_verdict_can_say_that_no_label_holds(judge, hold, cases):
    case = hold()
    judge(case, label_none="yes")
    assert cases.events(case.id)[-1].details["labels"] == []


def test_words_that_show_a_label_are_kept_as_a_place(judge, hold, cases):
    case = hold()
    judge(case, label_planned="yes", words_planned=" have\n<i>PALS", words_ongoing="not ticked")
    quote = {"label": "planned", "field": "text", "start": 2, "end": 14}
    assert cases.events(case.id)[-1].details["quotes"] == [quote]


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({}, "label-planned", "Tick each label that holds, or “None of them”"),
        ({"label_none": "yes", "label_ongoing": "yes"}, "label-none", "not both"),
        (
            {"label_ongoing": "yes", "words_ongoing": "made up"},
            "words-ongoing",
            "Copy the words for ongoing as the story has them",
        ),
    ],
)
def test_form_that_is_no_verdict_is_told_so_and_keeps_what_was_entered(
    judge, hold, cases, browser, fields, field, said
):
    case = hold()
    page = judge(case, verdict_note="why", **fields)
    assert browser.answer.status_code == 422
    assert said in page.words("fault")
    assert {"href": f"#{field}"} in page.all("a")
    assert said in page.words(f"{field}-fault")
    assert page.words("verdict-note") == "why"
    ticked = [found["name"] for found in page.all("input") if "checked" in found]
    assert ticked == sorted(name.replace("_", "-") for name in fields if name.startswith("label"))[::-1]
    assert cases.events(case.id)[-1].kind is Kind.OPENED


def test_note_on_a_verdict_has_the_same_limit(judge, hold, cases, browser):
    case = hold()
    page = judge(case, label_none="yes", verdict_note="a" * 2001)
    assert browser.answer.status_code == 422
    assert page.words("verdict-note-fault") == "Error: Write at most 2,000 characters"
    assert {"href": "#verdict-note"} in page.all("a")
    assert page.field("verdict-note")["aria-describedby"] == "verdict-note-fault"
    judge(case, label_none="yes", verdict_note="a\r\n" * 1000)
    assert cases.events(case.id)[-1].details["note"] == ("a\n" * 1000).strip()


def test_verdict_on_words_that_are_gone_is_refused(browser, hold, cases):
    case = hold()
    page = browser.open(f"/cases/{case.id}")
    cases.take(case.id, Step.WITHDRAW, "Kit")
    page = browser.send(f"/cases/{case.id}/verdict", page=page, label_none="yes")
    assert (browser.answer.status_code, "The story's words are gone" in page.words("fault")) == (409, True)


def test_verdict_on_words_that_changed_meanwhile_is_refused(browser, hold, cases):
    case = hold()
    page = browser.open(f"/cases/{case.id}")
    cases.take(case.id, Step.ASK, "Kit")
    page = browser.send(f"/cases/{case.id}/verdict", page=page, label_ongoing="yes")
    assert browser.answer.status_code == 409
    assert [found["name"] for found in page.all("input") if "checked" in found] == ["label-ongoing"]


def test_every_label_has_a_box(browser, hold):
    assert boxes(browser.open(f"/cases/{hold().id}")) == [
        *(f"label-{label}" for label in Label),
        *("label-none", "borderline"),
    ]


# --- erasure


def test_admin_erases_a_case_after_a_question(browser, hold, cases):
    case = hold()
    assert {"href": f"/cases/{case.id}/erase"} in browser.open(f"/cases/{case.id}").all("a")
    page = browser.open(f"/cases/{case.id}/erase")
    assert page.words("h1") == "Do you want to erase this case?"
    browser.send(f"/cases/{case.id}/erase", page=page)
    assert (browser.answer.status_code, browser.answer.headers["location"]) == (303, "/?done=erased")
    assert "The case is erased." in browser.open("/?done=erased").words("main")
    browser.open(f"/cases/{case.id}")
    assert browser.answer.status_code == 404


def test_moderator_cannot_erase(browser, hold, door):
    case = hold()
    door.caller = MODERATOR
    page = browser.open(f"/cases/{case.id}")
    assert {"href": f"/cases/{case.id}/erase"} not in page.all("a")
    browser.send(f"/cases/{case.id}/erase", page=page)
    assert browser.answer.status_code == 403
    browser.open(f"/cases/{case.id}")
    assert browser.answer.status_code == 200


def test_signals_are_named_in_words_and_long_ones_shown_by_their_beginning(browser, hold):
    words = "Roedd y nyrsys yn garedig wrth fy mam. " * 10
    signal = Signal(kind="other_language", text=words, field="text", start=0, end=len(words))
    case = hold(signals=(signal,))
    shown = browser.open(f"/cases/{case.id}").words("main")
    assert "other language: “Roedd y nyrsys yn garedig wrth fy mam." in shown
    assert words.strip() not in shown
    assert "…”" in shown
