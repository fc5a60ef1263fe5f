import numpy as np
import pytest

from classifier.assessment import Nation
from classifier.bundle import Calibration, Thresholds
from classifier.labels import LABELS, Label
from classifier.story import Story
from training.draft import measure_drafts, read_both_ways
from training.export import Decisions
from training.stories import LabelledStory

DECISIONS = Decisions(
    calibration={label: Calibration(slope=1.0, intercept=0.0) for label in LABELS},
    thresholds={label: Thresholds(review=0.5, clear=0.9) for label in LABELS},
)
"""Reviewed from a logit of 0 on."""


def labelled(word):
    """A story of one word; "lodged" has a label."""
    return LabelledStory(
        story=Story(id=word, text=word),
        labels=(Label.ONGOING,) if word == "lodged" else (),
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )


@pytest.fixture
def measured(bundle, make_graph, tmp_path):
    """Measures drafts on stories of a word each, given with its logits: for good and in the draft."""

    def measure(**words):
        size = bundle.tokenizer.get_vocab_size()
        good, draft = np.zeros((size, 4)), np.zeros((size, 4))
        for word, (for_good, drafted) in words.items():
            number = bundle.tokenizer.token_to_id(word)
            good[number], draft[number] = for_good, drafted
        file = tmp_path / "encoder.onnx"
        file.write_bytes(make_graph(good, draft=draft))
        stories = [labelled(word) for word in words]
        read = read_both_ways(file, stories, tokenizer=bundle.tokenizer, size=bundle.window)
        return measure_drafts(read, decisions=DECISIONS)

    return measure


def test_margin_is_the_largest_shortfall_of_a_draft_rounded_up(measured):
    found = measured(shall=(-5, -5.3), upheld=(-6, -6.451), lodged=(2, 9))
    assert found.margin == 0.46


def test_a_draft_that_is_never_lower_needs_no_margin(measured):
    assert measured(shall=(-5, -4), upheld=(-6, -6)).margin == 0.0


def test_shares_are_of_windows_whose_draft_is_the_margin_below_every_threshold(measured):
    found = measured(shall=(-5, -5.5), upheld=(-0.5, -0.4), ombudsman=(-3, -3), lodged=(3, 2.9))
    assert found.margin == 0.5
    assert found.windows_saved == 0.5
    assert found.ordinary_windows_saved == pytest.approx(2 / 3)


def test_without_ordinary_stories_none_of_theirs_are_saved(measured):
    assert measured(lodged=(-3, -3)).ordinary_windows_saved == 0.0
