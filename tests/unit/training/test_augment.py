import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.assessment import Nation
from classifier.labels import Label
from classifier.story import Span, Story
from training.augment import Augmenter
from training.settings import TrainingSettings
from training.stories import LabelledStory, Quote, read_stories

STORIES = Path(__file__).resolve().parents[3] / "data" / "stories"
REAL = tuple(read_stories(STORIES / "T18.jsonl", STORIES / "T21.jsonl"))
QUOTED = [labelled for labelled in REAL if labelled.evidence]
COMPLAINT_WORD = re.compile("compl[ai]+n|ombud|pals", re.IGNORECASE)
FILLER = "We parked by the lake. The nurse was kind! Tea came at four."

NEITHER = TrainingSettings(joined_share=0, damaged_share=0)
JOINED = TrainingSettings(joined_share=1, damaged_share=0)
DAMAGED = TrainingSettings(joined_share=0, damaged_share=1)
BOTH = TrainingSettings(joined_share=1, damaged_share=1)
AUGMENTER = Augmenter.over(REAL, settings=BOTH)


def plain(text, *, name="U01-1", title="", **changes):
    labelled = LabelledStory(
        story=Story(id=name, title=title, text=text),
        labels=(),
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )
    return replace(labelled, **changes)


def showing(text, quote, *, field="text", title="", name="U01-1"):
    start = (text if field == "text" else title).index(quote)
    span = Span(field, start, start + len(quote))
    return plain(
        text, name=name, title=title, labels=(Label.ONGOING,), evidence=(Quote(Label.ONGOING, span),)
    )


def filler(text=FILLER, *, title="A lake"):
    return plain(text, name="U01-9", title=title)


def over(how, *fillers):
    return Augmenter.over(fillers, settings=how)


def draws(augmenter, labelled, *, count=60):
    return [augmenter(labelled, epoch=epoch) for epoch in range(count)]


def words_under(story, span):
    """Whole words that ``span`` touches."""
    field = getattr(story, span.field)
    return [
        match[0]
        for match in re.finditer(r"\S+", field)
        if match.start() < span.end > span.start < match.end()
    ]


def typed(word):
    """The word, and every way in which one slip of the hand writes it."""
    swaps = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}
    drops = {word[:at] + word[at + 1 :] for at in range(len(word))}
    doubles = {word[:at] + word[at] + word[at:] for at in range(len(word))}
    return {word} | swaps | drops | doubles


# --- who may fill


def test_fillers_are_settled_stories_without_any_label():
    settled = filler()
    stories = (
        settled,
        replace(settled, borderline=True),
        showing("I put in a form to the trust.", "a form"),
    )
    assert over(BOTH, *stories).fillers == (settled,)


@pytest.mark.parametrize(
    "words", ["No complaints.", "COMPLAIN", "a complant", "the Ombudsman", "ask PALS", "complian"]
)
def test_story_with_a_complaint_word_is_no_filler(words):
    assert over(BOTH, filler(f"We parked. {words} Tea came.")).fillers == ()


def test_word_that_only_looks_like_pals_may_fill():
    assert len(over(BOTH, filler("My palsy is better, said my opals.")).fillers) == 1


def test_no_filler_of_real_stories_holds_a_complaint_word_in_its_text():
    fillers = AUGMENTER.fillers
    assert len(fillers) == 33
    assert [f.id for f in fillers if COMPLAINT_WORD.search(f.story.text)] == []
    assert {f.labels for f in fillers} == {()}


# --- joined


def test_joined_story_stands_whole_among_the_filler_s_words():
    ours = showing("I put in a form.", "a form")
    for joined in draws(over(JOINED, filler()), ours):
        head, tail = joined.story.text.split(ours.story.text)
        assert (head + " " + tail).split() == FILLER.split()
        (quote,) = joined.evidence
        assert joined.story.quote(quote.span) == "a form"


def test_filler_is_cut_only_between_its_sentences():
    heads = {
        joined.story.text.split("OURS")[0].strip() for joined in draws(over(JOINED, filler()), plain("OURS"))
    }
    assert heads == {"", "We parked by the lake.", "We parked by the lake. The nurse was kind!", FILLER}


def test_gaps_are_paragraphs_lines_or_spaces():
    found = draws(over(JOINED, filler()), plain("OURS"))
    gaps = {re.search(r"(\s*)OURS(\s*)", joined.story.text).groups() for joined in found}
    assert {gap for pair in gaps for gap in pair} == {"", " ", "\n", "\n\n"}


def test_title_may_come_from_the_filler_unless_it_is_evidence():
    free = showing("I put in a form.", "a form", title="Form")
    shown = showing("I put it in.", "Form", field="title", title="Form")
    augmenter = over(JOINED, filler())
    assert {joined.story.title for joined in draws(augmenter, free)} == {"Form", "A lake"}
    assert {joined.story.title for joined in draws(augmenter, shown)} == {"Form"}
    assert {joined.evidence for joined in draws(augmenter, shown)} == {shown.evidence}


@pytest.mark.parametrize(("count", "grows"), [(120, True), (121, False)])
def test_only_short_stories_are_joined(count, grows):
    ours = plain("ward " * count)
    assert (over(JOINED, filler())(ours, epoch=0) != ours) is grows


def test_without_fillers_a_story_stays_as_it_is():
    ours = plain("I put in a form.")
    assert over(JOINED)(ours, epoch=0) is ours


# --- damaged


def test_entity_damage_reads_back_as_the_author_s_words():
    text = 'They said "wait" & I didn\'t. "Sorry"'
    texts = {damaged.story.text for damaged in draws(over(DAMAGED), plain(text))}
    assert "They said &quot;wait&quot; &amp; I didn&#39;t. &quot;Sorry&quot;" in texts
    assert {unescape(one) for one in texts} == {text}


def test_typing_errors_spare_short_words_and_words_with_marks():
    text = "the ward was shut, Monday's nurse-led x4567y clinic: " * 4
    assert {damaged.story.text for damaged in draws(over(DAMAGED), plain(text))} <= {
        text,
        text.replace("'", "&#39;"),
    }


def test_typing_errors_come_in_about_one_word_in_fifteen():
    text = "because " * 3000
    found = [damaged.story.text for damaged in draws(over(DAMAGED), plain(text), count=6)]
    shares = [sum(word != "because" for word in one.split()) / 3000 for one in found]
    assert all(0.05 < share < 0.085 for share in shares if share)
    assert any(shares)
    assert {word for one in found for word in one.split()} <= typed("because")


def test_damage_leaves_title_and_white_space_alone():
    ours = plain("because  nothing\n\nhappened\t" * 30, title="because 'nothing' happened")
    for damaged in draws(over(DAMAGED), ours):
        assert damaged.story.title == ours.story.title
        assert re.findall(r"\s+", damaged.story.text) == re.findall(r"\s+", ours.story.text)


def test_quote_that_begins_or_ends_inside_a_word_grows_to_hold_it():
    ours = showing("We filed & complained, twice.", "ed & complain")
    grown = {damaged.story.quote(damaged.evidence[0].span) for damaged in draws(over(DAMAGED), ours)}
    assert {"filed & complained,", "filed &amp; complained,"} <= grown
    assert all(one.split()[0] in typed("filed") and one.endswith("complained,") for one in grown)


# --- both, on real stories


@settings(max_examples=80, deadline=None)
@given(labelled=st.sampled_from(QUOTED), epoch=st.integers(0, 50), seed=st.integers(1, 5))
def test_words_of_each_quote_stay_under_its_moved_span(labelled, epoch, seed):
    changed = Augmenter(replace(BOTH, seed=seed), AUGMENTER.fillers)(labelled, epoch=epoch)
    assert len(changed.evidence) == len(labelled.evidence)
    for before, after in zip(labelled.evidence, changed.evidence, strict=True):
        assert after.label is before.label
        written = words_under(labelled.story, before.span)
        now = words_under(changed.story, after.span)
        assert len(now) == len(written)
        assert all(unescape(one) in typed(word) for one, word in zip(now, written, strict=True))


@settings(max_examples=80, deadline=None)
@given(labelled=st.sampled_from(QUOTED), epoch=st.integers(0, 50))
def test_joining_alone_keeps_every_quote_to_the_letter(labelled, epoch):
    joined = Augmenter(JOINED, AUGMENTER.fillers)(labelled, epoch=epoch)
    assert [joined.story.quote(quote.span) for quote in joined.evidence] == [
        labelled.story.quote(quote.span) for quote in labelled.evidence
    ]


def test_everything_but_words_and_places_stays():
    for labelled in REAL:
        changed = AUGMENTER(labelled, epoch=1)
        assert replace(changed, story=labelled.story, evidence=labelled.evidence) == labelled
        assert changed.story.id == labelled.story.id


# --- chance


def test_same_seed_epoch_and_story_give_the_same_result():
    other = Augmenter.over(REAL, settings=BOTH)
    forwards = [AUGMENTER(labelled, epoch=3) for labelled in REAL]
    backwards = [other(labelled, epoch=3) for labelled in reversed(REAL)]
    assert forwards == backwards[::-1]


def test_other_epochs_and_seeds_give_other_results():
    augmenter, reseeded = AUGMENTER, Augmenter(replace(BOTH, seed=2), AUGMENTER.fillers)
    first = [augmenter(labelled, epoch=0) for labelled in REAL]
    assert first != [augmenter(labelled, epoch=1) for labelled in REAL]
    assert first != [reseeded(labelled, epoch=0) for labelled in REAL]


def test_with_both_shares_at_nought_every_story_stays_as_it_is():
    augmenter = Augmenter.over(REAL, settings=NEITHER)
    assert all(augmenter(labelled, epoch=0) is labelled for labelled in REAL)


def test_shares_say_how_many_stories_change():
    stories = [plain("because " * 100, name=f"U01-{number}") for number in range(1000)]
    augmenter = over(replace(NEITHER, joined_share=0.3), filler())
    changed = sum(augmenter(labelled, epoch=0) is not labelled for labelled in stories)
    assert 260 <= changed <= 340
