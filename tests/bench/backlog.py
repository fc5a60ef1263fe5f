"""A backlog of half a million stories, scored from a cold start, killed three times, and compared.

    make bench-backlog    the same as: python tests/bench/backlog.py [--stories N] [--work FOLDER]

Writes tests/bench/backlog.md. The stories are those of `live.py`.
"""

import argparse
import os
import platform
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median

import alternatives
import numpy as np
from live import ABOUT, live_stories

from classifier.assess import ComplaintClassifier, sift
from classifier.assessment import to_json
from classifier.backlog.rows import read_rows
from training.splits import split
from training.stories import read_stories

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("complaint-context")
KILLS = 3
COMPARED = 4000
"""Stories of the backlog that the pipeline is timed on, beside ours."""
PIPELINE_BATCH = 32
_READ = """
import sys
from pathlib import Path
from classifier.backlog.job import Input, Job
for shard in Input(Job(source=sys.argv[1], output="unused.jsonl")).shards("run"):
    assert shard.batches
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""
_LARGE = "The staff were kind and the ward was clean, but the wait was long. " * 10


@dataclass(frozen=True)
class Measured:
    """A run of the command: ``peak`` in MB, of all its processes together."""

    seconds: float
    peak: float


def main() -> None:
    """Measures, then writes the report."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    stories = options.work / "stories.jsonl"
    words = _make(stories, options.stories)
    whole = _score(stories, options.work / "whole.jsonl")
    killed, kills = _score_killed(stories, options.work / "killed.jsonl")
    equal = _digest(options.work / "whole.jsonl") == _digest(options.work / "killed.jsonl")
    reading = _reading(options.work / "large.jsonl", options.bytes)
    lines = [
        "# A backlog",
        "",
        f"{options.stories:,} stories made from our own, {ABOUT}; {words:.0f} words on average "
        f"({stories.stat().st_size / 1e6:,.0f} MB). Scored by `complaint-context score` on {os.cpu_count()} "
        f"cores ({platform.machine()}), one process a core. Written by `tests/bench/backlog.py`.",
        "",
        "| run | seconds | stories a second | most memory of all processes, MB |",
        "| --- | --- | --- | --- |",
        _row("undisturbed, from a cold start", whole, options.stories),
        _row(f"killed (-9) after {_list(kills)} s of its attempts, and resumed", killed, options.stories),
        "",
        f"The two outputs are {'the same to the byte' if equal else 'NOT THE SAME'}.",
        "",
        *_compare(stories),
        "",
        "## A large file",
        "",
        reading,
    ]
    options.report.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{options.report}: written.", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--stories", type=int, default=500_000)
    parser.add_argument("--bytes", type=float, default=2e9, help="size of the large file")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "backlog")
    parser.add_argument("--report", type=Path, default=Path(__file__).with_suffix(".md"))
    return parser.parse_args()


def _make(file: Path, number: int) -> float:
    """Writes the backlog; the mean number of words of a story."""
    splits, words = split(read_stories(ROOT / "data" / "stories")), 0
    with file.open("w", encoding="utf-8") as lines:
        for story in live_stories(splits, number):
            words += len(story.text.split())
            lines.write(to_json({"id": story.id, "title": story.title, "text": story.text}) + "\n")
    return words / number


def _score(stories: Path, output: Path) -> Measured:
    _forget(output)
    begun = time.monotonic()
    process = subprocess.Popen([COMMAND, "score", stories, output])
    peak = _watch(process)
    if process.returncode:
        raise SystemExit(f"score ended with {process.returncode}")
    return Measured(time.monotonic() - begun, peak)


def _score_killed(stories: Path, output: Path) -> tuple[Measured, list[float]]:
    """Kills at random moments while a part of the backlog is done; the time of all attempts together."""
    _forget(output)
    dice, kills, seconds, peak = random.Random(9), list[float](), 0.0, 0.0
    for _ in range(KILLS):
        begun = time.monotonic()
        process = subprocess.Popen([COMMAND, "score", stories, output])
        threading.Timer(dice.uniform(10, 60), process.kill).start()
        peak = max(peak, _watch(process))
        kills.append(time.monotonic() - begun)
        seconds += kills[-1]
        if process.returncode == 0:
            raise SystemExit("score ended before it was killed: give it more --stories")
    last = subprocess.Popen([COMMAND, "score", stories, output])
    begun = time.monotonic()
    peak = max(peak, _watch(last))
    if last.returncode:
        raise SystemExit(f"score ended with {last.returncode}")
    return Measured(seconds + time.monotonic() - begun, peak), kills


def _forget(output: Path) -> None:
    output.unlink(missing_ok=True)
    output.with_name(f"{output.stem}.manifest.json").unlink(missing_ok=True)


def _watch(process: subprocess.Popen[bytes]) -> float:
    """Waits for a process; the most memory of it and its children together, in MB, seen twice a second."""
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(_resident(pid) for pid in (process.pid, *_children(process.pid))))
        time.sleep(0.5)
    return peak


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _compare(file: Path) -> Iterator[str]:
    """Ours and the pipeline in turns, on the same part of the backlog; and what the gate loses of it."""
    stories = [row.story for row, _ in zip(read_rows(file), range(COMPARED), strict=False) if row.story]
    gated, whole = (ComplaintClassifier.load(gate=gate) for gate in (True, False))
    ours, pipeline = list[float](), list[float]()
    for part in np.array_split(np.arange(len(stories)), 8):
        chosen = [stories[number] for number in part]
        begun = time.perf_counter()
        list(gated.assess_many(chosen))
        ours.append(len(chosen) / (time.perf_counter() - begun))
        few = chosen[::5]
        pipeline.append(alternatives.dataset_pipeline_rate(few, batch=PIPELINE_BATCH))
    passed = 1 - np.mean([one.held_back for one in sift(stories, bundle=gated.bundle)])
    read = [one for one in whole.assess_many(stories) if one.labels]
    kept = {one.id: one.labels for one in gated.assess_many(stories)}
    lost = sum(kept[one.id] != one.labels for one in read)
    threshold = (gated.bundle.manifest["figures"].get("gate") or {}).get("threshold", {})
    yield "## Beside a pipeline"
    yield ""
    yield (
        f"The first {len(stories):,} of these stories in one process, taking turns: {median(ours):,.0f} a "
        "second; a transformers text-classification pipeline over `datasets` (the same encoder, fp32, in "
        f"batches of {PIPELINE_BATCH}) {median(pipeline):,.0f}: {median(ours) / median(pipeline):.1f} times "
        f"as fast. The gate passes {passed:.1%} of them."
    )
    yield ""
    yield (
        f"Of the encoder's {len(read)} positive decisions on these stories the gate loses {lost}. Out of "
        "fold on all labelled stories, with and without a word of complaint: "
        f"{len(threshold.get('missed', []))} of {threshold.get('positives', 0):,} (see the model card)."
    )


def _reading(file: Path, size: float) -> str:
    """What the process that reads, cuts and writes holds of a large file; its workers hold a batch each."""
    rows = 0
    with file.open("w", encoding="utf-8") as lines:
        while lines.tell() < size:
            for _ in range(10_000):
                lines.write(to_json({"id": f"{rows}", "text": f"Story {rows}. " + _LARGE}) + "\n")
                rows += 1
    begun = time.monotonic()
    read = subprocess.run([sys.executable, "-c", _READ, file], check=True, stdout=subprocess.PIPE)
    seconds, peak = time.monotonic() - begun, int(read.stdout) / 1024
    file.unlink()
    return (
        f"{size / 1e9:.1f} GB, {rows:,} stories: the process that reads rows, remembers ids and cuts shards "
        f"goes through it in {seconds:,.0f} s and holds at most {peak:,.0f} MB. What workers hold does not "
        "depend on the size of the file."
    )


def _row(name: str, run: Measured, stories: int) -> str:
    return f"| {name} | {run.seconds:,.0f} | {stories / run.seconds:,.0f} | {run.peak:,.0f} |"


def _list(seconds: list[float]) -> str:
    return ", ".join(f"{one:.0f}" for one in seconds)


def _digest(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as content:
        while piece := content.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


if __name__ == "__main__":
    main()
