"""Moderators' verdicts on their way to becoming training records."""

from hashlib import sha256
from pathlib import Path

import pytest

from classifier.labels import Label
from classifier.story import Span
from serve.cases.case import Kind, Quote, Step, Verdict
from serve.cases.retention import Retention
from serve.cases.verdicts import GUIDE, VerdictError, export

LABELLING = Path(__file__).parents[4] / "data" / "LABELLING.md"


@pytest.fixture
def case(store, story, assessed):
    """A case in which the model found an ongoing complaint in the first sentence."""
    return store.open(story, assessed(story, Label.ONGOING), "pipeline")


def _mark(label, start, end, field="text"):
    return Quote(label=label, span=Span(field, start, end))


def test_verdict_that_agrees_becomes_a_record_with_the_models_words(store, case, story):
    store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,), borderline=True), "moderator")
    found = export(store.verdicts())
    assert found.records == (
        {
            "id": f"moderator-{case.id}",
            "title": "Café 😀",
            "text": story.text,
            "labels": ["ongoing"],
            "evidence": [{"label": "ongoing", "quote": "I have complained to the trust."}],
            "nation": "wales",
            "borderline": True,
            "phenomena": ["moderator_verdict", "model=m/1", "guide=labelling-guide/1"],
        },
    )
    assert (found.without_text, found.without_words) == (0, 0)


def test_verdict_that_nothing_holds_becomes_a_record_without_evidence(store, case):
    store.record_verdict(case.id, Verdict(labels=()), "moderator")
    (record,) = export(store.verdicts()).records
    assert (record["labels"], record["evidence"]) == ([], [])


def test_words_that_the_moderator_marked_come_before_the_models(store, case):
    quotes = (_mark(Label.ONGOING, 2, 17), _mark(Label.OMBUDSMAN, 0, 4, field="title"))
    verdict = Verdict(labels=(Label.OMBUDSMAN, Label.ONGOING), quotes=quotes)
    store.record_verdict(case.id, verdict, "moderator")
    (record,) = export(store.verdicts()).records
    assert record["labels"] == ["ongoing", "ombudsman"]
    assert record["evidence"] == [
        {"label": "ongoing", "quote": "have complained"},
        {"label": "ombudsman", "quote": "Café"},
    ]


def test_only_the_latest_verdict_on_a_case_counts(store, case):
    store.record_verdict(case.id, Verdict(labels=()), "moderator")
    store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "another moderator")
    assert [record["labels"] for record in export(store.verdicts()).records] == [["ongoing"]]


def test_label_that_nobody_showed_the_words_for_makes_no_record_and_is_counted(store, case):
    store.record_verdict(case.id, Verdict(labels=(Label.PLANNED,)), "moderator")
    found = export(store.verdicts())
    assert (found.records, found.without_text, found.without_words) == ((), 0, 1)


def test_verdict_whose_text_was_dropped_makes_no_record_and_is_counted(store, case):
    store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "moderator")
    store.take(case.id, Step.WITHDRAW, "moderator")
    found = export(store.verdicts())
    assert (found.records, found.without_text, found.without_words) == ((), 1, 0)


def test_verdict_on_a_story_that_was_withdrawn_makes_no_record_though_its_text_is_there(
    make_store, case, story
):
    store = make_store(Retention(keep_text_days=7))
    store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "moderator")
    assert len(export(store.verdicts()).records) == 1
    assert store.take(case.id, Step.WITHDRAW, "moderator").text == story.text
    found = export(store.verdicts())
    assert (found.records, found.without_text, found.without_words) == ((), 1, 0)


def test_verdict_on_a_text_that_was_edited_since_makes_no_record_and_is_counted(
    store, case, edited, assessed
):
    store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "moderator")
    store.open(edited, assessed(edited, Label.ONGOING), "pipeline")
    found = export(store.verdicts())
    assert (found.records, found.without_text, found.without_words) == ((), 1, 0)


def test_event_of_a_verdict_holds_places_and_versions_but_no_word_of_the_story(store, case):
    verdict = Verdict(labels=(Label.ONGOING,), note="Clear.", quotes=(_mark(Label.ONGOING, 2, 17),))
    after = store.record_verdict(case.id, verdict, "moderator")
    assert (after.state, after.last_event, after.changed_at) == (case.state, 2, case.changed_at)
    event = store.events(case.id)[-1]
    assert (event.kind, event.actor) == (Kind.VERDICT, "moderator")
    assert event.details == {
        "labels": ["ongoing"],
        "borderline": False,
        "note": "Clear.",
        "quotes": [{"label": "ongoing", "field": "text", "start": 2, "end": 17}],
        "found": ["ongoing"],
        "story_hash": case.story_hash,
        "model": "m/1",
        "policy": "p/1",
        "guide": GUIDE,
    }


@pytest.mark.parametrize(
    ("quote", "fault"),
    [
        (_mark(Label.PLANNED, 0, 6), "quotes: planned is not among the verdict's labels. Add it there."),
        (
            _mark(Label.ONGOING, 6, 6),
            "quotes: there are no words at this place. Mark words of title or text.",
        ),
        (
            _mark(Label.ONGOING, 1, 2),
            "quotes: there are no words at this place. Mark words of title or text.",
        ),
        (
            _mark(Label.ONGOING, 50, 60),
            "quotes: there are no words at this place. Mark words of title or text.",
        ),
    ],
)
def test_quote_that_does_not_stand_in_the_story_is_refused(store, case, quote, fault):
    with pytest.raises(VerdictError) as found:
        store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,), quotes=(quote,)), "moderator")
    assert str(found.value) == fault
    assert store.get(case.id) == case


def test_guide_gets_another_version_when_its_text_changes():
    # Changed the guide? Raise the number in serve/cases/verdicts.py and put the new sum here.
    known = {"labelling-guide/1": "a286ae99d6f6d8b43413425fcd2896d2b6651b7921907e690735a2b954062d79"}
    assert known[GUIDE] == sha256(LABELLING.read_bytes()).hexdigest()
