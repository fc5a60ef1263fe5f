"""Traits, rates and how far two profiles lie apart."""

import json

import pytest

from classifier.assessment import Action, Assessment, Nation, Signal
from classifier.errors import BundleError
from classifier.labels import LABELS, Label
from classifier.profile import (
    FEATURES,
    Profile,
    Trait,
    divergence,
    profile,
    profile_of,
    stated_profile,
    traits,
)
from classifier.story import Story


def _assessment(*labels, action=Action.CONTINUE, signals=()):
    return Assessment(
        id="1",
        labels=labels,
        scores=dict.fromkeys(LABELS, 0.0),
        action=action,
        reasons=(),
        evidence=(),
        signals=tuple(Signal(kind=kind, text="x", field="text", start=0, end=1) for kind in signals),
        nation=Nation.UNKNOWN,
        guidance=(),
        model="m/1",
        policy="p/1",
    )


def _story(characters=10, title=""):
    return Story(id="1", title=title, text="a" * characters)


def test_traits_are_action_length_labels_and_each_signal_kind_once():
    found = traits(_story(), _assessment(Label.ONGOING, action=Action.PAUSE, signals=("pals", "pals", "mp")))
    assert found == {
        Trait("action", "pause"),
        Trait("length", "up_to_300"),
        Trait("label", "ongoing"),
        Trait("signal", "pals"),
        Trait("signal", "mp"),
    }


@pytest.mark.parametrize(
    ("characters", "length"),
    [
        (300, "up_to_300"),
        (301, "up_to_1000"),
        (1_000, "up_to_1000"),
        (1_001, "up_to_3000"),
        (3_000, "up_to_3000"),
        (3_001, "up_to_10000"),
        (10_000, "up_to_10000"),
        (10_001, "over_10000"),
    ],
)
def test_length_is_that_of_title_and_text(characters, length):
    assert Trait("length", length) in traits(_story(characters - 2, title="ab"), _assessment())


def test_every_trait_is_among_the_features():
    found = traits(_story(), _assessment(*LABELS, action=Action.ADVISE, signals=FEATURES["signal"]))
    assert all(trait.value in FEATURES[trait.feature] for trait in found)


def test_rates_are_shares_of_all_stories():
    paused = traits(_story(), _assessment(Label.ONGOING, Label.OMBUDSMAN, action=Action.PAUSE))
    calm = traits(_story(400), _assessment())
    found = profile([paused, calm, calm, calm])
    assert found.stories == 4
    assert found.rates["action"] == {"pause": 0.25, "review": 0.0, "advise": 0.0, "continue": 0.75}
    assert found.rates["label"] == {"planned": 0.0, "ongoing": 0.25, "completed": 0.0, "ombudsman": 0.25}
    assert found.rates["length"]["up_to_1000"] == 0.75


def test_profile_of_no_story_has_no_rates():
    assert profile([]) == profile_of({}, stories=0)
    assert set(profile([]).rates["action"].values()) == {0.0}


def test_profile_keeps_its_values_through_a_manifest():
    found = profile([traits(_story(), _assessment(Label.PLANNED, signals=("pals",)))])
    manifest = json.loads(json.dumps({"figures": {"profile": found.to_dict()}}))
    assert stated_profile(manifest) == found


@pytest.mark.parametrize("manifest", [{}, {"figures": None}, {"figures": {}}, {"figures": {"profile": None}}])
def test_bundle_without_a_profile_states_none(manifest):
    assert stated_profile(manifest) is None


def test_trait_that_a_profile_does_not_know_has_rate_0():
    known = stated_profile({"figures": {"profile": {"stories": 3, "rates": {"label": {"ongoing": 0.5}}}}})
    assert known.rates["label"]["ongoing"] == 0.5
    assert known.rates["signal"]["pals"] == 0.0


@pytest.mark.parametrize(
    "stated",
    [
        [],
        {"stories": 1},
        {"stories": "many", "rates": {}},
        {"stories": 1, "rates": {"label": {"ongoing": 1.5}}},
        {"stories": 1, "rates": {"label": {"ongoing": True}}},
        {"stories": 1, "rates": {"label": [1]}},
    ],
)
def test_what_is_no_profile_is_refused_by_its_place(stated):
    with pytest.raises(BundleError, match=r"^bundle\.json: figures\.profile: .* Export the bundle anew\.$"):
        stated_profile({"figures": {"profile": stated}})


def _rates(**changed):
    rates = {feature: dict.fromkeys(values, 0.0) for feature, values in FEATURES.items()}
    rates["action"]["continue"] = rates["length"]["up_to_300"] = 1.0
    return Profile(stories=10, rates=rates | {name: rates[name] | value for name, value in changed.items()})


def test_profile_does_not_diverge_from_itself():
    calm = _rates(label={"ongoing": 0.25})
    assert divergence(calm, calm) == {"action": 0.0, "label": 0.0, "signal": 0.0, "length": 0.0}


def test_nothing_in_common_diverges_by_1():
    found = divergence(_rates(), _rates(action={"continue": 0.0, "pause": 1.0}, signal={"pals": 1.0}))
    assert (found["action"], found["signal"], found["length"]) == (1.0, 1.0, 0.0)


def test_divergence_is_the_textbook_value_and_the_same_both_ways():
    half = _rates(action={"continue": 0.5, "pause": 0.5})
    # 1/2 * (1 * log2(1 / 0.75)) + 1/2 * (0.5 * log2(0.5 / 0.75) + 0.5 * log2(0.5 / 0.25))
    assert divergence(_rates(), half)["action"] == pytest.approx(0.311278, abs=1e-6)
    assert divergence(half, _rates())["action"] == pytest.approx(0.311278, abs=1e-6)


def test_label_that_moved_most_stands_for_all():
    moved = _rates(label={"planned": 0.5, "ongoing": 0.01})
    assert divergence(_rates(), moved)["label"] == pytest.approx(0.311278, abs=1e-6)
