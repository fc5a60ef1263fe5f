"""The counts of the data sheet, as Markdown."""

from collections import Counter
from collections.abc import Iterable, Sequence

from classifier.assessment import Nation
from classifier.labels import LABELS
from training.slices import WORD_BANDS, band_name, phenomena, word_band
from training.splits import split
from training.stories import LabelledStory

_LEAST_PHENOMENON = 20


def render_sheet(stories: Sequence[LabelledStory]) -> str:
    """Counts by label set, nation, length, phenomenon, split and file."""
    parts = split(list(stories))
    sections = [
        f"{len(stories):,} stories: {len(parts.train):,} train, {len(parts.dev):,} dev, "
        f"{len(parts.test):,} frozen test, {len(parts.left_out):,} left out as too close to a test story; "
        f"{sum(s.borderline for s in stories):,} borderline.",
        _counts("label set", Counter("+".join(s.labels) or "none" for s in stories)),
        _counts("label", Counter(str(label) for s in stories for label in s.labels), keys=LABELS),
        _counts("nation", Counter(str(s.nation) for s in stories), keys=Nation),
        _counts("words", Counter(map(word_band, stories)), keys=[band_name(*band) for band in WORD_BANDS]),
        _counts("phenomenon", _phenomena(stories)),
        _counts("file", Counter(s.source for s in stories), keys=sorted({s.source for s in stories})),
    ]
    return "\n\n".join(sections)


def _phenomena(stories: Iterable[LabelledStory]) -> Counter[str]:
    counts = Counter(tag for s in stories for tag in phenomena(s))
    return Counter({tag: count for tag, count in counts.items() if count >= _LEAST_PHENOMENON})


def _counts(name: str, counts: Counter[str], *, keys: Iterable[str] | None = None) -> str:
    rows = [(str(key), counts[str(key)]) for key in keys] if keys else counts.most_common()
    return "\n".join([f"| {name} | stories |", "| --- | --- |", *(f"| {key} | {n} |" for key, n in rows)])
