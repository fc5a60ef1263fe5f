"""How often stories have which traits, so that the stories of today can be held against those a model knew.

traits(story, assessment)    what is counted of one story: no word of it
profile(...)                 the rates over many; training states one in a bundle's figures
divergence(...)              how far two profiles lie apart, 0 (the same) to 1 (nothing in common)
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from classifier.assessment import Action, Assessment
from classifier.errors import BundleError
from classifier.labels import LABELS
from classifier.signals import signal_kinds
from classifier.story import Story

_LENGTHS = {"up_to_300": 300, "up_to_1000": 1_000, "up_to_3000": 3_000, "up_to_10000": 10_000}
_LONGER = "over_10000"

FEATURES: dict[str, tuple[str, ...]] = {
    "action": tuple(map(str, Action)),
    "label": tuple(map(str, LABELS)),
    "signal": signal_kinds(),
    "length": (*_LENGTHS, _LONGER),
}
"""What is counted and the values each may have; ``length`` is that of title and text, in characters."""

_ONE_EACH = ("action", "length")
"""A story has exactly one of these; of labels and signals it may have any number."""


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that is counted of a story, e.g. the action ``pause``."""

    feature: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The share of ``stories`` that have each trait, in 0..1, by feature and value (see ``FEATURES``)."""

    stories: int
    rates: dict[str, dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def traits(story: Story, assessment: Assessment) -> frozenset[Trait]:
    """What is counted of one story.

    >>> from classifier import ComplaintClassifier  # doctest: +SKIP
    >>> sorted(trait.value for trait in traits(story, classifier.assess(story)))  # doctest: +SKIP
    ['complaint_word', 'ongoing', 'pause', 'up_to_300']
    """
    return frozenset(
        {
            Trait("action", str(assessment.action)),
            Trait("length", _length(story)),
            *(Trait("label", str(label)) for label in assessment.labels),
            *(Trait("signal", signal.kind) for signal in assessment.signals),
        }
    )


def profile(stories: Iterable[frozenset[Trait]]) -> Profile:
    """The rates over ``stories``, each given as its traits."""
    counts, total = Counter[Trait](), 0
    for each in stories:
        counts.update(each)
        total += 1
    return profile_of(counts, stories=total)


def profile_of(counts: Mapping[Trait, int], *, stories: int) -> Profile:
    """The rates where ``counts`` of ``stories`` have each trait; all 0 where there is no story."""
    return Profile(
        stories=stories,
        rates={
            feature: {value: counts.get(Trait(feature, value), 0) / (stories or 1) for value in values}
            for feature, values in FEATURES.items()
        },
    )


def stated_profile(manifest: Mapping[str, Any]) -> Profile | None:
    """The profile that a bundle's manifest states in its figures; None where it states none.

    A value that is not stated has rate 0: no story had it, perhaps as the model is older than the value.

    Raises:
        BundleError: what is stated there is no profile.
    """
    stated = (manifest.get("figures") or {}).get("profile")
    if stated is None:
        return None
    try:
        rates = {
            feature: {value: _rate(stated["rates"].get(feature, {}).get(value, 0.0)) for value in values}
            for feature, values in FEATURES.items()
        }
        return Profile(stories=int(stated["stories"]), rates=rates)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        place = "bundle.json: figures.profile"
        raise BundleError(f"{place}: {type(error).__name__} at {error}. Export the bundle anew.") from None


def divergence(live: Profile, reference: Profile) -> dict[str, float]:
    """For each feature the Jensen-Shannon divergence of its rates, base 2: 0 the same, 1 nothing in common.

    Labels and signals do not exclude each other, so each is compared on its own (has it, has it not), and
    the one that moved most stands for its feature.
    """
    return {feature: _apart(feature, live.rates[feature], reference.rates[feature]) for feature in FEATURES}


def _apart(feature: str, live: dict[str, float], reference: dict[str, float]) -> float:
    if feature in _ONE_EACH:
        return _jensen_shannon([(live[value], reference[value]) for value in live])
    pairs = [(live[value], reference[value]) for value in live]
    return max(_jensen_shannon([(p, q), (1 - p, 1 - q)]) for p, q in pairs)


def _jensen_shannon(pairs: list[tuple[float, float]]) -> float:
    found = 0.0
    for p, q in pairs:
        middle = (p + q) / 2
        found += sum(share / 2 * math.log2(share / middle) for share in (p, q) if share > 0)
    return min(max(found, 0.0), 1.0)  # rounding may leave a hair beyond either end


def _length(story: Story) -> str:
    characters = len(story.title) + len(story.text)
    return next((name for name, most in _LENGTHS.items() if characters <= most), _LONGER)


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a rate that is not in 0..1")
    return float(value)
