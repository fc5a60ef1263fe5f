import csv
import gzip
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier import RowError, Story
from classifier.assessment import to_json
from classifier.backlog import score as scoring
from classifier.backlog.crew import InProcess
from classifier.backlog.forms import KEYS
from classifier.backlog.job import Job
from classifier.backlog.ledger import Ledger
from classifier.backlog.manifest import read_manifest
from classifier.backlog.places import Form, partial_of, to_path
from classifier.backlog.rows import Columns
from classifier.backlog.score import Outcome, score, score_to_stream
from classifier.errors import WorkerError
from classifier.policy.document import CARE_OPINION_UK

pytestmark = pytest.mark.usefixtures("quick")

TEXTS = {
    "a": "I lodged a complaint 😀.",
    "b": "It was upheld,\r\nin full",
    "c": "They were kind.",
    "d": "ongoing300000",
    "e": "I shall write. I lodged it.",
}


def jsonl(texts):
    return "".join(to_json({"id": name, "text": text}) + "\n" for name, text in texts.items())


GOOD = jsonl(TEXTS)
MANY = {str(n): list(TEXTS.values())[n % 5] for n in range(10)}


def lines(file):
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def ids(file):
    return [row["id"] for row in lines(file)]


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def job(tmp_path, tiny_bundle):
    """Writes a file of stories; the job that scores it, a row a shard."""

    def make(content=GOOD, *, source="stories.jsonl", output="out.jsonl", shard_rows=1, **options):
        if isinstance(content, dict):
            content = jsonl(content)
        (tmp_path / source).write_bytes(content if isinstance(content, bytes) else content.encode())
        return Job(
            source=str(tmp_path / source),
            output=str(tmp_path / output),
            model=tiny_bundle,
            shard_rows=shard_rows,
            **options,
        )

    return make


def nobody(recipe):
    """For runs that have nothing left to do."""
    raise AssertionError("workers were started")


@pytest.fixture
def no_work(monkeypatch):
    """Nothing may be scored, not even few batches in this process."""
    monkeypatch.setattr(scoring, "InProcess", nobody)


def ending_at(number, fault=KeyboardInterrupt):
    """Makes a crew that ends with this batch."""

    class Ending(InProcess):
        def submit(self, given, batch):
            if given == number:
                raise fault
            super().submit(given, batch)

    return Ending


class Shuffled(InProcess):
    """Gives back what was submitted last."""

    workers = 3

    def has_room(self):
        return len(self._done) < 2 * self.workers

    def wait(self):
        return [self._done.pop()]


# ---------------------------------------------------------------- answers


def test_every_story_gets_its_assessment_in_order(job, classifier):
    asked = job()
    outcome = score(asked)
    alone = [classifier.assess(Story(id=name, text=text)).to_dict() for name, text in TEXTS.items()]
    wanted = "".join(to_json(found) + "\n" for found in alone)
    assert asked.output_path.read_text(encoding="utf-8") == wanted
    assert outcome == Outcome(tally=outcome.tally, rejects=None, shards=5)
    assert (outcome.tally.stories, outcome.tally.rejected) == (5, 0)
    assert outcome.tally.actions == {"pause": 2, "advise": 1, "continue": 1, "review": 1}
    assert outcome.tally.labels == {"ongoing": 2, "completed": 1, "planned": 1}
    assert outcome.tally.months == {}
    assert names(asked.output_path.parent) == ["out.jsonl", "out.manifest.json", "stories.jsonl"]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet", ".jsonl.gz", ".csv.gz"])
def test_every_kind_of_input_gives_the_same_bytes(job, tmp_path, suffix):
    score(job())
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([("id", "text"), *TEXTS.items()])
    pq.write_table(pa.table({"id": list(TEXTS), "text": list(TEXTS.values())}), tmp_path / "t.parquet")
    content = {
        ".jsonl": GOOD.encode(),
        ".csv": stream.getvalue().encode(),
        ".parquet": (tmp_path / "t.parquet").read_bytes(),
        ".jsonl.gz": gzip.compress(GOOD.encode()),
        ".csv.gz": gzip.compress(stream.getvalue().encode()),
    }[suffix]
    score(job(content, source=f"again{suffix}", output="again-out.jsonl"))
    assert (tmp_path / "again-out.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


def test_every_kind_of_output_holds_the_same_values(job, tmp_path):
    for name in ("o.jsonl", "o.parquet", "o.csv", "o.csv.gz", "o.jsonl.gz", "o.jsonl.zst", "o.csv.zst"):
        score(job(output=name))
    wanted = lines(tmp_path / "o.jsonl")
    assert [row["id"] for row in wanted] == list(TEXTS)
    assert pq.read_table(tmp_path / "o.parquet").to_pylist() == wanted
    plain, packed = (tmp_path / "o.csv").read_bytes(), (tmp_path / "o.csv.gz").read_bytes()
    assert gzip.decompress(packed) == plain
    assert gzip.decompress((tmp_path / "o.jsonl.gz").read_bytes()) == (tmp_path / "o.jsonl").read_bytes()
    for name, content in (("o.jsonl.zst", (tmp_path / "o.jsonl").read_bytes()), ("o.csv.zst", plain)):
        with pa.CompressedInputStream(str(tmp_path / name), "zstd") as stream:
            assert stream.read() == content
    cells = list(csv.DictReader(io.StringIO(plain.decode(), newline="")))
    assert [(row["id"], row["action"], json.loads(row["evidence"])) for row in cells] == [
        (row["id"], row["action"], row["evidence"]) for row in wanted
    ]


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv"])
@pytest.mark.parametrize("shard_rows", [1, 2, 3, 10, 11])
@pytest.mark.parametrize("make_crew", [InProcess, Shuffled])
def test_workers_and_size_of_shards_change_nothing(job, tmp_path, output, shard_rows, make_crew):
    score(job(MANY, output=f"wanted-{output}", shard_rows=4))
    outcome = score(job(MANY, output=output, shard_rows=shard_rows), make_crew=make_crew)
    assert (tmp_path / output).read_bytes() == (tmp_path / f"wanted-{output}").read_bytes()
    assert outcome.shards == -(-10 // shard_rows)


def test_folder_of_files_is_scored_as_one_backlog(job, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    job(MANY, source="in/2.jsonl")
    job({"a": TEXTS["a"], "0": "Again."}, source="in/deep/1.jsonl")
    asked = job({"z": TEXTS["d"]}, source="in/1.jsonl")
    outcome = score(replace(asked, source=str(tmp_path / "in")))
    assert ids(asked.output_path) == ["z", *MANY, "a"]
    assert lines(outcome.rejects) == [
        {
            "place": "deep/1.jsonl:2",
            "id": "0",
            "error": "id: stands at 2.jsonl:1 too, so answers could not be told apart. Give it another id.",
        }
    ]
    assert read_manifest(asked.manifest).files == tuple(
        (name, (tmp_path / "in" / name).stat().st_size) for name in ("1.jsonl", "2.jsonl", "deep/1.jsonl")
    )


# ---------------------------------------------------------------- rows that are no stories


def test_bad_rows_are_kept_apart_with_their_reasons(job, tmp_path):
    bad = (
        '{"id": "x", "text": ""}',
        "not json",
        '{"id": 7}',
        '{"id": "a", "text": "Again."}',
        '{"id": "\\ud800", "text": "z"}',
    )
    asked = job(GOOD + "\n".join(bad), shard_rows=4)
    outcome = score(asked)
    assert ids(asked.output_path) == list(TEXTS)
    assert (outcome.tally.stories, outcome.tally.rejected) == (5, 5)
    assert outcome.rejects == tmp_path / "out.rejects.jsonl"
    assert lines(outcome.rejects) == [
        {
            "place": "stories.jsonl:6",
            "id": "x",
            "error": "text: the story is empty. Send the author's words in text (or title).",
        },
        {
            "place": "stories.jsonl:7",
            "id": None,
            "error": "not JSON. Each line must be one JSON object with id, title and text.",
        },
        {
            "place": "stories.jsonl:8",
            "id": "7",
            "error": "keys: no text. A row has id, title (may be missing) and text.",
        },
        {
            "place": "stories.jsonl:9",
            "id": "a",
            "error": "id: stands at stories.jsonl:1 too, so answers could not be told apart. "
            "Give it another id.",
        },
        {
            "place": "stories.jsonl:10",
            "id": "\\ud800",
            "error": "id: character 0 is half of a surrogate pair. Send the text as valid Unicode.",
        },
    ]


def test_rejects_of_an_earlier_run_do_not_stay(job):
    outcome = score(job("not json\n" + GOOD))
    assert outcome.rejects.exists()
    asked = job()
    assert score(asked).rejects is None
    assert not asked.rejects.exists()


def test_file_without_stories_gives_an_empty_output(job, tmp_path):
    asked = job("not json\n")
    outcome = score(asked)
    assert (outcome.tally.stories, outcome.tally.rejected, outcome.shards) == (0, 1, 1)
    assert (outcome.tally.actions, outcome.tally.labels) == ({}, {})
    assert asked.output_path.read_bytes() == b""
    outcome = score(job(""))
    assert (outcome.tally.stories, outcome.tally.rejected, outcome.rejects, outcome.shards) == (0, 0, None, 0)
    assert asked.output_path.read_bytes() == b""
    assert names(tmp_path) == ["out.jsonl", "out.manifest.json", "stories.jsonl"]


def test_empty_csv_still_names_its_columns(job):
    asked = job("", output="out.csv")
    score(asked)
    assert asked.output_path.read_text() == ",".join(KEYS) + "\n"


def test_no_reject_holds_the_words_of_a_story(job):
    canary = "heliotrope walrus"
    outcome = score(job(f'{{"text": "{canary}"}}\n{canary}\n{{"id": "a", "text": ["{canary}"]}}\n'))
    assert outcome.tally.rejected == 3
    assert "walrus" not in outcome.rejects.read_text(encoding="utf-8")


# ---------------------------------------------------------------- steps


def test_each_batch_is_a_step_on_the_way_to_the_end(job, tmp_path):
    steps = []
    asked = job(jsonl(MANY) + "not json\n", shard_rows=3)
    outcome = score(asked, on_step=steps.append)
    size = (tmp_path / "stories.jsonl").stat().st_size
    assert [step.rows for step in steps] == [3, 6, 9, 11]
    assert [step.tally.stories for step in steps] == [3, 6, 9, 10]
    assert [step.position for step in steps] == sorted(step.position for step in steps)
    assert {step.size for step in steps} == {size}
    assert (steps[-1].position, steps[-1].bytes, steps[-1].tally) == (size, size, outcome.tally)


def test_steps_of_a_run_that_goes_on_count_only_what_it_scores(job, tmp_path):
    asked, steps = job(MANY, output="parts", shard_rows=2), []
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(2))
    score(asked, on_step=steps.append)
    size = (tmp_path / "stories.jsonl").stat().st_size
    assert [step.rows for step in steps] == [0, 0, 2, 4, 6]
    assert [step.tally.stories for step in steps] == [2, 4, 6, 8, 10]
    assert [step.bytes for step in steps[:2]] == [0, 0]
    assert steps[-1].position == size


@pytest.mark.parametrize(("number", "started"), [(3, 0), (4, 1), (5, 1)])
def test_few_batches_are_scored_here(job, number, started):
    made = []

    def make_crew(recipe):
        made.append(recipe)
        return InProcess(recipe)

    asked = job(dict(list(MANY.items())[:number]))
    score(asked, make_crew=make_crew)
    assert made == [asked.recipe()] * started
    assert ids(asked.output_path) == list(MANY)[:number]


# ---------------------------------------------------------------- nothing is harmed


def refusal(asked):
    with pytest.raises(RowError) as caught:
        score(asked, make_crew=nobody)
    return str(caught.value)


def test_input_is_not_written_over(job, tmp_path):
    for name in ("stories.jsonl", "./stories.jsonl"):
        asked = job(output=name)
        message = f"{asked.output_path}: is the input too. Name another file for the answers."
        assert refusal(asked) == message
    assert (tmp_path / "stories.jsonl").read_bytes() == GOOD.encode()


def test_input_is_not_written_over_through_a_link(job, tmp_path):
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "stories.jsonl")
    assert "is the input too" in refusal(job(output="link.jsonl"))
    assert (tmp_path / "stories.jsonl").read_bytes() == GOOD.encode()


def test_input_is_not_lost_to_the_rejects(job, tmp_path):
    asked = job(source="out.rejects.jsonl")
    message = f"{asked.source}: is where rejected rows of out.jsonl go. Rename the input."
    assert refusal(asked) == message
    assert (tmp_path / "out.rejects.jsonl").read_bytes() == GOOD.encode()


def test_output_in_the_input_folder_is_refused(job, tmp_path):
    for output in ("out.jsonl", "parts", "deep/out.jsonl"):
        (tmp_path / "deep").mkdir(exist_ok=True)
        asked = replace(job(output=output), source=str(tmp_path))
        message = f"{tmp_path / output}: lies in the input folder. Write the answers elsewhere."
        assert refusal(asked) == message
    assert names(tmp_path) == ["stories.jsonl"]


def test_input_in_the_output_folder_is_refused(job, tmp_path):
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    for source in ("parts/stories.jsonl", "parts/deep/stories.jsonl"):
        message = f"{tmp_path / 'parts'}: holds the input stories.jsonl. Write the answers elsewhere."
        assert refusal(job(source=source, output="parts")) == message
    asked = replace(job(source="parts/stories.jsonl", output="parts"), source=str(tmp_path / "parts"))
    assert "holds the input" in refusal(asked)
    assert names(tmp_path) == ["parts/deep/stories.jsonl", "parts/stories.jsonl"]


def test_file_of_foreign_kind_is_not_made_a_folder(job, tmp_path):
    (tmp_path / "out.xlsx").write_bytes(b"sheet")
    message = (
        f"{tmp_path / 'out.xlsx'}: is a file of no known kind. "
        "Name a folder, or a .jsonl, .csv, .parquet file."
    )
    assert refusal(job(output="out.xlsx")) == message
    assert (tmp_path / "out.xlsx").read_bytes() == b"sheet"


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.gz", "out.parquet"])
def test_folder_with_the_name_of_a_file_is_refused_before_anything_is_scored(job, tmp_path, name):
    (tmp_path / name).mkdir()
    message = f"{tmp_path / name}: is a folder. Name a file, or a folder without such an ending."
    assert refusal(job(output=name)) == message
    assert names(tmp_path) == ["stories.jsonl"]


@pytest.mark.parametrize("output", ["none/out.jsonl", "none/parts"])
def test_output_in_a_missing_folder_is_refused(job, tmp_path, output):
    message = f"{tmp_path / 'none'}: no such folder. Make it first, or name another."
    assert refusal(job(output=output)) == message


@pytest.mark.parametrize("output", ["out.jsonl", "parts"])
def test_missing_input_leaves_nothing(job, tmp_path, output):
    asked = job(output=output)
    (tmp_path / "stories.jsonl").unlink()
    assert "no such file" in refusal(asked)
    assert list(tmp_path.iterdir()) == []


def test_input_that_fails_halfway_leaves_the_old_output_and_what_is_done(job, tmp_path):
    table = pa.table({"id": [str(n) for n in range(1100)], "text": [f"Kind {n}." for n in range(1100)]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1024, compression="none")
    whole = (tmp_path / "t.parquet").read_bytes()
    content = bytearray(whole)
    place = content.index(b"Kind 1050.")
    content[place - 400 : place] = bytes(400)
    asked, steps = job(bytes(content), source="stories.parquet", shard_rows=100), []
    asked.output_path.write_bytes(b"old")
    (tmp_path / "t.parquet").unlink()
    with pytest.raises(RowError, match="not a sound Parquet file"):
        score(asked, on_step=steps.append)
    assert steps[-1].rows >= 900
    assert asked.output_path.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.jsonl",
        "out.jsonl.parts",
        "stories.parquet",
    ]
    outcome = score(job(whole, source="stories.parquet", shard_rows=100))
    assert (outcome.kept, outcome.shards) == (steps[-1].rows // 100, 11)
    assert ids(asked.output_path) == [str(n) for n in range(1100)]


def test_first_row_that_fails_leaves_nothing(job, tmp_path):
    asked = job(b"no parquet", source="stories.parquet")
    assert "not a sound Parquet file" in refusal(asked)
    assert names(tmp_path) == ["stories.parquet"]


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet", "out.jsonl.gz"])
def test_output_appears_only_when_it_is_whole(job, monkeypatch, output):
    asked = job(output=output)
    seen = []
    replace_file = Path.replace

    def watch(self, target):
        if target == asked.output_path:
            seen.append((self, target.exists(), self.stat().st_size))
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    score(asked)
    assert seen == [(partial_of(asked.output_path), False, asked.output_path.stat().st_size)]


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet"])
@pytest.mark.parametrize("fault", [RowError, WorkerError, KeyboardInterrupt, ZeroDivisionError])
def test_failure_leaves_the_old_file_and_no_partial_one(job, tmp_path, output, fault):
    asked = job(output=output)
    asked.output_path.write_bytes(b"old")
    with pytest.raises(fault):
        score(asked, make_crew=ending_at(0, fault))
    assert asked.output_path.read_bytes() == b"old"
    assert names(tmp_path) == [output, "stories.jsonl"]


def test_partial_file_of_a_killed_run_is_written_over(job, tmp_path):
    asked = job()
    partial_of(asked.output_path).write_bytes(b"left over" * 10_000)
    score(asked)
    assert ids(asked.output_path) == list(TEXTS)
    assert names(tmp_path) == ["out.jsonl", "out.manifest.json", "stories.jsonl"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet"])
def test_full_disk_is_said_and_the_run_can_go_on(job, no_work, output):
    asked = job(output=output)
    partial_of(asked.output_path).symlink_to("/dev/full")
    with pytest.raises(RowError) as caught:
        score(asked)
    assert str(caught.value) == (
        f"{asked.output}: cannot be written (No space left on device). Mend that, and run the same command "
        "again: what is done is kept."
    )
    assert not asked.output_path.exists()
    outcome = score(asked, make_crew=nobody)
    assert (outcome.kept, outcome.shards) == (5, 5)


def test_two_runs_do_not_write_to_one_output(job):
    asked = job()
    with Ledger(asked.parts_folder, asked.recipe().kind, {}).open():
        assert "another run writes there" in refusal(asked)


# ---------------------------------------------------------------- going on


@pytest.fixture
def wanted(job, tmp_path):
    """The bytes of a run that nothing came in the way of."""

    def make(content, output):
        asked = job(content, source="wanted.jsonl", output=f"wanted-{output}", shard_rows=2)
        score(asked)
        return asked.output_path.read_bytes()

    return make


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet", "out.jsonl.gz", "out.csv.zst"])
@pytest.mark.parametrize(("batch", "kept"), [(0, 0), (1, 1), (3, 3), (5, 5)])
def test_run_that_ended_goes_on_and_gives_the_same_bytes(job, wanted, tmp_path, output, batch, kept):
    content = jsonl(MANY) + "not json\n"
    asked = job(content, output=output, shard_rows=2)
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(batch))
    assert not asked.output_path.exists()
    assert asked.parts_folder.exists() is bool(kept)
    outcome = score(asked, make_crew=InProcess)
    assert (outcome.kept, outcome.redone, outcome.changed, outcome.shards) == (kept, 0, (), 6)
    assert (outcome.tally.stories, outcome.tally.rejected) == (10, 1)
    assert [reject["place"] for reject in lines(outcome.rejects)] == ["stories.jsonl:11"]
    assert not asked.parts_folder.exists()
    assert asked.output_path.read_bytes() == wanted(content, output)


def test_run_that_ends_again_and_again_comes_to_its_end(job, wanted):
    asked = job(MANY)
    for batch in (1, 1, 2):  # of those that are left
        with pytest.raises(ZeroDivisionError):
            score(asked, make_crew=ending_at(batch, ZeroDivisionError))
    outcome = score(asked)
    assert (outcome.kept, outcome.shards) == (4, 10)
    assert asked.output_path.read_bytes() == wanted(MANY, "out.jsonl")


def test_run_that_ends_in_the_middle_of_a_shard_scores_that_shard_again(job, wanted, monkeypatch):
    monkeypatch.setattr("classifier.backlog.shards.BATCH_ROWS", 1)
    asked = job(MANY, shard_rows=3)
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(5))
    assert score(asked).kept == 1
    assert asked.output_path.read_bytes() == wanted(MANY, "out.jsonl")


def test_workers_who_finish_out_of_order_keep_whole_shards_alone(job, wanted):
    class Ending(Shuffled):
        def wait(self):
            if len(self._done) == 1:
                raise KeyboardInterrupt
            return super().wait()

    asked = job(MANY, shard_rows=2)
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=Ending)
    assert not asked.parts_folder.exists()
    score(asked, make_crew=Shuffled)
    assert asked.output_path.read_bytes() == wanted(MANY, "out.jsonl")


def test_part_that_was_cut_off_is_scored_again(job, wanted):
    asked = job(MANY, shard_rows=2)
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(4))
    part = Ledger(asked.parts_folder, asked.recipe().kind, {}).part(2)
    part.write_bytes(part.read_bytes()[:-1])
    outcome = score(asked)
    assert (outcome.kept, outcome.redone) == (3, 0)
    assert asked.output_path.read_bytes() == wanted(MANY, "out.jsonl")


def interrupt(*args):
    raise KeyboardInterrupt


def test_run_that_ended_while_it_bound_its_parts_has_only_to_bind(job, no_work, monkeypatch):
    asked = job(MANY, shard_rows=2)
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "_bind", interrupt)
        with pytest.raises(KeyboardInterrupt):
            score(asked)
    assert not asked.output_path.exists()
    outcome = score(asked, make_crew=nobody)
    assert (outcome.kept, outcome.shards) == (5, 5)
    assert ids(asked.output_path) == list(MANY)


def test_run_that_ended_before_it_tidied_up_has_only_to_tidy_up(job, no_work, tmp_path, monkeypatch):
    asked = job(MANY, shard_rows=2)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "clear", interrupt)
        with pytest.raises(KeyboardInterrupt):
            score(asked)
    assert asked.parts_folder.exists()
    outcome = score(asked, make_crew=nobody)
    assert outcome.kept == outcome.shards == 5
    assert names(tmp_path) == ["out.jsonl", "out.manifest.json", "stories.jsonl"]


def test_everything_is_scored_anew_where_that_is_asked_for(job, wanted):
    asked = job(MANY, shard_rows=2)
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(3))
    steps = []
    outcome = score(replace(asked, resume=False), on_step=steps.append)
    assert (outcome.kept, outcome.redone, steps[-1].rows) == (0, 0, 10)
    assert asked.output_path.read_bytes() == wanted(MANY, "out.jsonl")
    outcome = score(replace(asked, resume=False), on_step=steps.append)
    assert (outcome.kept, steps[-1].rows) == (0, 10)


# ---------------------------------------------------------------- what changed in between


def changed(texts, **others):
    return {name: others.get(f"_{name}", text) for name, text in texts.items()}


@pytest.mark.parametrize("output", ["out.jsonl", "parts"])
def test_story_that_changed_is_scored_anew_with_its_shard_alone(job, tmp_path, output):
    asked = job(MANY, output=output, shard_rows=2)
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(4))
    other = changed(MANY, _2="They were unkind. I lodged it.")
    steps = []
    outcome = score(job(other, output=output, shard_rows=2), on_step=steps.append)
    assert (outcome.kept, outcome.redone, outcome.changed) == (3, 1, ())
    assert steps[-1].rows == 4
    alone = job(other, source="alone.jsonl", output="alone.jsonl.gz", shard_rows=2)
    score(alone)
    files = sorted((tmp_path / "parts").glob("part-*")) if output == "parts" else [tmp_path / output]
    assert b"".join(file.read_bytes() for file in files) == gzip.decompress(alone.output_path.read_bytes())


@pytest.fixture
def other_policy(tmp_path):
    file = tmp_path / "policy.toml"
    words = CARE_OPINION_UK.read_text(encoding="utf-8").replace("care-opinion-uk/2", "care-opinion-uk/3")
    file.write_text(words, encoding="utf-8")
    return file


@pytest.mark.parametrize("output", ["out.jsonl", "parts"])
def test_another_policy_scores_all_anew_and_is_named(job, tmp_path, other_policy, output):
    asked = job(MANY, output=output, shard_rows=2)
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(4))
    outcome = score(replace(asked, policy=other_policy))
    assert (outcome.kept, outcome.redone) == (0, 4)
    assert outcome.changed == ("policy", "policy_sha256")
    files = sorted((tmp_path / "parts").glob("part-*")) if output == "parts" else [tmp_path / output]
    assert {row["policy"] for file in files for row in lines(file)} == {"care-opinion-uk/3"}


def test_another_model_and_no_gate_are_named(job, tiny_variant, tmp_path):
    asked = job(MANY, output="parts", shard_rows=5)
    score(asked)
    other = tiny_variant(tmp_path / "other", version=8)
    outcome = score(replace(asked, model=other, gate=False))
    assert (outcome.kept, outcome.redone) == (0, 2)
    assert outcome.changed == ("model", "model_sha256", "gate")


def test_kind_of_output_that_changed_leaves_no_part_of_the_other_kind(job, tmp_path):
    for output in ("o.jsonl", "o.csv"):
        with pytest.raises(KeyboardInterrupt):
            score(job(output=output), make_crew=ending_at(2))
    assert score(job(output="o.csv")).kept == 2
    assert (tmp_path / "o.jsonl.parts").exists()
    assert score(job(output="o.jsonl")).kept == 2
    assert not list(tmp_path.glob("*.parts"))


# ---------------------------------------------------------------- a finished run


def finished(job, **options):
    content = GOOD + "not json\n"
    asked = job(content, columns=Columns(date="date"), **options)
    asked.output_path.parent.mkdir(exist_ok=True)
    return asked, score(asked)


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet", "out.jsonl.gz", "parts"])
def test_finished_run_has_nothing_left_to_do(job, monkeypatch, tmp_path, output):
    asked, first = finished(job, output=output)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    monkeypatch.setattr(scoring, "InProcess", nobody)
    again = score(asked, make_crew=nobody)
    assert again == replace(first, kept=6)
    assert (again.rejects, again.shards) == (asked.rejects, 6)
    assert again.tally.months == {
        "": {"pause": 2, "review": 1, "advise": 1, "continue": 1} | first.tally.labels
    }
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_finished_run_without_a_story_has_nothing_left_to_do(job, no_work):
    asked = job("")
    first = score(asked, make_crew=nobody)
    assert score(asked, make_crew=nobody) == first


@pytest.mark.parametrize("output", ["out.jsonl", "parts"])
def test_stories_that_only_moved_to_another_file_are_not_scored_again_in_a_folder(job, tmp_path, output):
    score(job(MANY, output=output))
    (tmp_path / "stories.jsonl").unlink()
    outcome = score(job(MANY, source="moved.jsonl", output=output))
    assert outcome.kept == (10 if output == "parts" else 0)
    assert read_manifest(job(output=output).manifest).files[0][0] == "moved.jsonl"


def scored_again(asked):
    steps = []
    outcome = score(asked, on_step=steps.append)
    return outcome.kept == 0 and steps[-1].rows > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda asked: asked.output_path.unlink(),
        lambda asked: asked.output_path.write_bytes(asked.output_path.read_bytes()[:-1]),
        lambda asked: asked.manifest.unlink(),
        lambda asked: asked.manifest.write_bytes(b"{"),
        lambda asked: asked.rejects.unlink(),
        lambda asked: Path(asked.source).write_bytes(Path(asked.source).read_bytes() + b"\n"),
        lambda asked: Path(asked.source).write_text(GOOD.replace("kind", "mean") + "not json\n"),
        lambda asked: Path(asked.source).write_text(GOOD + "NOT json\n" + '{"id": "z", "text": "x"}'),
    ],
    ids=[
        "no output",
        "output cut off",
        "no manifest",
        "manifest damaged",
        "no rejects",
        "longer input",
        "input of the same size",
        "one more story",
    ],
)
def test_run_whose_files_changed_is_scored_again(job, change):
    asked, _ = finished(job)
    change(asked)
    assert scored_again(asked)
    assert len(ids(asked.output_path)) == len(TEXTS) + ("z" in Path(asked.source).read_text())
    assert asked.rejects.exists()


def test_finished_run_with_other_columns_or_policy_is_scored_again(job, other_policy):
    asked, _ = finished(job)
    assert scored_again(replace(asked, columns=Columns()))
    assert scored_again(replace(asked, policy=other_policy))
    assert scored_again(replace(asked, resume=False))


def test_manifest_says_what_was_scored_with_what(job, tmp_path):
    asked, outcome = finished(job)
    found = read_manifest(asked.manifest)
    assert found.facts == asked.recipe().facts()
    assert found.files == (("stories.jsonl", (tmp_path / "stories.jsonl").stat().st_size),)
    assert len(found.shards) == len(set(found.shards)) == 6
    assert (found.tally, found.size) == (outcome.tally, asked.output_path.stat().st_size)


# ---------------------------------------------------------------- a folder of parts


def test_folder_holds_parts_and_what_goes_with_them(job, tmp_path):
    asked = job(GOOD + "not json\n", output="parts", shard_rows=4)
    outcome = score(asked)
    assert names(tmp_path / "parts") == [
        "_lock",
        "_manifest.json",
        "_receipts/part-00000.json",
        "_receipts/part-00001.json",
        "_rejects.jsonl",
        "part-00000.jsonl",
        "part-00001.jsonl",
    ]
    assert outcome.rejects == tmp_path / "parts" / "_rejects.jsonl"
    assert ids(tmp_path / "parts" / "part-00000.jsonl") == list("abcd")
    assert ids(tmp_path / "parts" / "part-00001.jsonl") == ["e"]
    assert read_manifest(asked.manifest).size == 0


def test_input_that_grew_is_scored_where_it_grew(job, tmp_path):
    score(job(MANY, output="parts", shard_rows=5))
    steps = []
    more = MANY | {"x": TEXTS["a"], "y": TEXTS["b"]}
    outcome = score(job(more, output="parts", shard_rows=5), on_step=steps.append)
    assert (outcome.kept, outcome.redone, outcome.shards, steps[-1].rows) == (2, 0, 3, 2)
    assert outcome.tally.stories == 12
    assert ids(tmp_path / "parts" / "part-00002.jsonl") == ["x", "y"]


def test_input_that_shrank_leaves_no_old_parts(job, tmp_path):
    score(job(jsonl(MANY) + "not json\n", output="parts", shard_rows=3))
    outcome = score(job(dict(list(MANY.items())[:6]), output="parts", shard_rows=3))
    assert (outcome.kept, outcome.redone, outcome.shards, outcome.tally.stories) == (2, 0, 2, 6)
    assert names(tmp_path / "parts") == [
        "_lock",
        "_manifest.json",
        "_receipts/part-00000.json",
        "_receipts/part-00001.json",
        "part-00000.jsonl",
        "part-00001.jsonl",
    ]


def test_folder_can_be_scored_again_in_full(job):
    asked = job(MANY, output="parts", shard_rows=5)
    score(asked)
    steps = []
    outcome = score(replace(asked, resume=False), on_step=steps.append)
    assert (outcome.kept, outcome.redone, outcome.changed, steps[-1].rows) == (0, 0, (), 10)


def test_folder_is_read_as_the_input_of_another_run(job, tmp_path):
    """What goes with the parts is not taken for stories."""
    score(job(GOOD + "not json\n", output="parts"))
    again = replace(job(output="again.jsonl", columns=Columns(text="action")), source=str(tmp_path / "parts"))
    score(again)
    assert ids(again.output_path) == list(TEXTS)


@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet", "parts"])
def test_stories_and_answers_may_be_far_away(job, tmp_path, output):
    far = to_path("memory://far")
    far.mkdir(parents=True, exist_ok=True)
    try:
        (far / "in").mkdir()
        (far / "in" / "s.jsonl").write_bytes(jsonl(MANY).encode())
        asked = replace(
            job(output=output, shard_rows=2), source="memory://far/in", output=f"memory://far/{output}"
        )
        with pytest.raises(KeyboardInterrupt):
            score(asked, make_crew=ending_at(4))
        assert score(asked).kept == 4
        assert score(asked, make_crew=nobody).kept == 5
        score(job(MANY, output=f"near-{output}", shard_rows=2))
        if output == "parts":
            for name in (f"part-{number:05}.jsonl" for number in range(5)):
                assert (far / output / name).read_bytes() == (tmp_path / "near-parts" / name).read_bytes()
        else:
            assert (far / output).read_bytes() == (tmp_path / f"near-{output}").read_bytes()
            assert sorted(path.name for path in far.iterdir()) == sorted(["in", "out.manifest.json", output])
    finally:
        far.fs.rm(far.path, recursive=True)


# ---------------------------------------------------------------- streams


def stream(content):
    return io.BytesIO(content.encode())


def no_reject(reject):
    raise AssertionError(reject)


def test_rejects_of_a_stream_are_told_as_they_come(job):
    out, seen = io.BytesIO(), []
    content = "".join(f"{line}\nnot json\n" for line in jsonl(MANY).splitlines())
    asked = replace(job(), source="-", stream=stream(content), output="-")
    score_to_stream(asked, out, on_reject=lambda reject: seen.append(out.getvalue().count(b"\n")))
    assert len(seen) == len(MANY)
    assert seen[0] < seen[-1] <= len(MANY)


def test_stream_is_scored_to_a_stream(job, classifier, tmp_path):
    out, steps, rejects = io.BytesIO(), [], []
    asked = replace(job(), source="-", stream=stream(GOOD + "not json\n"), output="-")
    outcome = score_to_stream(asked, out, on_reject=rejects.append, on_step=steps.append)
    alone = [classifier.assess(Story(id=name, text=text)).to_dict() for name, text in TEXTS.items()]
    assert out.getvalue().decode() == "".join(to_json(found) + "\n" for found in alone)
    assert (outcome.tally.stories, outcome.tally.rejected, outcome.rejects, outcome.shards) == (5, 1, None, 6)
    assert rejects == [
        {
            "place": "input:6",
            "id": None,
            "error": "not JSON. Each line must be one JSON object with id, title and text.",
        }
    ]
    assert (steps[-1].rows, steps[-1].size) == (6, 0)
    assert names(tmp_path) == ["stories.jsonl"]


def test_file_is_scored_to_a_stream_as_csv(job):
    out, asked = io.BytesIO(), job(output="out.csv")
    score(asked)
    there = replace(asked, output="-", stream_form=Form.CSV)
    score_to_stream(there, out, on_reject=no_reject, make_crew=Shuffled)
    assert out.getvalue() == asked.output_path.read_bytes()


def test_stream_of_nothing_gives_the_header_alone(job):
    out = io.BytesIO()
    asked = replace(job(), source="-", stream=stream("id,text\n"), output="-", stream_form=Form.CSV)
    outcome = score_to_stream(asked, out, on_reject=no_reject)
    assert out.getvalue().decode() == ",".join(KEYS) + "\n"
    assert outcome.tally.stories == 0


def test_answers_stream_out_as_they_are_done(job):
    out, seen = io.BytesIO(), []
    asked = replace(job(MANY), output="-")
    score_to_stream(
        asked, out, on_reject=no_reject, on_step=lambda step: seen.append(out.getvalue().count(b"\n"))
    )
    assert seen == list(range(1, 11))


def test_stream_is_scored_to_a_file_and_can_be_sent_again(job):
    asked = replace(job(MANY), source="-", stream=stream(jsonl(MANY)))
    with pytest.raises(KeyboardInterrupt):
        score(asked, make_crew=ending_at(7))
    outcome = score(replace(asked, stream=stream(jsonl(MANY))))
    assert (outcome.kept, outcome.shards) == (7, 10)
    assert ids(asked.output_path) == list(MANY)
    assert read_manifest(asked.manifest).files == ()


def test_finished_output_is_not_taken_for_the_answers_to_another_stream(job):
    asked = replace(job(), source="-", stream=stream(GOOD))
    score(asked)
    score(replace(asked, stream=stream(jsonl(MANY))))
    assert ids(asked.output_path) == list(MANY)


def test_months_are_counted_where_a_date_column_is_named(job):
    content = "".join(
        to_json({"id": str(n), "text": "They were kind.", "when": when}) + "\n"
        for n, when in enumerate(["2026-01-31", "31/01/2026", "2025-12-01", None])
    )
    outcome = score(job(content, columns=Columns(date="when"), shard_rows=2))
    assert outcome.tally.months == {
        "2026-01": {"continue": 2},
        "2025-12": {"continue": 1},
        "": {"continue": 1},
    }


def test_output_is_as_readable_as_the_umask_says(job):
    asked = job()
    old = os.umask(0o027)
    try:
        score(asked)
    finally:
        os.umask(old)
    assert asked.output_path.stat().st_mode & 0o777 == 0o640
