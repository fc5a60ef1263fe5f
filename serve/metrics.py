"""What Prometheus may know of the service: counts and times, and never a path, an id or a word of a story.

Every label value comes from a list of ours (actions, labels, signal kinds, nations, kinds of problems, route
templates), so the number of series is bounded whatever is sent.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client import disable_created_metrics as _without_created
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from classifier.assess import ComplaintClassifier
from classifier.assessment import Action, Assessment, Nation
from classifier.labels import LABELS
from classifier.signals import signal_kinds
from classifier.story import Story
from serve import problems
from serve.assessor import Assessor
from serve.batcher import Stages
from serve.drift import Drift
from serve.problems import Kind, ProblemError
from serve.shadow import Shadow, ShadowReport
from serve.watch import Answered

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STORIES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one app, in a registry of their own; an observer of the assessor.

    Args:
        drift_stories: how many stories the live rates are over.
    """

    def __init__(self, *, drift_stories: int) -> None:
        _without_created()
        self.registry = CollectorRegistry()
        self.drift = Drift(stories=drift_stories)
        self.registry.register(self.drift)
        ProcessCollector(registry=self.registry)
        self._define_requests()
        self._define_stories()
        self._define_model()

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)

    def watch(self, assessor: Assessor) -> None:
        """Counts what ``assessor`` does; asks at each scrape how many stories wait and if it is ready."""
        assessor.observers.append(self)
        self._queue.set_function(lambda: assessor.waiting)
        self._ready.set_function(lambda: _succeeds(assessor.check_ready))
        self._shadow.shadow = assessor.shadow

    def answered(self, request: Answered) -> None:
        """Counts a request and the problems of its answer, also those of single stories."""
        status = f"{request.status // 100}xx"
        self._requests.labels(request.route, request.method, status).observe(request.duration_s)
        for problem in request.problems:
            self._problems.labels(problem).inc()

    def assessed(self, story: Story, assessment: Assessment, stages: Stages) -> None:
        """Counts an assessment."""
        self._stages.labels("queue").observe(stages.queued_s)
        self._stages.labels("read").observe(stages.read_s)
        if stages.batch_stories is not None:
            self._batch.observe(stages.batch_stories)
        self._actions.labels(str(assessment.action)).inc()
        self._nations.labels(str(assessment.nation)).inc()
        for reason in assessment.reasons:
            self._labels.labels(str(reason.label), "clear" if reason.clear else "possible").inc()
        for kind in {signal.kind for signal in assessment.signals}:
            self._signals.labels(kind).inc()
        self.drift.assessed(story, assessment, stages)

    def model_changed(self, classifier: ComplaintClassifier) -> None:
        """Names the model and the policy that are in service from now on."""
        self._changes.inc()
        self._model.clear()
        self._model.labels(classifier.bundle.name, classifier.policy.version).set(1)
        self.drift.model_changed(classifier)

    def logged(self, level: str) -> None:
        """Counts a line of the log; ``level`` is one of the standard names."""
        self._lines.labels(level.lower()).inc()

    def _define_requests(self) -> None:
        self._requests = self._histogram(
            "request_seconds", "From a request to the end of its answer.", ("route", "method", "status")
        )
        self._problems = self._counter("problems", "Faults of requests and of single stories.", "kind")
        # A series that begins at 0 lets rate() see its first event.
        _begin(self._problems, *((kind.name,) for kind in vars(problems).values() if isinstance(kind, Kind)))

    def _define_stories(self) -> None:
        self._stages = self._histogram("stage_seconds", "How long stories wait and are read.", ("stage",))
        self._batch = Histogram(
            "complaint_context_batch_stories", "Stories in a batch.", buckets=_STORIES, registry=self.registry
        )
        self._queue = Gauge(
            "complaint_context_queue_stories", "Stories that wait to be read.", registry=self.registry
        )
        self._actions = self._counter("actions", "Stories by action.", "action")
        self._labels = self._counter("labels", "Stories by label, clear or possible.", "label", "found")
        self._signals = self._counter("signals", "Stories by kind of signal in them.", "kind")
        self._nations = self._counter("nations", "Stories by nation.", "nation")
        _begin(self._actions, *((str(action),) for action in Action))
        _begin(self._labels, *((str(label), found) for label in LABELS for found in ("clear", "possible")))
        _begin(self._signals, *((kind,) for kind in signal_kinds()))
        _begin(self._nations, *((str(nation),) for nation in Nation))

    def _define_model(self) -> None:
        self._ready = Gauge(
            "complaint_context_ready", "Whether stories can be assessed, 1 or 0.", registry=self.registry
        )
        self._model = Gauge(
            "complaint_context_model_info",
            "The model and the policy in service.",
            ("model", "policy"),
            registry=self.registry,
        )
        self._changes = self._counter("model_changes", "Models put in service; the first is 1.")
        self._lines = self._counter("log_lines", "Lines of the log that tell of faults.", "level")
        _begin(self._lines, ("warning",), ("error",))
        self._shadow = _ShadowCounts()
        self.registry.register(self._shadow)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"complaint_context_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(f"complaint_context_{name}", text, labels, buckets=_SECONDS, registry=self.registry)


class _ShadowCounts(Collector):
    """The challenger's own counts, as they are at a scrape; a change of the model sets them back to 0."""

    def __init__(self) -> None:
        self.shadow: Shadow | None = None

    def collect(self) -> Iterator[Metric]:
        counts = CounterMetricFamily(
            "complaint_context_shadow", "Stories for the challenger.", labels=["outcome"]
        )
        if self.shadow is not None:
            with suppress(ProblemError):  # there is no challenger
                _add_outcomes(counts, self.shadow.report())
        yield counts


def _add_outcomes(counts: CounterMetricFamily, found: ShadowReport) -> None:
    counts.add_metric(["agreed"], found.read - found.disagreed)
    for outcome in ("disagreed", "failed", "dropped"):
        counts.add_metric([outcome], getattr(found, outcome))


def _succeeds(check: Callable[[], None]) -> bool:
    try:
        check()
    except ProblemError:
        return False
    return True


def _begin(counter: Counter, *values: tuple[str, ...]) -> None:
    for labels in values:
        counter.labels(*labels)
