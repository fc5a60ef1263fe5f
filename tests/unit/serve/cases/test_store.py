"""What a case goes through, in a real database."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from classifier.assessment import Action
from classifier.labels import Label
from classifier.story import Story
from serve.cases.case import CaseQuery, Kind, NoCaseError, StaleCaseError, State, Step, Verdict
from serve.cases.database import connect
from serve.cases.machine import WrongStepError
from serve.cases.retention import Retention

MARCH_1 = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def case(store, story, assessed):
    """A case that was just paused."""
    return store.open(story, assessed(story, Label.ONGOING), "pipeline")


def _kinds(store, case):
    return [event.kind for event in store.events(case.id)]


def test_paused_story_becomes_a_case_with_its_first_event(store, story, assessed):
    assessment = assessed(story, Label.ONGOING)
    case = store.open(story, assessment, "pipeline")
    assert (case.state, case.action, case.labels) == (State.PAUSED, Action.PAUSE, (Label.ONGOING,))
    assert (case.story_id, case.title, case.text) == ("s-1", "Café 😀", story.text)
    assert case.assessment == assessment.to_dict()
    assert (case.opened_at, case.changed_at, case.closed_at) == (MARCH_1, MARCH_1, None)
    assert (case.author_confirmed, case.last_event) == (False, 1)
    assert store.get(case.id) == case
    (event,) = store.events(case.id)
    assert (event.number, event.at, event.actor, event.kind) == (1, MARCH_1, "pipeline", Kind.OPENED)
    assert event.details == {
        "to": "paused",
        "labels": ["ongoing"],
        "action": "pause",
        "story_hash": case.story_hash,
        "model": "m/1",
        "policy": "p/1",
        "author_confirmed": False,
    }


def test_story_to_review_becomes_a_case_that_can_be_found_by_its_possible_label(store, story, assessed):
    case = store.open(story, assessed(story, Label.PLANNED, action=Action.REVIEW), "pipeline")
    assert (case.state, case.labels, case.assessment["labels"]) == (State.REVIEW, (Label.PLANNED,), [])
    assert store.find(CaseQuery(label=Label.PLANNED)).cases == (case,)


@pytest.mark.parametrize("action", [Action.ADVISE, Action.CONTINUE])
def test_story_that_nothing_holds_up_becomes_no_case(store, story, assessed, action):
    assert store.open(story, assessed(story, Label.COMPLETED, action=action), "pipeline") is None
    assert sum(store.counts().values()) == 0


def test_confirmed_story_opens_no_hold(store, story, assessed):
    assessment = assessed(story, Label.ONGOING, action=Action.CONTINUE)
    assert store.open(story, assessment, "pipeline", author_confirmed=True) is None


def test_story_sent_twice_is_one_case_with_one_event(store, story, assessed, case):
    later_model = assessed(story, Label.PLANNED, model="m/2")
    assert store.open(story, later_model, "pipeline") == case
    assert store.take(case.id, Step.WITHDRAW, "moderator").state is State.WITHDRAWN
    assert store.open(story, later_model, "pipeline").state is State.WITHDRAWN
    assert _kinds(store, case) == [Kind.OPENED, Kind.WITHDRAW, Kind.TEXT_DROPPED]


def test_title_counts_for_whether_a_story_was_edited(store, story, assessed, case):
    moved = Story(id="s-1", title="", text="Café 😀" + story.text)
    again = store.open(moved, assessed(moved, Label.ONGOING), "pipeline")
    assert (again.id, again.last_event) == (case.id, 2)
    assert again.story_hash != case.story_hash


def test_edited_story_is_judged_again_and_the_event_says_what_changed(store, edited, assessed, case):
    store.take(case.id, Step.ASK, "moderator")
    assessment = assessed(edited, Label.PLANNED, action=Action.REVIEW, model="m/2")
    again = store.open(edited, assessment, "pipeline")
    assert (again.id, again.state, again.text) == (case.id, State.REVIEW, edited.text)
    assert again.assessment == assessment.to_dict()
    event = store.events(case.id)[-1]
    assert (event.number, event.kind) == (3, Kind.JUDGED_AGAIN)
    assert event.details == {
        "from": "asked",
        "to": "review",
        "labels": {"before": ["ongoing"], "after": ["planned"]},
        "action": {"before": "pause", "after": "review"},
        "story_hash": {"before": case.story_hash, "after": again.story_hash},
        "model": {"before": "m/1", "after": "m/2"},
    }


def test_edit_that_changes_nothing_of_note_leaves_the_case_where_it_is(store, edited, assessed, case):
    store.take(case.id, Step.ASK, "moderator")
    again = store.open(edited, assessed(edited, Label.ONGOING), "pipeline")
    assert (again.state, again.text) == (State.ASKED, edited.text)
    assert store.events(case.id)[-1].details == {
        "from": "asked",
        "to": "asked",
        "story_hash": {"before": case.story_hash, "after": again.story_hash},
    }


def test_edit_that_takes_the_complaint_out_is_for_a_moderator_to_review(store, edited, assessed, case):
    again = store.open(edited, assessed(edited, action=Action.CONTINUE), "pipeline")
    assert (again.state, again.text) == (State.REVIEW, edited.text)


def test_closed_case_opens_again_when_its_new_text_must_be_held(store, edited, assessed, case, clock):
    store.take(case.id, Step.RESUME, "moderator", note="It is about a bank.")
    clock.pass_days(1)
    again = store.open(edited, assessed(edited, Label.ONGOING), "pipeline")
    assert (again.id, again.state, again.closed_at, again.text) == (case.id, State.PAUSED, None, edited.text)
    assert (again.opened_at, again.changed_at) == (MARCH_1, clock())


def test_closed_case_whose_new_text_need_not_be_held_stays_closed_and_keeps_none_of_it(
    store, edited, assessed, case
):
    store.take(case.id, Step.WITHDRAW, "moderator")
    again = store.open(edited, assessed(edited, action=Action.CONTINUE), "pipeline")
    assert (again.state, again.title, again.text) == (State.WITHDRAWN, None, None)
    assert again.story_hash != case.story_hash
    assert _kinds(store, case)[-2:] == [Kind.JUDGED_AGAIN, Kind.TEXT_DROPPED]


def test_authors_confirmation_of_the_same_text_lifts_the_hold_once(store, story, assessed, case):
    confirmed = assessed(story, Label.ONGOING, action=Action.CONTINUE)
    again = store.open(story, confirmed, "pipeline", author_confirmed=True)
    assert (again.state, again.author_confirmed) == (State.CONFIRMED, True)
    assert store.open(story, confirmed, "pipeline", author_confirmed=True) == again
    assert store.open(story, assessed(story, Label.ONGOING), "pipeline") == again
    assert store.events(case.id)[-1].details == {
        "from": "paused",
        "to": "confirmed",
        "action": {"before": "pause", "after": "continue"},
        "author_confirmed": {"before": False, "after": True},
    }


def test_confirmation_does_not_cover_what_the_author_wrote_afterwards(store, story, edited, assessed, case):
    store.open(story, assessed(story, Label.ONGOING, action=Action.CONTINUE), "p", author_confirmed=True)
    again = store.open(edited, assessed(edited, Label.ONGOING), "p")
    assert (again.state, again.author_confirmed) == (State.PAUSED, False)


def test_confirmation_that_a_moderator_took_down_does_not_cover_a_later_edit(
    store, story, edited, assessed, case
):
    confirmed = store.take(case.id, Step.CONFIRM, "moderator")
    assert (confirmed.state, confirmed.author_confirmed) == (State.CONFIRMED, True)
    assert store.open(story, assessed(story, Label.ONGOING), "p", author_confirmed=True) == confirmed
    again = store.open(edited, assessed(edited, Label.ONGOING), "p")
    assert (again.state, again.author_confirmed) == (State.PAUSED, False)
    assert store.events(case.id)[-1].details == {
        "from": "confirmed",
        "to": "paused",
        "story_hash": {"before": case.story_hash, "after": again.story_hash},
        "author_confirmed": {"before": True, "after": False},
    }


def test_whole_way_of_a_case_leaves_an_event_for_each_step(store, case, clock):
    for step in (Step.ASK, Step.CONFIRM, Step.RESUME):
        clock.pass_days(1)
        case = store.take(case.id, step, f"who-{step}", note=f"why-{step}")
    found = [(event.number, event.at.day, event.actor, event.kind) for event in store.events(case.id)]
    assert found == [
        (1, 1, "pipeline", Kind.OPENED),
        (2, 2, "who-ask", Kind.ASK),
        (3, 3, "who-confirm", Kind.CONFIRM),
        (4, 4, "who-resume", Kind.RESUME),
        (5, 4, "retention", Kind.TEXT_DROPPED),
    ]
    assert store.events(case.id)[1].details == {"from": "paused", "to": "asked", "note": "why-ask"}
    assert (case.state, case.closed_at, case.last_event) == (State.RESUMED, clock(), 5)


def test_wrong_step_changes_nothing(store, case):
    with pytest.raises(WrongStepError):
        store.take(case.id, Step.PAUSE, "moderator")
    assert store.get(case.id) == case
    assert _kinds(store, case) == [Kind.OPENED]


def test_second_of_two_clicks_is_told_to_look_again(store, case):
    store.take(case.id, Step.ASK, "first", expected_event=1)
    with pytest.raises(StaleCaseError, match="it has changed since you looked"):
        store.take(case.id, Step.WITHDRAW, "second", expected_event=1)
    assert _kinds(store, case) == [Kind.OPENED, Kind.ASK]


def test_nobody_decides_on_a_text_that_they_have_not_seen(store, edited, assessed, case):
    store.open(edited, assessed(edited, Label.ONGOING), "pipeline")
    with pytest.raises(StaleCaseError):
        store.take(case.id, Step.WITHDRAW, "moderator", expected_event=case.last_event)
    with pytest.raises(StaleCaseError):
        store.record_verdict(case.id, Verdict(labels=()), "moderator", expected_event=case.last_event)


def test_of_many_clicks_at_once_exactly_one_wins(store, case):
    ready, outcomes = threading.Barrier(6), []

    def click(step):
        ready.wait()
        try:
            outcomes.append(store.take(case.id, step, "moderator", expected_event=1).state)
        except StaleCaseError:
            outcomes.append(None)

    steps = [Step.ASK, Step.CONFIRM, Step.WITHDRAW] * 2
    clicks = [threading.Thread(target=click, args=(step,)) for step in steps]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(outcome is None for outcome in outcomes) == [False] + [True] * 5
    assert store.get(case.id).state in outcomes
    assert len([kind for kind in _kinds(store, case) if kind is not Kind.TEXT_DROPPED]) == 2


@pytest.mark.parametrize("id", ["0" * 32, "", "x", "\0", "A" * 32, "1' OR '1'='1"])
def test_case_that_there_is_not_is_not_found(store, id):
    for ask in (
        store.get,
        store.events,
        lambda id: store.take(id, Step.ASK, "m"),
        lambda id: store.erase(id, "m"),
    ):
        with pytest.raises(NoCaseError):
            ask(id)


def test_list_has_the_longest_waiting_first_and_closed_ones_last(store, assessed, clock):
    ids = []
    for number in range(4):
        story = Story(id=str(number), text="I have complained.")
        ids.append(store.open(story, assessed(story, Label.ONGOING), "p").id)
        clock.pass_days(1)
    store.take(ids[0], Step.WITHDRAW, "m")
    clock.pass_days(1)
    store.take(ids[1], Step.WITHDRAW, "m")
    clock.pass_days(1)
    store.take(ids[2], Step.ASK, "m")
    found = store.find(CaseQuery())
    assert [case.id for case in found.cases] == [ids[3], ids[2], ids[1], ids[0]]
    second = store.find(CaseQuery(page=2, size=3))
    assert ([case.id for case in second.cases], second.total) == ([ids[0]], 4)
    assert store.find(CaseQuery(page=3, size=3)).cases == ()


def test_list_can_be_asked_for_by_state_action_and_label(store, assessed):
    paused = Story(id="a", text="I complained, twice.")
    review = Story(id="b", text="Nothing of note.")
    store.open(paused, assessed(paused, Label.ONGOING, Label.OMBUDSMAN), "p")
    store.open(review, assessed(review, Label.PLANNED, action=Action.REVIEW), "p")

    def found(**query):
        return [case.story_id for case in store.find(CaseQuery(**query)).cases]

    assert found(state=State.PAUSED) == ["a"]
    assert found(action=Action.REVIEW) == ["b"]
    assert found(label=Label.OMBUDSMAN) == ["a"]
    assert found(label=Label.PLANNED, state=State.PAUSED) == []


def test_counts_name_every_state(store, case):
    assert store.counts() == dict.fromkeys(State, 0) | {State.PAUSED: 1}


def test_words_of_any_kind_come_back_to_the_letter(store, assessed):
    words = 'NUL \0, é, e\u0301, 😀, "quotes", back\\slash, tab\t, line\u2028, \\u0041'
    story = Story(id=words, title=words, text=words)
    case = store.get(store.open(story, assessed(story, Label.ONGOING), words).id)
    assert (case.story_id, case.title, case.text) == (words, words, words)
    assert case.assessment["evidence"][0]["text"] == words[:31]
    assert store.events(case.id)[0].actor == words


def test_id_of_a_story_may_be_long(store, assessed):
    story = Story(id="x" * 100_000, text="I have complained.")
    case = store.open(story, assessed(story, Label.ONGOING), "p")
    assert store.open(story, assessed(story, Label.ONGOING), "p") == case


def test_words_are_dropped_when_the_case_is_closed(store, case, story):
    closed = store.take(case.id, Step.WITHDRAW, "moderator")
    assert (closed.title, closed.text) == (None, None)
    assert closed.assessment["evidence"] == [case.assessment["evidence"][0] | {"text": ""}]
    assert closed.assessment["signals"] == [case.assessment["signals"][0] | {"text": ""}]
    assert closed.assessment["labels"] == ["ongoing"]


def test_no_word_of_a_closed_case_is_left_in_any_file(tmp_path, make_store, assessed):
    store, canary = make_store(), "heliotrope-walrus"
    story = Story(id="s", title=canary, text=f"{canary} complained. {canary} " * 500)
    case = store.open(story, assessed(story, Label.ONGOING), "p")
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert canary.encode() in written
    store.take(case.id, Step.WITHDRAW, "m")
    assert canary.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_words_that_a_reader_kept_in_the_log_go_with_the_next_upkeep(tmp_path, store, assessed, database_url):
    canary, engine = "heliotrope-walrus", connect(database_url)
    story = Story(id="s", title=canary, text=f"{canary} complained.")
    case = store.open(story, assessed(story, Label.ONGOING), "p")
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM cases"))
        assert store.take(case.id, Step.WITHDRAW, "m").text is None
    assert canary.encode() in (tmp_path / "cases.db-wal").read_bytes()
    assert store.drop_overdue_text() == 0
    assert canary.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    engine.dispose()


def test_text_is_kept_for_as_many_days_as_the_operator_says(make_store, story, assessed, clock):
    store = make_store(Retention(keep_text_days=7))
    case = store.open(story, assessed(story, Label.ONGOING), "p")
    store.take(case.id, Step.WITHDRAW, "m")
    clock.pass_days(7)
    assert store.drop_overdue_text() == 0
    assert store.get(case.id).text == story.text
    clock.pass_days(0.001)
    assert store.drop_overdue_text() == 1
    assert store.get(case.id).text is None
    assert store.events(case.id)[-1].kind is Kind.TEXT_DROPPED
    assert store.drop_overdue_text() == 0


def test_text_of_an_open_case_is_never_dropped(store, case, story, clock):
    clock.pass_days(1000)
    assert store.drop_text(clock()) == 0
    assert store.get(case.id).text == story.text


@pytest.mark.parametrize("with_verdict", [True, False])
def test_text_that_a_verdict_is_about_is_kept_if_the_operator_says_so(
    make_store, story, assessed, clock, with_verdict
):
    store = make_store(Retention(keep_verdict_text=True))
    case = store.open(story, assessed(story, Label.ONGOING), "p")
    if with_verdict:
        store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "m")
    store.take(case.id, Step.RESUME, "m", note="It is about a bank.")
    clock.pass_days(1000)
    store.drop_overdue_text()
    assert store.get(case.id).text == (story.text if with_verdict else None)


def test_no_verdict_keeps_the_text_of_a_withdrawn_story(make_store, story, assessed, clock):
    for days in (0, 7):
        store = make_store(Retention(keep_text_days=days, keep_verdict_text=True))
        sent = replace(story, id=f"kept for {days} days")
        case = store.open(sent, assessed(sent, Label.ONGOING), "p")
        store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "m")
        withdrawn = store.take(case.id, Step.WITHDRAW, "m")
        assert withdrawn.text == (story.text if days else None)
        clock.pass_days(days + 1)
        assert store.drop_overdue_text() == (1 if days else 0)
        assert store.get(case.id).text is None


def test_erased_case_leaves_a_bare_event_and_nothing_else(store, case, story, assessed, database_url):
    store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,), note="a word"), "moderator")
    store.erase(case.id, "administrator")
    with pytest.raises(NoCaseError):
        store.get(case.id)
    (tombstone,) = store.events(case.id)
    assert (tombstone.number, tombstone.kind, tombstone.details) == (3, Kind.ERASED, {})
    assert (tombstone.actor, tombstone.at) == ("administrator", MARCH_1)
    assert store.find(CaseQuery()).total == sum(store.counts().values()) == 0
    assert list(store.verdicts()) == []
    engine = connect(database_url)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM cases")).mappings().one()
    engine.dispose()
    assert {name: value for name, value in row.items() if value is not None} == {
        "id": case.id,
        "last_event": 3,
    }
    with pytest.raises(NoCaseError):
        store.erase(case.id, "administrator")


def test_erased_story_that_is_sent_again_is_a_new_case(store, case, story, assessed):
    store.erase(case.id, "administrator")
    again = store.open(story, assessed(story, Label.ONGOING), "p")
    assert (again.id != case.id, again.last_event) == (True, 1)


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE events SET actor = 'nobody'", "an event cannot be changed"),
        ("DELETE FROM events", "an event goes only when its case is erased"),
    ],
)
def test_database_lets_nobody_change_what_happened(store, case, database_url, statement, refusal):
    engine = connect(database_url)
    with pytest.raises(IntegrityError, match=refusal), engine.begin() as connection:
        connection.execute(text(statement))
    store.erase(case.id, "administrator")
    with pytest.raises(IntegrityError, match=refusal), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    assert [event.actor for event in store.events(case.id)] == ["administrator"]


def test_step_and_its_event_are_written_together_or_not_at_all(store, case, monkeypatch):
    monkeypatch.setattr("serve.cases.change.Change._add_event", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.take(case.id, Step.ASK, "moderator")
    assert store.get(case.id) == case


def test_two_stories_of_the_same_words_are_two_cases(store, story, assessed, case):
    other = replace(story, id="s-2")
    assert store.open(other, assessed(other, Label.ONGOING), "p").id != case.id
