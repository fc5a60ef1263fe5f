"""`complaint-context score` on a backlog: killed, starved, cut short, spread over processes and nodes."""

import gzip
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow
import pytest

from classifier.assessment import to_json

COMMAND = Path(sys.executable).with_name("complaint-context")
PATIENCE_S = 240
STORIES, SHARD = 1500, 100
SENTENCES = (
    "They were kind.",
    "I lodged a complaint.",
    "It was upheld, in full.",
    "We shall write to them.",
    "The ward was clean 😀.",
    "ongoing300000",
    "Tea came late & cold.",
)


@pytest.fixture(scope="module")
def backlog(tmp_path_factory):
    """A file of stories with two bad rows among them."""
    dice = random.Random(6)
    lines = [
        to_json(
            {
                "id": str(n),
                "title": dice.choice(("", "Our stay")),
                "text": " ".join(dice.choices(SENTENCES, k=3)),
            }
        )
        for n in range(STORIES)
    ]
    lines[400] = "not JSON"
    lines[1400] = '{"id": "empty", "text": ""}'
    file = tmp_path_factory.mktemp("backlog") / "stories.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def command(tiny_bundle):
    """The command line that scores."""

    def command(source, output, *options, shard=SHARD):
        words = ("score", source, output, "--model", tiny_bundle, "--shard-size", shard, *options)
        return [str(COMMAND), *map(str, words)]

    return command


def run(command, **options):
    return subprocess.run(command, capture_output=True, timeout=PATIENCE_S, **options)


@pytest.fixture(scope="module")
def whole(backlog, tiny_bundle, tmp_path_factory):
    """What one worker gives that nothing disturbs."""
    output = tmp_path_factory.mktemp("whole") / "out.jsonl"
    done = run(
        [str(COMMAND), "score", str(backlog), str(output), "--model", str(tiny_bundle), "--workers", "1"]
    )
    assert done.returncode == 0, done.stderr.decode()
    return output.read_bytes(), output.with_name("out.rejects.jsonl").read_bytes()


def parts(output):
    return sorted(output.with_name(output.name + ".parts").glob("_receipts/part-*.json"))


def wait_for_parts(process, output, number):
    until = time.monotonic() + PATIENCE_S
    while len(parts(output)) < number:
        assert process.poll() is None, "it ended too soon"
        assert time.monotonic() < until
        time.sleep(0.01)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers_of(process):
    names = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children(process.pid)}
    return [pid for pid, name in names.items() if "spawn_main" in name]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def check(output, whole):
    assert output.read_bytes() == whole[0]
    assert output.with_name(f"{output.name.split('.')[0]}.rejects.jsonl").read_bytes() == whole[1]
    assert not output.with_name(output.name + ".parts").exists()


def test_run_that_is_killed_again_and_again_ends_as_if_nothing_had_been(command, backlog, whole, tmp_path):
    output = tmp_path / "out.jsonl"
    for number in (1, 4, 8):
        process = subprocess.Popen(command(backlog, output, "--workers", 2), stderr=subprocess.DEVNULL)
        wait_for_parts(process, output, number)
        workers_then = children(process.pid)
        process.kill()
        process.wait()
        until = time.monotonic() + PATIENCE_S
        while any(map(is_alive, workers_then)):
            assert time.monotonic() < until, "its workers outlived it"
            time.sleep(0.05)
        assert not output.exists()
    done = run(command(backlog, output, "--workers", 2))
    assert done.returncode == 0
    told = done.stderr.decode()
    assert f"of {STORIES // SHARD} shards had been scored before and were kept." in told
    check(output, whole)


def test_worker_that_is_killed_costs_nothing_but_time(command, backlog, whole, tmp_path):
    output = tmp_path / "out.jsonl"
    process = subprocess.Popen(command(backlog, output, "--workers", 2), stderr=subprocess.PIPE)
    wait_for_parts(process, output, 2)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, told.decode()
    check(output, whole)


def heed_interrupts():
    """Where these tests run in the background, a shell may have had interrupts ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_says_how_to_go_on(command, backlog, whole, tmp_path):
    output = tmp_path / "out.jsonl"
    words = command(backlog, output, "--workers", 2)
    process = subprocess.Popen(words, stderr=subprocess.PIPE, preexec_fn=heed_interrupts)
    wait_for_parts(process, output, 1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=PATIENCE_S)
    said = "complaint-context: stopped. What is done is kept; the same command goes on from there."
    assert (process.returncode, said in told.decode().splitlines()) == (130, True), told.decode()
    assert run(command(backlog, output)).returncode == 0
    check(output, whole)


def test_interrupt_while_workers_start_ends_quietly(command, backlog, tmp_path):
    words = command(backlog, tmp_path / "out.jsonl", "--workers", 2)
    pipes = {"stderr": subprocess.PIPE, "start_new_session": True, "preexec_fn": heed_interrupts}
    process = subprocess.Popen(words, **pipes)
    until = time.monotonic() + PATIENCE_S
    while len(workers_of(process)) < 2:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    started = workers_of(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
    _, told = process.communicate(timeout=PATIENCE_S)
    said = "complaint-context: stopped. What is done is kept; the same command goes on from there."
    assert (process.returncode, told.decode().splitlines()) == (130, [said])
    assert not any(map(is_alive, started))


def test_file_that_cannot_grow_is_told_and_the_run_can_go_on(command, backlog, whole, tmp_path):
    output = tmp_path / "out.jsonl"

    def starve():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = run(command(backlog, output, "--workers", 1), preexec_fn=starve)
    (line,) = [line for line in done.stderr.decode().splitlines() if line.startswith("complaint-context:")]
    assert done.returncode == 1
    assert "cannot be written (File too large). Mend that, and run the same command again" in line
    assert not output.exists()
    assert len(parts(output)) == STORIES // SHARD  # each is small enough; what they are bound into is not
    done = run(command(backlog, output, "--workers", 1))
    assert f"{STORIES // SHARD} of" in done.stderr.decode() or "All of it" in done.stderr.decode()
    check(output, whole)


def test_two_runs_do_not_write_to_one_output(command, backlog, tmp_path):
    output = tmp_path / "out.jsonl"
    process = subprocess.Popen(command(backlog, output, "--workers", 1), stderr=subprocess.DEVNULL)
    wait_for_parts(process, output, 1)
    done = run(command(backlog, output, "--workers", 1))
    process.kill()
    process.wait()
    assert done.returncode == 1
    assert b"another run writes there. Wait for it, or name another output." in done.stderr


def test_input_that_changed_is_scored_anew_where_it_changed(command, backlog, tmp_path):
    source, output = tmp_path / "stories.jsonl", tmp_path / "out.jsonl"
    lines = backlog.read_text(encoding="utf-8").splitlines()
    source.write_text("\n".join(lines), encoding="utf-8")
    process = subprocess.Popen(command(source, output, "--workers", 1), stderr=subprocess.DEVNULL)
    wait_for_parts(process, output, 6)
    process.kill()
    process.wait()
    lines[300] = to_json({"id": "300", "text": "It was upheld."})
    source.write_text("\n".join(lines), encoding="utf-8")
    done = run(command(source, output, "--workers", 1))
    assert "1 shards had been scored from other stories, and were scored anew." in done.stderr.decode()
    again = tmp_path / "again.jsonl"
    run(command(source, again, "--workers", 1))
    assert output.read_bytes() == again.read_bytes()


def test_folder_of_packed_files_gives_the_same_answers(command, backlog, whole, tmp_path):
    folder = tmp_path / "in"
    (folder / "b").mkdir(parents=True)
    lines = backlog.read_bytes().splitlines(keepends=True)
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(b"".join(lines[:500])))
    zstd = pyarrow.Codec("zstd")
    (folder / "b" / "b.jsonl.zst").write_bytes(zstd.compress(b"".join(lines[500:1000]), asbytes=True))
    (folder / "c.jsonl").write_bytes(b"".join(lines[1000:]))
    (folder / "notes.txt").write_text("Not stories.")
    output = tmp_path / "parts"
    assert run(command(folder, output, "--workers", 2)).returncode == 0
    found = b"".join(part.read_bytes() for part in sorted(output.glob("part-*.jsonl")))
    assert found == whole[0]
    places = [json.loads(line)["place"] for line in (output / "_rejects.jsonl").read_bytes().splitlines()]
    assert places == ["a.jsonl.gz:401", "c.jsonl:401"]
    assert run(command(tmp_path / "in" / "*.jsonl*", tmp_path / "some.jsonl.gz")).returncode == 0
    some = gzip.decompress((tmp_path / "some.jsonl.gz").read_bytes()).splitlines()
    assert len(some) == 1000 - 2


def test_pipe_is_scored_to_a_pipe(command, backlog, whole):
    with backlog.open("rb") as stories:
        done = run(command("-", "-", "--workers", 1), stdin=stories)
    assert (done.returncode, done.stdout) == (0, whole[0])
    assert "input:401: not JSON." in done.stderr.decode()


def test_rejects_of_a_pipe_are_told_to_programs_one_by_one(command, backlog):
    with backlog.open("rb") as stories:
        done = run(command("-", "-", "--workers", 1, "--json"), stdin=stories)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(one["place"], one["id"]) for one in told if one["event"] == "reject"] == [
        ("input:401", None),
        ("input:1401", "empty"),
    ]
    assert told[-1]["event"] == "done"


def test_progress_and_summary_are_told_to_programs(command, backlog, tmp_path):
    done = run(
        command(backlog, tmp_path / "out.jsonl", "--workers", 1, "--json", "--report", tmp_path / "r.html")
    )
    *steps, last = map(json.loads, done.stderr.splitlines())
    assert {step["event"] for step in steps} <= {"progress"}
    assert (last["event"], last["stories"], last["rejected"]) == ("done", STORIES - 2, 2)
    assert sum(last["actions"].values()) == STORIES - 2
    assert "upheld" not in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.fixture
def cluster():
    """A cluster of two nodes; a line sent to it ends one."""
    script = Path(__file__).with_name("ray_cluster.py")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, script], **pipes) as process:
        address = process.stdout.readline().decode().strip()
        assert address
        yield process, address
        process.stdin.close()
        process.wait(timeout=PATIENCE_S)


def test_cluster_gives_the_same_bytes_though_a_node_ends(command, backlog, whole, cluster, tmp_path):
    nodes, address = cluster
    output = tmp_path / "out.jsonl"
    words = ("--engine", "ray", "--address", address, "--workers", 2)
    process = subprocess.Popen(command(backlog, output, *words), stderr=subprocess.PIPE)
    wait_for_parts(process, output, 1)
    nodes.stdin.write(b"end one\n")
    nodes.stdin.flush()
    assert nodes.stdout.readline() == b"one node left\n"
    _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, told.decode()
    check(output, whole)
    done = run(command(backlog, tmp_path / "b.jsonl", *words[:-1], 9))
    assert done.returncode == 1
    assert b"--workers 9 with --cpus-per-worker 1: need 9 cores, the cluster has" in done.stderr
    done = run(command(backlog, tmp_path / "b.jsonl", *words, "--cpus-per-worker", 0.5))
    assert done.returncode == 0, done.stderr.decode()
    check(tmp_path / "b.jsonl", whole)
