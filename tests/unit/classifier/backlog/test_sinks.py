import csv
import json
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from classifier import Label, RowError, Story
from classifier.assessment import Action, Assessment, Nation
from classifier.backlog.sinks import KEYS, open_sink, to_json

TEXTS = (
    "I lodged a complaint with PALS. The SPSO has it 😀.",
    'It was upheld, "fully"\r\nsaid the cafe\u0301; &amp; that\'s all\u2028so there',
    "They were kind.",
    "ongoing300000\n\tI shall write.\x00",
)
SUFFIXES = (".jsonl", ".csv", ".parquet")


@pytest.fixture
def assessments(classifier):
    return [classifier.assess(Story(id=f'{n} 😀,"\n', text=text)) for n, text in enumerate(TEXTS)]


def write(file, assessments):
    with open_sink(file) as sink:
        for assessment in assessments:
            sink.write(assessment)
    return file


def write_and_fail(file, assessment, fault):
    with open_sink(file) as sink:
        sink.write(assessment)
        raise fault


def jsonl(file):
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def csv_cells(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def unfold(cells):
    """A CSV row with its lists and objects read back."""
    folded = ("labels", "scores", "reasons", "evidence", "signals", "guidance")
    return {key: json.loads(cell) if key in folded else cell for key, cell in cells.items()}


def read(file):
    if file.suffix == ".jsonl":
        return jsonl(file)
    if file.suffix == ".csv":
        return [unfold(cells) for cells in csv_cells(file)]
    return pq.read_table(file).to_pylist()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_file_holds_the_same_values(tmp_path, assessments, suffix):
    file = write(tmp_path / f"out{suffix}", assessments)
    assert read(file) == [assessment.to_dict() for assessment in assessments]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_columns_come_in_the_documented_order(tmp_path, assessments, suffix):
    file = write(tmp_path / f"out{suffix}", assessments)
    assert [tuple(row) for row in read(file)] == [KEYS] * len(TEXTS)
    assert tuple(assessments[0].to_dict()) == KEYS
    assert KEYS == (
        "id",
        "labels",
        "scores",
        "action",
        "reasons",
        "evidence",
        "signals",
        "nation",
        "guidance",
        "model",
        "policy",
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_of_no_assessments_can_be_read(tmp_path, suffix):
    assert read(write(tmp_path / f"out{suffix}", [])) == []


def test_empty_csv_and_parquet_still_name_their_columns(tmp_path):
    assert write(tmp_path / "out.csv", []).read_text() == ",".join(KEYS) + "\n"
    assert tuple(pq.read_schema(write(tmp_path / "out.parquet", [])).names) == KEYS


@pytest.mark.parametrize("number", [999, 1000, 1001, 2000])
def test_parquet_of_more_than_one_batch_is_whole(tmp_path, number):
    plain = dict.fromkeys(Label, 0.25)
    many = [
        Assessment(
            id=str(n), labels=(), scores=plain, action=Action.CONTINUE, reasons=(), evidence=(), signals=(),
            nation=Nation.UNKNOWN, guidance=(), model="tiny/7", policy="small/1",
        )
        for n in range(number)
    ]  # fmt: skip
    assert [row["id"] for row in read(write(tmp_path / "out.parquet", many))] == [
        str(n) for n in range(number)
    ]


def test_characters_are_written_as_they_are(tmp_path, assessments):
    content = write(tmp_path / "out.jsonl", assessments).read_bytes()
    assert "😀".encode() in content
    assert b"\\u2028" not in content
    assert content.count(b"\n") == len(TEXTS)
    assert b"\r" not in content


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_assessments_give_the_same_bytes(tmp_path, assessments, suffix):
    first = write(tmp_path / f"first{suffix}", assessments).read_bytes()
    assert write(tmp_path / f"second{suffix}", assessments).read_bytes() == first


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_appears_only_when_it_is_whole(tmp_path, assessments, suffix):
    file = tmp_path / f"out{suffix}"
    with open_sink(file) as sink:
        sink.write(assessments[0])
        assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}.partial"]
    assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fault", [RowError, KeyboardInterrupt, ZeroDivisionError])
def test_failure_leaves_the_old_file_and_no_partial_one(tmp_path, assessments, suffix, fault):
    file = tmp_path / f"out{suffix}"
    file.write_bytes(b"old")
    with pytest.raises(fault):
        write_and_fail(file, assessments[0], fault)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_partial_file_of_a_killed_run_is_written_over(tmp_path, assessments, suffix):
    (tmp_path / f"out{suffix}.partial").write_bytes(b"left over" * 10_000)
    file = write(tmp_path / f"out{suffix}", assessments)
    assert len(read(file)) == len(TEXTS)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_folder_of_that_name_is_refused(tmp_path, suffix):
    folder = tmp_path / f"out{suffix}"
    folder.mkdir()
    with pytest.raises(RowError) as caught:
        write(folder, [])
    assert str(caught.value) == f"{folder}: cannot be written (Is a directory). Mend that, or name another."
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_full_disk_is_said(tmp_path, assessments, suffix):
    (tmp_path / f"out{suffix}.partial").symlink_to("/dev/full")
    with pytest.raises(RowError, match="No space left on device"):
        write(tmp_path / f"out{suffix}", assessments)
    assert list(tmp_path.iterdir()) == []


def test_json_is_compact_and_keeps_characters():
    assert to_json({"a": [1, 0.5, "é😀\u2028", None, True]}) == '{"a":[1,0.5,"é😀\u2028",null,true]}'


def test_scores_survive_every_kind_of_file(tmp_path, assessments):
    written = [read(write(tmp_path / f"out{suffix}", assessments)) for suffix in SUFFIXES]
    for rows in zip(*written, strict=True):
        scores = [tuple(row["scores"].values()) for row in rows]
        assert scores[0] == scores[1] == scores[2]
        assert all(math.isfinite(score) for score in scores[0])
