"""How fast stories are read, where the time goes, and what else a user might have picked.

    make bench    the same as: python tests/bench/speed.py [--comments comments.jsonl]

Writes tests/bench/report.md. Times are medians; compare them within a report, not between two.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import alternatives
import http_time
import matmul
import numpy as np
from live import ABOUT, live_stories

from classifier.assess import ComplaintClassifier, sift
from classifier.assessment import to_json
from classifier.cues import find_cues
from classifier.nation import find_nation
from classifier.pieces import StoryPieces, cut_pieces
from classifier.policy.decide import decide
from classifier.sentences import sentences
from classifier.signals import find_signals
from classifier.story import FIELDS, Story
from classifier.windows import windows_of
from training.comments import read_comments
from training.splits import Splits, split
from training.stories import read_stories

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("complaint-context")
BACKLOG = 4000
CHUNK = 256
LENGTHS = (1, 10, 50, 200, 1000, 5000, 20_000, 50_000)


@dataclass(frozen=True)
class Texts:
    """``live``: a backlog with one labelled story in a hundred. ``comments``: real ones, if any are given."""

    live: list[Story]
    labelled: list[Story]
    comments: list[Story]
    splits: Splits


def main() -> None:
    """Measures, then writes the report."""
    options = _options()
    texts = _texts(options.comments)
    gated, whole = (ComplaintClassifier.load(gate=gate) for gate in (True, False))
    report = [*_head(gated), *_backlog(texts, gated, whole), *_latency(texts, gated, whole)]
    report += [*_stages(texts, gated), *_growth(gated, whole), *_start(), *_peak(whole)]
    options.report.write_text("\n".join(report) + "\n", encoding="utf-8")
    print(f"{options.report}: written.", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--comments", type=Path, help="labelled comments from outside the project, too")
    parser.add_argument("--report", type=Path, default=Path(__file__).with_name("report.md"))
    return parser.parse_args()


def _texts(comments: Path | None) -> Texts:
    splits = split(read_stories(ROOT / "data" / "stories"))
    outside = [comment.story for comment in read_comments(comments)] if comments else []
    labelled = [one.story for one in splits.dev if one.labels]
    return Texts(list(live_stories(splits, BACKLOG)), labelled, outside, splits)


def _head(classifier: ComplaintClassifier) -> Iterator[str]:
    yield "# Speed"
    yield ""
    yield (
        f"{classifier.bundle.name} on {os.cpu_count()} cores ({platform.machine()}); load average "
        f"{os.getloadavg()[0]:.1f} at the start. Written by `tests/bench/speed.py`; milliseconds unless said."
    )
    yield ""


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _rate(classifier: ComplaintClassifier, stories: Sequence[Story], workers: int = 2) -> float:
    list(classifier.assess_many(stories[:64], workers=workers))
    return len(stories) / _timed(lambda: list(classifier.assess_many(stories, workers=workers)))


def _rate_of_processes(stories: Sequence[Story], *, gate: bool = True) -> float:
    """As `score` reads a backlog: a process a core, each with its model, from stories to lines of JSON."""
    cores = os.cpu_count() or 1
    chunks = [stories[start : start + CHUNK] for start in range(0, len(stories), CHUNK)]
    with ProcessPoolExecutor(
        cores, mp_context=get_context("spawn"), initializer=_load, initargs=(gate,)
    ) as pool:
        list(pool.map(_read, [stories[:64]] * 4 * cores))  # so that all have started
        return len(stories) / _timed(lambda: list(pool.map(_read, chunks)))


_process: list[ComplaintClassifier] = []
"""The model of a process that ``_rate_of_processes`` started."""


def _load(gate: bool) -> None:
    _process.append(ComplaintClassifier.load(gate=gate))


def _read(stories: Sequence[Story]) -> list[str]:
    return [to_json(answer.to_dict()) for answer in _process[0].assess_many(stories, workers=1)]


def _backlog(texts: Texts, gated: ComplaintClassifier, whole: ComplaintClassifier) -> Iterator[str]:
    figures = gated.bundle.manifest["figures"]
    words = np.mean([len(one.text.split()) for one in texts.live])
    yield "## A backlog"
    yield ""
    yield (
        f"{len(texts.live):,} stories made from our own, {ABOUT}; {words:.0f} words on average. Quality: "
        "macro-F1 on the frozen test set."
    )
    yield ""
    yield "| | stories a second | times the pipeline | macro-F1 |"
    yield "| --- | --- | --- | --- |"
    ours, ungated = _rate_of_processes(texts.live), _rate_of_processes(texts.live[:1000], gate=False)
    in_one = _rate(gated, texts.live)
    others = list(alternatives.measure_alternatives(texts.live, texts.splits, figures))
    pipeline = others[0].rate
    test = figures["test"]["macro_f1"]
    without = (figures.get("gate") or {}).get("test_ungated", figures["test"])["macro_f1"]
    rows = [
        ("complaint-context, a process a core", ours, test),
        ("complaint-context --no-gate, a process a core", ungated, without),
        ("complaint-context, two threads", in_one, test),
    ]
    rows += [(other.name, other.rate, other.macro_f1) for other in others]
    for name, rate, macro_f1 in rows:
        yield f"| {name} | {rate:,.0f} | {rate / pipeline:.1f} | {macro_f1:.3f} |"
    yield ""
    yield "The pipeline is fp32 transformers on the base encoder as `sequence-classification` fine-tunes it."
    yield ""
    if texts.comments:
        passed = 1 - np.mean([one.held_back for one in sift(texts.comments, bundle=gated.bundle)])
        rate, in_one = _rate_of_processes(texts.comments), _rate(gated, texts.comments)
        plain = alternatives.pipeline_rate(texts.comments[:: max(1, len(texts.comments) // 400)])
        yield (
            f"Real comments from outside ({len(texts.comments):,}, "
            f"{np.mean([len(c.text.split()) for c in texts.comments]):.0f} words on average): {rate:,.0f} a "
            f"second with a process a core, {rate / plain:.1f} times the pipeline; {in_one:,.0f} with two "
            f"threads. The encoder reads {passed:.1%} of them."
        )
        yield ""
    yield from _command(texts)


def _command(texts: Texts) -> Iterator[str]:
    """`score` as an operator runs it: start, reading and writing of files included."""
    yield "| `complaint-context score`, stories | workers | seconds in all | a second |"
    yield "| --- | --- | --- | --- |"
    for size, workers in ((1000, 1), (4000, 1), (16_000, 1), (16_000, 2), (16_000, 4)):
        stories = [texts.live[number % len(texts.live)] for number in range(size)]
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "in.jsonl"
            rows = ({"id": str(n), "title": s.title, "text": s.text} for n, s in enumerate(stories))
            source.write_text("".join(to_json(row) + "\n" for row in rows), encoding="utf-8")
            command = [COMMAND, "score", source, Path(folder) / "out.jsonl", "--workers", str(workers)]
            seconds = _timed(partial(subprocess.run, command, check=True, stderr=subprocess.DEVNULL))
        yield f"| {size:,} | {workers} | {seconds:.1f} | {size / seconds:,.0f} |"
    yield ""
    yield "Memory, and a larger backlog: [backlog.md](backlog.md)."
    yield ""


def _latency(texts: Texts, gated: ComplaintClassifier, whole: ComplaintClassifier) -> Iterator[str]:
    yield "## One story"
    yield ""
    yield "| words | stories | gate | p50 | p95 | p99 | pipeline p50 |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    read = alternatives.pipeline_reader()
    for low, high in ((1, 30), (30, 80), (80, 150), (150, 400)):
        chosen = [one for one in texts.live[:1500] + texts.labelled if low <= len(one.text.split()) < high][
            :150
        ]
        if not chosen:
            continue
        pipeline = median(_timed(partial(read, one)) for one in chosen[:40])
        dark = [s.pieces.story for s in sift(chosen, bundle=gated.bundle) if s.held_back]
        for name, classifier, stories in (("held back", gated, dark), ("off, read whole", whole, chosen)):
            if stories:
                times = [_timed(partial(classifier.assess, one)) for one in stories]
                shown = " | ".join(f"{1000 * np.percentile(times, p):.2f}" for p in (50, 95, 99))
                yield f"| {low}-{high} | {len(stories)} | {name} | {shown} | {1000 * pipeline:.1f} |"
    yield ""
    yield "| 200 words read whole | one thread | two threads | pipeline | times one thread | times two |"
    yield "| --- | --- | --- | --- | --- | --- |"
    two = ComplaintClassifier.load(threads=2, gate=False)
    ordinary, telling = (
        _words(200),
        f"{_words(186)} I made a formal complaint and I am still waiting for their answer.",
    )
    for name, text in (
        ("nothing to find: a draft", ordinary),
        ("a complaint: a draft, then for good", telling),
    ):
        yield f"| {name} | {_side_by_side(Story(id='s', text=text), two=two, whole=whole, read=read)} |"
    yield ""
    dark = [one.pieces.story for one in sift(texts.live, bundle=gated.bundle) if one.held_back][:300]
    yield "| over HTTP, one connection | p50 | p95 | p99 |"
    yield "| --- | --- | --- | --- |"
    yield from http_time.lines(dark, texts.labelled[:100])
    yield ""


def _side_by_side(
    story: Story, *, two: ComplaintClassifier, whole: ComplaintClassifier, read: Callable[[Story], object]
) -> str:
    calls = (partial(whole.assess, story), partial(two.assess, story), partial(read, story))
    times: list[list[float]] = [[], [], []]
    for number in range(28):  # taking turns, so that a busy moment hits all alike
        for call, taken in zip(calls, times, strict=True):
            seconds = _timed(call)
            if number >= 3:
                taken.append(seconds)
    one, both, plain = map(median, times)
    shown = " | ".join(f"{1000 * seconds:.1f}" for seconds in (one, both, plain))
    return f"{shown} | {plain / one:.1f} | {plain / both:.1f}"


def _stages(texts: Texts, classifier: ComplaintClassifier) -> Iterator[str]:
    bundle, policy = classifier.bundle, classifier.policy
    yield "## Where the time goes"
    yield ""
    yield "| stage | a story held back | a story read |"
    yield "| --- | --- | --- |"
    sifted = sift(texts.live, bundle=bundle)
    dark = [one.pieces.story for one in sifted if one.held_back][:200]
    lit = texts.labelled[:200]
    stages: dict[str, Callable[[Story], object]] = {
        "word pieces": lambda s: list(map(_ids, cut_pieces([s], tokenizer=bundle.tokenizer))),
        "cues": find_cues,
        "nation": find_nation,
        "signals": find_signals,
        "policy": lambda s: decide((), policy=policy, nation="unknown", author_confirmed=False),
    }
    if bundle.gate:
        gate = bundle.gate
        pieces = {s.id: cut_pieces([s], tokenizer=bundle.tokenizer)[0] for s in (*dark, *lit)}
        stages["gate"] = lambda s: gate.scores(_ids(pieces[s.id]))
    reads = {
        "sentences": sentences,
        "windows": lambda s: windows_of(
            cut_pieces([s], tokenizer=bundle.tokenizer)[0], tokenizer=bundle.tokenizer, size=bundle.window
        ),
        "encoder": lambda s: bundle.encoder.sentence_logits(
            windows_of(
                cut_pieces([s], tokenizer=bundle.tokenizer)[0], tokenizer=bundle.tokenizer, size=bundle.window
            )
        ),
    }
    for name, stage in stages.items():
        yield f"| {name} | {_mean_ms(stage, dark)} | {_mean_ms(stage, lit)} |"
    for name, stage in reads.items():
        yield f"| {name}{' (with sentences)' if name == 'windows' else ''} | - | {_mean_ms(stage, lit)} |"
    yield f"| all | {_mean_ms(classifier.assess, dark)} | {_mean_ms(classifier.assess, lit)} |"
    answers = [classifier.assess(story) for story in lit[:50]]
    seconds = _timed(lambda: [to_json(answer.to_dict()) for answer in answers])
    yield f"| as JSON | | {1000 * seconds / len(answers):.3f} |"
    yield ""


def _ids(pieces: StoryPieces) -> list[list[int]]:
    return [pieces.of(field).ids for field in FIELDS]


def _mean_ms(stage: Callable[[Story], object], stories: Sequence[Story]) -> str:
    if not stories:
        return "-"
    for story in stories[:5]:
        stage(story)
    return f"{1000 * _timed(lambda: [stage(story) for story in stories]) / len(stories):.3f}"


def _growth(gated: ComplaintClassifier, whole: ComplaintClassifier) -> Iterator[str]:
    yield "## As stories grow"
    yield ""
    yield "| words | held back | a word, microseconds | read whole | a word, microseconds |"
    yield "| --- | --- | --- | --- | --- |"
    for length in LENGTHS:
        story = Story(id="s", text=_words(length))
        repeats = 1 if length > 1000 else 5
        times = [median(_timed(partial(one.assess, story)) for _ in range(repeats)) for one in (gated, whole)]
        shown = " | ".join(f"{1000 * t:.1f} | {1e6 * t / length:.0f}" for t in times)
        yield f"| {length:,} | {shown} |"
    yield ""


def _words(count: int) -> str:
    kind = "The staff on the ward were kind to my mother and the room was clean."
    return " ".join((kind.split() * (count // 14 + 1))[:count])


def _start() -> Iterator[str]:
    command = [COMMAND, "classify", "Kind staff."]
    times = [_timed(partial(subprocess.run, command, capture_output=True, check=True)) for _ in range(5)]
    yield "## Start"
    yield ""
    yield (
        f"`complaint-context classify`, start to answer: {min(times):.2f} s at best, {median(times):.2f} s "
        "in the middle of five, in this development install, where spaCy's back end imports torch, too."
    )
    yield ""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"Most memory of this bench itself, alternatives included: {most:,.0f} MB."
    yield ""


def _peak(whole: ComplaintClassifier) -> Iterator[str]:
    yield "## How near the processor's limit"
    yield ""
    yield from matmul.lines(whole)


if __name__ == "__main__":
    main()
