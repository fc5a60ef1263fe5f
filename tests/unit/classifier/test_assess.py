import dataclasses
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from classifier import (
    LABELS,
    Action,
    ComplaintClassifier,
    Evidence,
    Label,
    Nation,
    PolicyError,
    Reason,
    Story,
)
from classifier.assess import read
from classifier.assessment import to_json
from classifier.errors import BundleError
from classifier.markup import view_of
from classifier.windows import WindowSize

SMALL_POLICY = Path(__file__).with_name("policy") / "small_policy.toml"
AWAY = 0.002473
"""What a sentence without a telling word scores."""

TELLING = ("I lodged a complaint. ", "I shall complain! ", "It was upheld\r\n", "The ombudsman, ", "PALS ")
ODD = ("😀", "👩\u200d👧 ", "cafe\u0301 ", "\u0301", "&amp; ", "&#39;", "\n", "Mrs. ", "\x00\n")
FRAGMENTS = (*TELLING, *ODD, "ongoing799999\n", "word " * 30)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.sampled_from(FRAGMENTS)).map("".join)
)


@pytest.fixture
def assessed(classifier):
    """The assessment of a text."""

    def assess(text, *, title="", author_confirmed=False):
        return classifier.assess(Story(id="s", title=title, text=text), author_confirmed=author_confirmed)

    return assess


def scores(**labels):
    return {label: labels.get(str(label), AWAY) for label in LABELS}


def test_story_with_a_complaint_under_way_is_paused(assessed):
    found = assessed("They were kind. I lodged a complaint.")
    assert found.id == "s"
    assert found.labels == (Label.ONGOING,)
    assert found.scores == scores(ongoing=0.999998)
    assert found.action is Action.PAUSE
    assert found.reasons == (
        Reason(label=Label.ONGOING, rule="ongoing-complaint", clear=True, score=0.999998, threshold=0.8),
    )
    assert found.evidence == (
        Evidence(
            label=Label.ONGOING, text="I lodged a complaint.", field="text", start=16, end=37, score=0.999998
        ),
    )
    assert [guidance.audience for guidance in found.guidance] == ["moderator", "author"]
    assert (found.model, found.policy) == ("tiny/7", "care-opinion-uk/2")


def test_story_without_a_complaint_goes_on(assessed):
    found = assessed("They were kind. Thank you.")
    assert (found.labels, found.action, found.reasons, found.evidence) == ((), Action.CONTINUE, (), ())
    assert (found.scores, found.guidance) == (scores(), ())


@pytest.mark.parametrize(
    ("word", "label", "action"),
    [
        ("shall", Label.PLANNED, Action.PAUSE),
        ("lodged", Label.ONGOING, Action.PAUSE),
        ("upheld", Label.COMPLETED, Action.ADVISE),
        ("ombudsman", Label.OMBUDSMAN, Action.PAUSE),
    ],
)
def test_each_label_leads_to_its_action(assessed, word, label, action):
    found = assessed(word)
    assert (found.labels, found.action) == ((label,), action)
    assert found.scores == scores(**{label: 1.0})


def test_title_counts_as_much_as_the_text(assessed):
    found = assessed("Thank you.", title="I lodged it")
    assert [(quote.field, quote.start, quote.text) for quote in found.evidence] == [
        ("title", 0, "I lodged it")
    ]


def test_story_scores_its_best_sentence(assessed):
    # 16, 12 and 17 tokens
    lines = ("lodged " + "word " * 15, "lodged " + "word " * 11, "lodged " + "word " * 16)
    found = assessed("\n".join(lines))
    assert found.scores == scores(ongoing=0.880797)
    assert [quote.score for quote in found.evidence] == [0.880797]


def test_capitals_do_not_count(assessed):
    assert assessed("I LODGED A COMPLAINT.").scores == scores(ongoing=0.999998)


def test_several_labels_come_in_their_order(assessed):
    found = assessed("The ombudsman has it. It was upheld. I shall write. I lodged it.")
    assert found.labels == LABELS
    assert [reason.label for reason in found.reasons] == list(LABELS)
    assert [quote.text for quote in found.evidence] == [
        "I shall write.",
        "I lodged it.",
        "It was upheld.",
        "The ombudsman has it.",
    ]
    assert found.action is Action.PAUSE


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("edge", ["review", "clear"])
@pytest.mark.parametrize("step", [-1, 0, 1])
def test_threshold_counts_from_its_very_value(assessed, bundle, label, edge, step):
    thresholds = bundle.thresholds[label]
    millionths = round(getattr(thresholds, edge) * 1e6) + step
    found = assessed(f"{label}{millionths}")
    clear = edge == "clear" and step >= 0
    possible = edge == "review" and step < 0
    reached = thresholds.clear if clear else thresholds.review
    assert found.scores == scores(**{label: millionths / 1e6})
    assert found.labels == ((label,) if clear else ())
    assert [(reason.label, reason.clear, reason.score, reason.threshold) for reason in found.reasons] == (
        [] if possible else [(label, clear, millionths / 1e6, reached)]
    )


@pytest.mark.parametrize(
    ("word", "action"),
    [
        ("ongoing299999", "continue"),
        ("ongoing300000", "review"),
        ("ongoing799999", "review"),
        ("ongoing800000", "pause"),
        ("planned400000", "review"),
        ("planned700000", "pause"),
        ("completed500000", "review"),
        ("completed599999", "review"),
        ("completed600000", "advise"),
        ("ombudsman250000", "review"),
        ("ombudsman900000", "pause"),
        ("completed600000 \n ongoing300000", "review"),
        ("completed600000 \n ongoing800000", "pause"),
    ],
)
def test_action_follows_from_the_thresholds(assessed, word, action):
    assert assessed(word).action == action


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("ongoing800000\nongoing799999\nongoing800001", [0.800001, 0.8]),
        ("ongoing300000\nongoing299999\nongoing799999", [0.799999, 0.3]),
        ("ongoing800001\nongoing800000", [0.800001]),
        ("lodged\n\nkind\n" * 5, [1.0, 1.0, 1.0]),
        ("ongoing299999", []),
    ],
)
def test_only_sentences_that_reach_the_same_threshold_are_quoted(assessed, text, quoted):
    assert [quote.score for quote in assessed(text).evidence] == quoted


@pytest.mark.parametrize(
    ("text", "quote", "start"),
    [
        ("😀😀 Kind. I lodged it 😀!", "I lodged it 😀!", 9),
        ("Cafe\u0301 shut.  I lodged the cafe\u0301 one.", "I lodged the cafe\u0301 one.", 13),
        ("One.\r\n\r\nI lodged it.\r\nThree.", "I lodged it.", 8),
        ("Fish &amp; chips. I lodged &quot;it&quot;.", "I lodged &quot;it&quot;.", 18),
        ("👩\u200d👩\u200d👧 came.\u00a0\u2003I lodged it.", "I lodged it.", 13),
        ("\ufeffKind. I lodged it.", "I lodged it.", 7),
        ("  \t I lodged it  ", "I lodged it", 4),
    ],
)
def test_quote_is_the_authors_own_words_with_their_place(assessed, text, quote, start):
    (found,) = assessed(text).evidence
    assert (found.text, found.start, found.end) == (quote, start, start + len(quote))
    assert text[found.start : found.end] == quote


def test_confirmed_author_goes_on_and_the_labels_stay(assessed):
    found = assessed("I lodged it.", author_confirmed=True)
    assert (found.action, found.labels) == (Action.CONTINUE, (Label.ONGOING,))
    assert len(found.reasons) == len(found.evidence) == 1


def test_nation_and_signals_are_found(assessed):
    found = assessed("I lodged it with PALS. The SPSO has it now.")
    assert found.nation is Nation.SCOTLAND
    assert [signal.text for signal in found.signals if signal.kind == "pals"] == ["PALS"]


@pytest.mark.parametrize(
    "leftovers",
    [
        "<p>They were kind.</p>\n<p>I <b>lod&shy;ged</b> it with PALS.</p>",
        "They were kind.<br />I lodged&nbsp;it with PALS.",
        "They were kind.&lt;br&gt;I lo&#100;ged it with <i>PALS</i>.",
    ],
)
def test_story_with_html_leftovers_is_read_as_without(assessed, leftovers):
    clean, found = assessed("They were kind.\nI lodged it with PALS."), assessed(leftovers)
    assert (found.labels, found.scores, found.action) == (clean.labels, clean.scores, clean.action)
    (quote,) = found.evidence
    assert view_of(quote.text).text.split() == ["I", "lodged", "it", "with", "PALS."]


@pytest.mark.parametrize("text", ["<br>", "&nbsp;", "<p></p>", "&shy;"])
def test_story_of_nothing_but_markup_has_no_labels(assessed, text):
    found = assessed(text)
    assert (found.labels, found.action, set(found.scores.values())) == ((), Action.CONTINUE, {0.0})


def test_signals_that_are_no_phrases_change_no_decision(assessed):
    plain, found = (
        assessed("I lodged it."),
        assessed("I lodged it.\nRoedd pawb yn garedig iawn wrth fy mam. Donâ€™t."),
    )
    assert [signal.kind for signal in found.signals] == ["other_language", "encoding_fault"]
    assert (found.labels, found.action) == (plain.labels, plain.action)


def test_another_policy_is_followed(tiny_bundle):
    classifier = ComplaintClassifier.load(tiny_bundle, policy=SMALL_POLICY)
    found = classifier.assess(Story(id="s", text="I lodged it."))
    assert (found.policy, found.reasons[0].rule) == ("small/1", "open")


def test_missing_bundle_or_policy_is_refused(tiny_bundle, tmp_path):
    with pytest.raises(BundleError):
        ComplaintClassifier.load(tmp_path)
    with pytest.raises(PolicyError):
        ComplaintClassifier.load(tiny_bundle, policy=tmp_path / "none.toml")


def test_reading_holds_a_row_for_each_sentence(bundle):
    reading = read(Story(id="s", title="Kind", text="I lodged it. Upheld."), bundle=bundle)
    assert [(span.field, span.start, span.end) for span in reading.sentences] == [
        ("title", 0, 4),
        ("text", 0, 12),
        ("text", 13, 20),
    ]
    assert reading.by_sentence.shape == (3, 4)
    assert reading.by_story.tolist() == [AWAY, 1.0, 1.0, AWAY]


def test_story_of_which_the_tokenizer_keeps_nothing_scores_nothing(assessed):
    found = assessed("\x00\x01")
    assert set(found.scores.values()) == {0.0}
    assert found.action is Action.CONTINUE


def test_complaint_at_the_end_of_sixty_thousand_words_is_found(assessed):
    text = "We waited in the hall. " * 12_000 + "Then I lodged a complaint 😀."
    (quote,) = assessed(text).evidence
    assert (quote.text, quote.start) == ("Then I lodged a complaint 😀.", 23 * 12_000)


def test_complaint_after_a_hundred_thousand_characters_without_a_space_is_found(assessed):
    text = "x" * 100_000 + " I lodged it. " + "😀" * 100_000
    found = assessed(text)
    assert found.labels == (Label.ONGOING,)
    assert "I lodged it." in found.evidence[0].text
    assert all(text[quote.start : quote.end] == quote.text for quote in found.evidence)


def test_words_score_the_same_wherever_the_windows_fall(bundle):
    story = Story(id="s", text="We waited. " * 40 + "I lodged it. " + "We waited. " * 40)
    wanted = read(story, bundle=bundle).by_sentence
    for tokens, overlap in ((16, 0), (16, 7), (33, 15), (512, 64)):
        sized = dataclasses.replace(bundle, window=WindowSize(tokens=tokens, overlap=overlap))
        assert np.array_equal(read(story, bundle=sized).by_sentence, wanted)


def stories(texts):
    return [Story(id=str(number), text=text) for number, text in enumerate(texts) if text.strip()]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_many_stories_get_what_each_gets_alone(classifier, workers):
    batch = stories(f"{fragment} number{n} 😀" for n in range(12) for fragment in FRAGMENTS)
    together = [to_json(found.to_dict()) for found in classifier.assess_many(batch, workers=workers)]
    assert together == [to_json(classifier.assess(story).to_dict()) for story in batch]


def test_more_threads_give_the_same_bytes(classifier, tiny_bundle):
    story = Story(id="s", text="I lodged it. " * 50)
    threaded = ComplaintClassifier.load(tiny_bundle, threads=2)
    assert to_json(threaded.assess(story).to_dict()) == to_json(classifier.assess(story).to_dict())


def test_classifier_may_be_shared_between_threads(classifier):
    batch = stories(f"word{n} lodged{n} it. I lodged it{n}." for n in range(200))
    alone = [classifier.assess(story) for story in batch]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(classifier.assess, batch)) == alone


def test_stories_are_read_as_they_are_needed(classifier):
    taken = []

    def endless():
        for number in count():
            taken.append(number)
            yield Story(id=str(number), text="Kind.")

    answers = classifier.assess_many(endless(), workers=2)
    assert [next(answers).id for _ in range(3)] == ["0", "1", "2"]
    assert len(taken) == 256  # so many are looked at together
    answers.close()


def test_no_stories_no_answers(classifier):
    assert list(classifier.assess_many([])) == []


@settings(max_examples=50, deadline=None)
@given(title=TEXTS, text=TEXTS)
def test_everything_quoted_is_a_slice_of_the_story(classifier, title, text):
    assume(title.strip() or text.strip())
    story = Story(id="s", title=title, text=text)
    found = classifier.assess(story)
    for quote in (*found.evidence, *found.signals):
        assert getattr(story, quote.field)[quote.start : quote.end] == quote.text != ""
    assert {quote.label for quote in found.evidence} == {reason.label for reason in found.reasons}
    assert set(found.labels) == {reason.label for reason in found.reasons if reason.clear}
    assert all(0.0 <= score <= 1.0 for score in found.scores.values())


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(TEXTS, max_size=6), workers=st.integers(1, 3))
def test_batch_of_any_stories_gets_what_each_gets_alone(classifier, texts, workers):
    batch = stories(texts)
    together = [to_json(found.to_dict()) for found in classifier.assess_many(batch, workers=workers)]
    assert together == [to_json(classifier.assess(story).to_dict()) for story in batch]
