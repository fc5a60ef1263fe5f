"""Whether the stories of today are like those that the model knew: rates, never words.

Rates over the last stories stand beside the profile that the model's bundle states (``classifier.profile``).
That profile is of labelled stories, which hold far more complaints than live ones do: how far the two lie
apart says little, that the distance *changes* says a lot. A bundle without a profile has live rates only.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from classifier.assess import ComplaintClassifier
from classifier.assessment import Assessment
from classifier.errors import BundleError
from classifier.profile import Profile, Trait, divergence, profile_of, stated_profile, traits
from classifier.story import Story
from serve.batcher import Stages

logger = logging.getLogger(__name__)


class Drift(Collector):
    """The traits of the last ``stories`` stories, as an observer of the assessor and for /metrics."""

    def __init__(self, *, stories: int) -> None:
        self._last: deque[frozenset[Trait]] = deque()
        self._most = stories
        self._counts = Counter[Trait]()
        self._model: str | None = None
        self.reference: Profile | None = None

    @property
    def live(self) -> Profile:
        """The rates over the stories that are remembered."""
        return profile_of(self._counts, stories=len(self._last))

    def assessed(self, story: Story, assessment: Assessment, stages: Stages) -> None:
        """Counts a story, and forgets the oldest where there are enough."""
        if assessment.model != self._model:
            return  # a batch under way at a reload was read by the model before
        found = traits(story, assessment)
        self._last.append(found)
        self._counts.update(found)
        if len(self._last) > self._most:
            self._counts.subtract(self._last.popleft())

    def model_changed(self, classifier: ComplaintClassifier) -> None:
        """Starts anew: another model has other rates and another profile."""
        self._model = classifier.bundle.name
        self._last.clear()
        self._counts.clear()
        self.reference = _reference(classifier)

    def describe(self) -> list[Metric]:
        """The gauges without values."""
        return list(_gauges())

    def collect(self) -> Iterator[Metric]:
        """The gauges of now; empty are those that need a reference where there is none, or a story."""
        stories, live_rate, reference_rate, apart = _gauges()
        live = self.live
        stories.add_metric([], live.stories)
        if live.stories:
            _add_rates(live_rate, live)
        if self.reference is not None:
            _add_rates(reference_rate, self.reference)
        if live.stories and self.reference is not None:
            for feature, found in divergence(live, self.reference).items():
                apart.add_metric([feature], found)
        yield from (stories, live_rate, reference_rate, apart)


def _reference(classifier: ComplaintClassifier) -> Profile | None:
    try:
        return stated_profile(classifier.bundle.manifest)
    except BundleError as error:
        logger.warning("%s Until then there is nothing to compare the live rates with.", error)
        return None


def _gauges() -> tuple[GaugeMetricFamily, ...]:
    labels = ["feature", "value"]
    return (
        GaugeMetricFamily("complaint_context_drift_stories", "Stories that the live rates are over."),
        GaugeMetricFamily("complaint_context_live_rate", "Share of the last stories, 0..1.", labels=labels),
        GaugeMetricFamily(
            "complaint_context_reference_rate", "Share in the profile that the model states.", labels=labels
        ),
        GaugeMetricFamily(
            "complaint_context_drift",
            "Jensen-Shannon divergence of live and reference rates: 0 the same, 1 nothing in common.",
            labels=["feature"],
        ),
    )


def _add_rates(gauge: GaugeMetricFamily, profile: Profile) -> None:
    for feature, rates in profile.rates.items():
        for value, rate in rates.items():
            gauge.add_metric([feature, value], rate)
