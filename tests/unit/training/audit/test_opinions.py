import numpy as np
import pytest

from classifier.labels import LABELS, Label
from training.audit.opinions import FOLDS, by_bundle, out_of_fold
from training.baselines.scored import ScoredBaseline
from training.stories import held, parse_record


class Rote(ScoredBaseline):
    """Knows by heart what it was taught: logit 4 or -4 for a story that it saw, 0 for any other."""

    name = "rote"

    def learn(self, train):
        """Takes down the labels of each id."""
        self.known = dict(zip([s.id for s in train], 8.0 * held(train) - 4.0, strict=True))

    def scores(self, stories):
        """What was taken down, or 0."""
        return np.array([self.known.get(s.id, np.zeros(len(LABELS))) for s in stories])


class Counted(ScoredBaseline):
    """The logit of each label is how often its name is said, less one half."""

    name = "counted"

    def learn(self, train):
        """Nothing to learn."""

    def scores(self, stories):
        """Counts of the labels' names."""
        return np.array([[s.story.text.count(label) - 0.5 for label in LABELS] for s in stories])


def counted(name, text, *tags):
    return parse_record(
        {"id": name, "title": "", "text": text, "labels": [], "evidence": []}
        | {"nation": "unknown", "borderline": False, "phenomena": list(tags)}
    )


def test_no_model_judges_what_it_was_taught(stories):
    found = out_of_fold(stories, model=Rote)
    np.testing.assert_array_equal(found.probabilities, np.full((90, 4), 0.5))
    assert found.name == "rote, out of fold"


def test_each_model_is_taught_the_other_four_fifths(stories):
    found = out_of_fold(stories, model=Rote)
    assert len({id(model) for model in found.models}) == FOLDS
    assert {len(model.known) for model in found.models} == {72}


def test_families_are_judged_together(records):
    paired = [
        parse_record(one | {"phenomena": [f"pair:{number // 2}"]}) for number, one in enumerate(records)
    ]
    found = out_of_fold(paired, model=Rote)
    assert all(found.models[number] is found.models[number + 1] for number in range(0, 90, 2))


def test_telling_sentence_is_the_one_that_scores_highest(stories):
    story = counted("U09-1", "One planned. Then planned and planned. It is ongoing.")
    found = out_of_fold([*stories, story], model=Counted)
    assert found.telling(90, Label.PLANNED) == "Then planned and planned."
    assert found.telling(90, Label.ONGOING) == "It is ongoing."


def test_progress_counts_the_folds(stories):
    seen = []

    def track(items, *, doing, total):
        seen.append((doing, total))
        return items

    out_of_fold(stories, model=Rote, track=track)
    assert seen == [("fitting without each fifth", 5)]


def test_bundle_gives_its_calibrated_view(classifier):
    story = counted("U09-1", "Kind staff. I lodged a complaint.")
    found = by_bundle([story], classifier=classifier)
    assert found.name == "tiny/7"
    assert found.probabilities.shape == (1, 4)
    assert found.probabilities[0, LABELS.index(Label.ONGOING)] == pytest.approx(0.999998)
    assert found.telling(0, Label.ONGOING) == "I lodged a complaint."
