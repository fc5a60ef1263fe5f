import json

import pytest

from classifier import Story, load_bundle
from classifier.errors import BundleError
from training.gating import add_gate, share_passed
from training.splits import Splits
from training.stories import LabelledStory
from training.train_gate import GateFigures, GateSettings, TrainedGate

FIGURES = GateFigures(positives=9, missed=("x",), kept_at_least=0.6, dev_passed_unlabelled=0.5)


def labelled(name, text, *labels, borderline=False):
    return LabelledStory(
        story=Story(id=name, text=text),
        labels=labels,
        evidence=(),
        nation="unknown",
        borderline=borderline,
        phenomena=(),
    )


@pytest.fixture
def measured(tiny_bundle, tmp_path):
    """The tiny bundle with what a run would have stated of it."""
    folder = tmp_path / "measured"
    folder.mkdir()
    for file in tiny_bundle.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    manifest |= {
        "base": "b",
        "settings": {"seed": 4},
        "data": {"fingerprint": "f"},
        "figures": {"test": {"macro_f1": 0.5}, "comments": None},
    }
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def gated(measured, make_gate, tmp_path, monkeypatch):
    """What `add_gate` makes of it with a gate that only lights cues."""
    told = {}

    def shut(splits, **settings):
        told.update(settings)
        numbers = make_gate(settings["tokenizer"].get_vocab_size())
        return TrainedGate(numbers, FIGURES)

    monkeypatch.setattr("training.gating.train_gate", shut)
    monkeypatch.setattr("training.gating.write_card", lambda folder: folder)
    dev = (labelled("a", "They shall.", "planned"), labelled("b", "We lodged it in writing.", "ongoing"))
    test = (labelled("c", "They shall.", "planned"), labelled("d", "Kind.", borderline=True))
    into = tmp_path / "gated"
    effect = add_gate(
        measured, into, splits=Splits((), dev, test, ()), settings=GateSettings(epochs=3), version=8
    )
    return effect, into, told


def test_the_gate_is_trained_for_the_bundles_own_base_and_seed(gated):
    _, _, told = gated
    assert (told["base"], told["seed"], told["settings"].epochs) == ("b", 4, 3)


def test_the_new_bundle_has_the_old_encoder_and_the_gate(gated, measured):
    _, into, _ = gated
    bundle = load_bundle(into)
    assert (bundle.name, bundle.gate is None) == ("tiny/8", False)
    assert (into / "encoder.onnx").read_bytes() == (measured / "encoder.onnx").read_bytes()
    assert bundle.manifest["gate"]["epochs"] == 3


def test_stories_that_the_gate_changes_are_named(gated):
    effect, _, _ = gated
    assert (effect.dev_changed, effect.dev_equal, effect.dev_passed) == (("a",), 0.5, 0.5)


def test_the_manifest_states_figures_with_the_gate_and_those_without(gated):
    effect, into, _ = gated
    figures = load_bundle(into).manifest["figures"]
    assert figures["test"]["labels"]["planned"]["recall"] == 0
    assert figures["gate"]["test_ungated"] == effect.test_ungated == {"macro_f1": 0.5}
    assert figures["gate"]["threshold"]["missed"] == ["x"]
    assert figures["gate"]["comments_passed"] is None


@pytest.fixture
def again(gated, measured, tmp_path):
    """The same encoder with the gate of the bundle that has one; ``change`` is made to that bundle first."""

    def take(**change):
        _, like, _ = gated
        manifest = json.loads((like / "bundle.json").read_text(encoding="utf-8"))
        (like / "bundle.json").write_text(json.dumps(manifest | change), encoding="utf-8")
        dev = (labelled("a", "They shall.", "planned"), labelled("b", "We lodged it in writing.", "ongoing"))
        splits = Splits((), dev, (labelled("c", "They shall.", "planned"),), ())
        into = tmp_path / "again"
        effect = add_gate(measured, into, splits=splits, settings=GateSettings(), version=9, like=like)
        return effect, into, like

    return take


def test_a_gate_is_taken_over_with_its_settings_and_measured_again(again, monkeypatch):
    monkeypatch.setattr("training.gating.train_gate", None)
    effect, into, like = again()
    bundle = load_bundle(into)
    assert (bundle.name, bundle.manifest["gate"]["epochs"]) == ("tiny/9", 3)
    assert (into / "gate.npz").read_bytes() == (like / "gate.npz").read_bytes()
    assert (effect.threshold, effect.dev_changed) == (FIGURES, ("a",))


@pytest.mark.parametrize(
    ("change", "what"),
    [({"base": "another"}, "base"), ({"data": {"fingerprint": "another"}}, "training stories")],
)
def test_a_gate_for_something_else_is_refused(again, change, what):
    with pytest.raises(BundleError, match=rf"its gate is for another {what}\. Train one, without --like\."):
        again(**change)


def test_a_bundle_without_a_gate_has_none_to_take(measured, tmp_path):
    with pytest.raises(BundleError, match=r"it has no gate\. Train one, without --like\."):
        add_gate(
            measured,
            tmp_path / "into",
            splits=Splits((), (), (), ()),
            settings=GateSettings(),
            version=9,
            like=measured,
        )


def test_without_a_gate_all_stories_pass(classifier):
    assert (
        share_passed([Story(id="a", text="Kind."), Story(id="b", text="Warm.")], classifier=classifier) == 1
    )
