"""The gate's training on a table of embeddings made for the test; its threshold on scores made by hand."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from classifier.gate import Gate
from classifier.labels import Label
from classifier.story import Span, Story
from training.settings import BASE_MODEL
from training.splits import Splits, families
from training.stories import LabelledStory, Quote
from training.train_gate import (
    FOLDS,
    KEPT,
    GateSettings,
    choose_threshold,
    folds,
    kept_at_least,
    soft_maximum,
    train_gate,
    word_embeddings,
)


def labelled(name, text, *, quote=None, borderline=False, phenomena=()):
    evidence = ()
    if quote:
        start = text.index(quote)
        evidence = (Quote(Label.ONGOING, Span("text", start, start + len(quote))),)
    return LabelledStory(
        story=Story(id=name, text=text),
        labels=(Label.ONGOING,) if quote else (),
        evidence=evidence,
        nation="unknown",
        borderline=borderline,
        phenomena=phenomena,
    )


def made(count, *, first=0):
    """Stories of unlike words; every second one has wax beside a seal, the others have them apart."""
    dice = np.random.default_rng(first)
    for number in range(first, first + count):
        words = [f"w{n}" for n in dice.integers(0, 40, 12)]
        sealed = number % 2 == 0
        words[3:3] = ["wax", "seal"] if sealed else ["wax"]
        words[9:9] = [] if sealed else ["seal"]
        yield labelled(f"A-{number}", " ".join(words), quote="wax seal" if sealed else None)


@pytest.fixture(scope="module")
def tokenizer():
    words = ("[UNK]", "wax", "seal", *(f"w{n}" for n in range(40)))
    made_up = Tokenizer(WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    made_up.pre_tokenizer = Whitespace()
    return made_up


@pytest.fixture(scope="module")
def trained(tokenizer):
    with pytest.MonkeyPatch.context() as patch:
        table = torch.randn(43, 16, generator=torch.Generator().manual_seed(1))
        patch.setattr("training.train_gate.word_embeddings", lambda base, *, width: table)
        splits = Splits(tuple(made(160)), tuple(made(40, first=200)), (), ())
        settings = GateSettings(width=16, filters=16, reach=3, epochs=25, learning_rate=1e-2, dropout=0.1)
        return train_gate(splits, base=BASE_MODEL, tokenizer=tokenizer, settings=settings, seed=1)


def test_it_learns_words_that_stand_together(trained, tokenizer):
    gate = Gate(trained.numbers)
    lit, dark = (
        gate.scores([tokenizer.encode(text).ids])[0].max()
        for text in ("w1 w2 w3 wax seal w4 w5", "w1 seal w2 w3 w4 w5 w6 wax w7")
    )
    assert lit > float(trained.numbers.threshold) > dark


def test_figures_count_dev_and_all_of_train(trained):
    assert trained.figures.positives == 100
    assert trained.figures.missed == ()
    assert trained.figures.kept_at_least == pytest.approx(0.05 ** (1 / 100))
    assert trained.figures.dev_passed_unlabelled < 0.5


def scored(*scores, text="Quiet.", **changes):
    return [(labelled(f"B-{n}", text, quote=text, **changes), score) for n, score in enumerate(scores)]


def test_threshold_is_the_weakest_positive_where_few_are_known():
    threshold, figures = choose_threshold(scored(3.0, -1.0, 5.0), dev=[])
    assert (threshold, figures.missed) == (-1.0, ())


def test_threshold_misses_as_many_as_the_bound_lets_it():
    pairs = scored(*map(float, range(10_000)))
    threshold, figures = choose_threshold(pairs, dev=[])
    assert len(figures.missed) == threshold == 4
    assert figures.kept_at_least >= KEPT > kept_at_least(10_000, 5)


def test_cues_are_kept_and_borderline_ones_do_not_count():
    pairs = scored(-9.0, text="My complaint.") + scored(-5.0, borderline=True) + scored(2.0)
    threshold, figures = choose_threshold(pairs, dev=[])
    assert (threshold, figures.positives) == (2.0, 2)


def test_unlabelled_dev_stories_that_pass_are_counted():
    dev = [labelled("C-1", "Quiet."), labelled("C-2", "No complaints."), labelled("C-3", "Kind.")]
    pairs = [*scored(1.0), *zip(dev, (2.0, -4.0, -4.0), strict=True)]
    assert choose_threshold(pairs, dev=dev)[1].dev_passed_unlabelled == pytest.approx(2 / 3)


def test_no_positive_no_share():
    threshold, figures = choose_threshold([(labelled("C-1", "Quiet."), 0.5)], dev=[])
    assert (threshold, figures.kept_at_least) == (0.0, 0.0)


def test_no_family_straddles_folds():
    pairs = [labelled(f"D-{n}", f"unlike{n} words{n}", phenomena=(f"pair:{n // 2}",)) for n in range(40)]
    parts = folds(pairs)
    assert len(parts) == FOLDS
    assert sorted(one.id for part in parts for one in part) == sorted(one.id for one in pairs)
    fold_of = {one.id: number for number, part in enumerate(parts) for one in part}
    assert all(len({fold_of[one.id] for one in family}) == 1 for family in families(pairs))
    assert folds(list(reversed(pairs)))[0] != ()


def test_soft_maximum_is_just_above_the_largest():
    scores, owner = torch.tensor([5.0, -5.0, 0.0, 1.0]), torch.tensor([0, 0, 1, 1])
    first, second = soft_maximum(scores, owner, 2).tolist()
    assert first == pytest.approx(5.0, abs=1e-4)
    assert 1.0 < second < 1.1


def test_embeddings_are_the_bases_main_directions():
    table = word_embeddings(BASE_MODEL, width=8)
    assert table.shape == (30522, 8)
    spreads = table.std(dim=0)
    assert float(table.std()) == pytest.approx(1.0, abs=1e-3)
    assert (spreads[:-1] >= spreads[1:] - 1e-3).all()
