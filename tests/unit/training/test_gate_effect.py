import pytest

from classifier.assessment import Action
from classifier.labels import Label
from classifier.story import Story
from training.evaluate import Judged, measure
from training.gate_effect import measure_gate, share_passed
from training.stories import LabelledStory
from training.train_gate import GateFigures

FIGURES = GateFigures(positives=9, missed=("x",), kept_at_least=0.6, dev_passed_unlabelled=0.5)


def judged(name, *labels):
    story = LabelledStory(
        story=Story(id=name, text="Kind."),
        labels=(),
        evidence=(),
        nation="unknown",
        borderline=False,
        phenomena=(),
    )
    return Judged(
        labelled=story, labels=frozenset(labels), action=Action.PAUSE if labels else Action.CONTINUE
    )


def test_stories_that_the_gate_changes_are_named(classifier):
    gated = [judged("a"), judged("b", Label.ONGOING), judged("c")]
    whole = [judged("a"), judged("b", Label.ONGOING), judged("c", Label.PLANNED)]
    effect = measure_gate(
        FIGURES,
        gated=gated,
        whole=whole,
        classifier=classifier,
        comments=[],
        test_ungated=measure(whole),
        comments_ungated=None,
    )
    assert effect.dev_changed == ("c",)
    assert effect.dev_equal == pytest.approx(2 / 3)
    assert effect.to_dict()["threshold"]["missed"] == ("x",)
    assert effect.comments_passed is None


def test_without_a_gate_all_stories_pass(classifier):
    assert (
        share_passed([Story(id="a", text="Kind."), Story(id="b", text="Warm.")], classifier=classifier) == 1
    )
