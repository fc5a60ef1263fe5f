from dataclasses import replace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.evaluate import judge_labels, measure
from training.seeds import MEAN, SeedFigures, best_on_dev, mean_of_weights, seed_figures
from training.settings import TrainingSettings
from training.stories import LabelledStory
from training.tables import seeds_table
from training.train import TrainedEncoder, new_model

TINY = TrainingSettings(layers=1, hidden=32)
COUNTS = {"false_pauses": 7, "reviews": 5, "found": 9}


def trained(seed):
    model = new_model(replace(TINY, seed=seed)).eval()
    return TrainedEncoder(model, Tokenizer(WordLevel()), ({"epoch": float(seed)},))


def figures(name, *, rank=0.5, number=0.5, comments=None):
    shares = ("macro_f1", "exact", "pause_recall", "pause_precision", "pause_or_review", "review_share")
    return SeedFigures(
        name=name,
        dev_average_precision=rank,
        **dict.fromkeys(shares, number),
        evidence_overlap=number,
        comments=comments,
    )


def test_every_weight_of_the_mean_is_the_mean_of_all():
    some = [trained(seed) for seed in (1, 2, 3)]
    before = [one.model.state_dict()["classifier.bias"].clone() for one in some]
    mean = mean_of_weights(some)
    for name, weight in mean.model.state_dict().items():
        states = [one.model.state_dict()[name] for one in some]
        expected = sum(states) / 3 if weight.is_floating_point() else states[0]
        torch.testing.assert_close(weight, expected)
    assert mean.log == some[0].log
    after = [one.model.state_dict()["classifier.bias"] for one in some]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))


def test_all_seeds_start_from_the_same_head():
    heads = [trained(seed).model.classifier.weight for seed in (1, 2)]
    assert (heads[0] == heads[1]).all()


@pytest.mark.parametrize(
    ("ranks", "best"),
    [((0.1, 0.3, 0.2), 1), ((0.2, 0.2), 0), ((0.4,), 0)],
    ids=["highest", "earliest", "only"],
)
def test_best_on_dev_is_the_highest_average_precision(ranks, best):
    assert best_on_dev([figures(str(rank), rank=rank) for rank in ranks]) == best


def story(name, *labels, borderline=False):
    return LabelledStory(
        story=Story(id=name, text="a"),
        labels=labels,
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=borderline,
        phenomena=(),
    )


def test_dev_is_ranked_on_settled_stories_only():
    dev = [story("a", *LABELS), story("b"), story("c", *LABELS, borderline=True)]
    logits = np.array([[1.0] * 4, [0.0] * 4, [-9.0] * 4], dtype=np.float32)
    test = measure(judge_labels(dev[:2], [frozenset(), frozenset()]))
    found = seed_figures("seed 1", logits=logits, dev=dev, test=test, comments=None)
    assert found.dev_average_precision == 1.0
    assert (found.name, found.pause_recall, found.exact) == ("seed 1", 0.0, 0.5)
    assert (found.evidence_overlap, found.comments) == (None, None)


def test_table_shows_each_seed_mean_spread_and_the_mean_of_weights():
    some = [
        figures("seed 1", number=0.8, comments=COUNTS),
        figures("seed 2", number=0.9, comments=COUNTS | {"found": 12}),
        figures(MEAN, number=0.95, comments=COUNTS),
    ]
    table = seeds_table([one.to_dict() for one in some]).splitlines()
    assert table[0] == "| figure | seed 1 | seed 2 | mean | lowest to highest | mean of weights |"
    assert "| macro-F1 | 0.800 | 0.900 | 0.850 | 0.800 to 0.900 | 0.950 |" in table
    assert "| outside comments: found | 9 | 12 | 10.5 | 9 to 12 | 9 |" in table


def test_table_leaves_out_what_was_not_measured():
    table = seeds_table([figures("seed 1").to_dict(), figures("seed 2").to_dict()])
    assert "comments" not in table
    assert "| exact label sets |" in table
