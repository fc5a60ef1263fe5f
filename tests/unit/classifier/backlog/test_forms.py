import csv
import gzip
import io
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier import Label, Story
from classifier.assessment import Action, Assessment, Nation, to_json
from classifier.backlog.forms import KEYS, writing
from classifier.backlog.places import KINDS, Form, Kind

TEXTS = (
    "I lodged a complaint with PALS. The SPSO has it 😀.",
    'It was upheld, "fully"\r\nsaid the cafe\u0301; &amp; that\'s all\u2028so there',
    "They were kind.",
    "ongoing300000\n\tI shall write.\x00",
)
ODD_IDS = (' 😀,"\n', "=cmd()", "a\r\nb", "<script>")
HEADER = ",".join(KEYS).encode() + b"\n"

every_kind = pytest.mark.parametrize("suffix", KINDS)


@pytest.fixture(scope="module")
def assessments(classifier):
    return [classifier.assess(Story(id=name, text=text)) for name, text in zip(ODD_IDS, TEXTS, strict=True)]


@pytest.fixture
def bind(tmp_path):
    """One file of parts, each of which holds leaves of these assessments; its bytes."""

    def bind(suffix, parts):
        form, files = writing(KINDS[suffix]), []
        for number, leaves in enumerate(parts):
            files.append(tmp_path / f"part-{number}{suffix}")
            files[-1].write_bytes(form.part([form.leaf(leaf) for leaf in leaves]))
        stream = io.BytesIO()
        form.bind(files, stream)
        return stream.getvalue()

    return bind


def part(suffix, *leaves):
    form = writing(KINDS[suffix])
    return form.part([form.leaf(leaf) for leaf in leaves])


def unpack(suffix, content):
    if suffix.endswith(".gz"):
        return gzip.decompress(content)
    if suffix.endswith(".zst"):
        return pa.CompressedInputStream(pa.BufferReader(content), "zstd").read() if content else b""
    return content


def unfold(cells):
    """A CSV row with its lists and objects read back."""
    folded = ("labels", "scores", "reasons", "evidence", "signals", "guidance")
    return {key: json.loads(cell) if key in folded else cell for key, cell in cells.items()}


def read(suffix, content):
    """The rows of a file of this content."""
    content = unpack(suffix, content)
    if suffix.startswith(".jsonl"):
        return [json.loads(line) for line in content.splitlines()]
    if suffix.startswith(".csv"):
        return [unfold(cells) for cells in csv.DictReader(io.StringIO(content.decode(), newline=""))]
    return pq.read_table(io.BytesIO(content)).to_pylist()


@every_kind
def test_every_kind_of_file_holds_the_same_values(assessments, suffix):
    assert read(suffix, part(suffix, assessments)) == [assessment.to_dict() for assessment in assessments]


@every_kind
def test_columns_come_in_the_documented_order(assessments, suffix):
    assert [tuple(row) for row in read(suffix, part(suffix, assessments))] == [KEYS] * len(TEXTS)
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


@every_kind
@pytest.mark.parametrize("ends", [(4,), (1, 2, 3, 4), (2, 4), (0, 4), (4, 4), (1, 1, 4)])
def test_leaves_of_a_part_may_end_anywhere(assessments, suffix, ends):
    leaves = [assessments[start:end] for start, end in zip((0, *ends), ends, strict=False)]
    assert read(suffix, part(suffix, *leaves)) == [assessment.to_dict() for assessment in assessments]


@every_kind
@pytest.mark.parametrize("ends", [(4,), (1, 2, 3, 4), (2, 4), (0, 4), (4, 4), (1, 1, 4)])
def test_parts_of_a_file_may_end_anywhere(assessments, bind, suffix, ends):
    parts = [[assessments[start:end]] for start, end in zip((0, *ends), ends, strict=False)]
    assert read(suffix, bind(suffix, parts)) == read(suffix, part(suffix, assessments))


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_parts_bound_are_the_bytes_of_one_part(assessments, bind, suffix):
    one, other = assessments[:1], assessments[1:]
    assert bind(suffix, [[one], [other]]) == part(suffix, one, other) == part(suffix, assessments)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zst"])
def test_header_of_a_csv_stands_once_and_first(assessments, bind, suffix):
    content = unpack(suffix, bind(suffix, [[assessments[:2]], [assessments[2:3]], [assessments[3:]]]))
    assert content.startswith(HEADER)
    assert content.count(HEADER) == 1


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_leaf_has_no_header(assessments, suffix):
    form = writing(KINDS[suffix])
    assert form.part([]) + form.leaf(assessments) == part(suffix, assessments)
    assert form.leaf([]) == b""


@every_kind
def test_file_of_no_assessments_can_be_read(bind, suffix):
    assert read(suffix, part(suffix)) == []
    assert read(suffix, part(suffix, [])) == []
    assert read(suffix, bind(suffix, [])) == []
    assert read(suffix, bind(suffix, [[], [[]]])) == []


def test_empty_csv_and_parquet_still_name_their_columns(bind):
    assert part(".csv") == bind(".csv", []) == HEADER
    assert gzip.decompress(bind(".csv.gz", [])) == HEADER
    assert tuple(pq.read_schema(io.BytesIO(part(".parquet"))).names) == KEYS
    assert tuple(pq.read_schema(io.BytesIO(bind(".parquet", []))).names) == KEYS
    assert bind(".jsonl", []) == bind(".jsonl.gz", []) == bind(".jsonl.zst", []) == b""


@pytest.fixture(scope="module")
def many():
    plain = dict.fromkeys(Label, 0.25)
    return [
        Assessment(
            id=str(n), labels=(), scores=plain, action=Action.CONTINUE, reasons=(), evidence=(), signals=(),
            nation=Nation.UNKNOWN, guidance=(), model="tiny/7", policy="small/1",
        )
        for n in range(2000)
    ]  # fmt: skip


@pytest.mark.parametrize("number", [999, 1000, 1001, 2000])
def test_parquet_of_more_than_one_leaf_is_whole(many, bind, number):
    leaves = [many[start : start + 256][: number - start] for start in range(0, number, 256)]
    wanted = [str(n) for n in range(number)]
    assert [row["id"] for row in read(".parquet", part(".parquet", *leaves))] == wanted
    assert [row["id"] for row in read(".parquet", bind(".parquet", [[leaf] for leaf in leaves]))] == wanted


def test_each_part_is_a_row_group_however_many_leaves_it_has(many, bind):
    bound = bind(".parquet", [[many[:256], many[256:500]], [], [many[500:1000]]])
    meta = pq.read_metadata(io.BytesIO(bound))
    assert [meta.row_group(number).num_rows for number in range(meta.num_row_groups)] == [500, 500]


def test_lists_that_are_empty_in_one_part_only_do_not_change_the_columns(assessments, many, bind):
    bound = bind(".parquet", [[many[:1]], [assessments]])
    assert pq.read_schema(io.BytesIO(bound)) == pq.read_schema(io.BytesIO(part(".parquet", assessments)))
    assert read(".parquet", bound)[1:] == [assessment.to_dict() for assessment in assessments]


def test_characters_are_written_as_they_are(assessments):
    content = part(".jsonl", assessments)
    assert "😀".encode() in content
    assert b"\\u2028" not in content
    assert content.count(b"\n") == len(TEXTS)
    assert b"\r" not in content


@every_kind
def test_odd_ids_come_back_to_the_letter(assessments, suffix):
    assert tuple(row["id"] for row in read(suffix, part(suffix, assessments))) == ODD_IDS


@every_kind
def test_same_assessments_give_the_same_bytes(assessments, bind, suffix):
    form = writing(KINDS[suffix])
    assert form.leaf(assessments) == writing(KINDS[suffix]).leaf(assessments)
    assert part(suffix, assessments) == part(suffix, assessments)
    assert bind(suffix, [[assessments], [assessments]]) == bind(suffix, [[assessments], [assessments]])


def test_time_of_day_is_not_in_a_packed_file(assessments, monkeypatch):
    content = part(".jsonl.gz", assessments)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert part(".jsonl.gz", assessments) == content
    assert content[4:8] == bytes(4)


def test_packed_files_are_smaller(many):
    plain = len(part(".jsonl", many))
    assert len(part(".jsonl.gz", many)) < plain / 5
    assert len(part(".jsonl.zst", many)) < plain / 5


def test_json_is_compact_and_keeps_characters():
    assert to_json({"a": [1, 0.5, "é😀\u2028", None, True]}) == '{"a":[1,0.5,"é😀\u2028",null,true]}'


def test_scores_survive_every_kind_of_file(assessments):
    written = [read(suffix, part(suffix, assessments)) for suffix in KINDS]
    for rows in zip(*written, strict=True):
        scores = [tuple(row["scores"].values()) for row in rows]
        assert len(set(scores)) == 1
        assert all(math.isfinite(score) for score in scores[0])


def test_every_kind_can_be_written():
    assert {kind.form for kind in KINDS.values()} == set(Form)
    assert [writing(kind).leaf([]) for kind in (Kind(Form.JSONL), Kind(Form.CSV, "gzip"))] == [b"", b""]
