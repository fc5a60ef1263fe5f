import datetime as dt
import gzip
import io
import json
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.backlog import rows as rows_module
from classifier.backlog.places import Form, InputFile
from classifier.backlog.rows import Columns, Row, RowSource, csv_records, read_rows, stream_rows
from classifier.errors import RowError
from classifier.story import Story

GOOD = b'{"id": "good", "text": "Kind nurses."}\n'
NOT_JSON = "not JSON. Each line must be one JSON object with id, title and text."
NOT_OBJECT = "not a JSON object. Each line must be one."
NO_ID = "id: is missing. Give each row an id of its own."
NO_TEXT = "keys: no text. A row has id, title (may be missing) and text."
EMPTY = "text: the story is empty. Send the author's words in text (or title)."
NOT_UTF8 = "bytes that are not UTF-8. Save the file as UTF-8."
CANARY = "heliotrope walrus"
ENDINGS = ".jsonl, .csv, .parquet, .jsonl.gz, .jsonl.zst, .csv.gz, .csv.zst"


@pytest.fixture
def rows(tmp_path):
    """The rows of a file of this content."""

    def read(name, content):
        file = tmp_path / name
        if isinstance(content, pa.Table):
            pq.write_table(content, file)
        else:
            file.write_bytes(content)
        return list(read_rows(file))

    return read


def refusal(file):
    with pytest.raises(RowError) as caught:
        list(read_rows(file))
    return str(caught.value).removeprefix(f"{file}: ")


def stories(rows):
    return [(row.story.id, row.story.title, row.story.text) for row in rows if row.story]


def faults(rows):
    return [(row.place, row.id, row.fault) for row in rows if row.fault is not None]


STORIES = [
    ("a", "Tïtle", 'One\r\ntwo 😀, "three"'),
    ("b", "", "cafe\u0301 &amp; bar\u2028end"),
    ("7", "Only", ""),
]
JSONL = "".join(json.dumps({"id": i, "title": t, "text": x}) + "\n" for i, t, x in STORIES).encode()
CSV = (
    'id,title,text\na,Tïtle,"One\r\ntwo 😀, ""three"""\n'.encode()
    + "b,,cafe\u0301 &amp; bar\u2028end\n7,Only,\n".encode()
)
PARQUET = pa.table({name: [story[n] for story in STORIES] for n, name in enumerate(("id", "title", "text"))})


@pytest.mark.parametrize(
    ("name", "content"),
    [("s.jsonl", JSONL), ("s.csv", CSV), ("s.parquet", PARQUET)],
    ids=["jsonl", "csv", "parquet"],
)
def test_same_stories_come_from_every_kind_of_file(rows, name, content):
    found = rows(name, content)
    assert stories(found) == STORIES
    assert faults(found) == []


def test_row_says_where_it_stands(rows):
    assert rows("s.jsonl", b"\n \n" + GOOD)[0] == Row(
        "s.jsonl:3", "good", Story(id="good", text="Kind nurses.")
    )
    assert [row.place for row in rows("s.csv", CSV)] == ["s.csv:2", "s.csv:4", "s.csv:5"]
    assert [row.place for row in rows("s.parquet", PARQUET)] == ["s.parquet:1", "s.parquet:2", "s.parquet:3"]


@pytest.mark.parametrize(
    ("line", "identity", "fault"),
    [
        (b"{", None, NOT_JSON),
        (b"Words without quotes", None, NOT_JSON),
        (b"{'id': 'a', 'text': 'x'}", None, NOT_JSON),
        (b'{"id": "a", "text": "x"} {"id": "b"}', None, NOT_JSON),
        (b"[" * 100_000, None, NOT_JSON),
        (b'{"id": ' + b"1" * 5000 + b', "text": "x"}', None, NOT_JSON),
        (b'["a", "x"]', None, NOT_OBJECT),
        (b"7", None, NOT_OBJECT),
        (b"null", None, NOT_OBJECT),
        (b'{"id": "a", "text": "caf\xe9"}', None, "byte 24 is not UTF-8. Save the file as UTF-8."),
        (b'{"text": "x"}', None, NO_ID),
        (b'{"id": null, "text": "x"}', None, NO_ID),
        (b'{"id": " ", "text": "x"}', None, NO_ID),
        (b'{"id": "", "text": "x"}', None, NO_ID),
        (b'{"id": true, "text": "x"}', None, NO_ID),
        (b'{"id": 1.5, "text": "x"}', None, NO_ID),
        (b'{"id": "a"}', "a", NO_TEXT),
        (b'{"id": "a", "title": "x"}', "a", NO_TEXT),
        (b'{"id": "a", "text": ""}', "a", EMPTY),
        (b'{"id": 8, "text": null}', "8", EMPTY),
        (b'{"id": "a", "text": " \\n", "title": null}', "a", EMPTY),
        (b'{"id": "a", "text": 0}', "a", "text: is int, not text. Send a string."),
        (b'{"id": "a", "text": ["x"]}', "a", "text: is list, not text. Send a string."),
        (b'{"id": "a", "text": "x", "title": false}', "a", "title: is bool, not text. Send a string."),
        (
            b'{"id": "a", "text": "ab\\ud83d"}',
            "a",
            "text: character 2 is half of a surrogate pair. Send the text as valid Unicode.",
        ),
        (
            b'{"id": "a\\udc00", "text": "x"}',
            "a\\udc00",
            "id: character 1 is half of a surrogate pair. Send the text as valid Unicode.",
        ),
    ],
)
def test_bad_line_is_named_and_the_others_are_unharmed(rows, line, identity, fault):
    found = rows("s.jsonl", GOOD + line + b'\n{"id": "last", "text": "Good food."}')
    assert faults(found) == [("s.jsonl:2", identity, fault)]
    assert [story[0] for story in stories(found)] == ["good", "last"]


def test_whole_surrogate_pair_is_one_character(rows):
    assert stories(rows("s.jsonl", b'{"id": "a", "text": "\\ud83d\\ude00"}')) == [("a", "", "😀")]


def test_whole_number_is_an_id(rows):
    lines = b'{"id": 7, "text": "x"}\n{"id": -1, "text": "x"}'
    assert [row.id for row in rows("s.jsonl", lines)] == ["7", "-1"]
    assert [row.id for row in rows("s.parquet", pa.table({"id": [7, 8], "text": ["x", "y"]}))] == ["7", "8"]


def test_id_is_kept_to_the_letter(rows):
    assert stories(rows("s.jsonl", b'{"id": " 01 ", "text": "x"}')) == [(" 01 ", "", "x")]


def test_second_story_of_an_id_is_refused_with_the_place_of_the_first(rows):
    lines = b'{"id": "a", "text": "x"}\n' + GOOD + b'{"id": "a", "text": "y"}\n{"id": "a", "text": "x"}\n'
    found = rows("s.jsonl", lines)
    fault = "id: stands at s.jsonl:1 too, so answers could not be told apart. Give it another id."
    assert faults(found) == [("s.jsonl:3", "a", fault), ("s.jsonl:4", "a", fault)]
    assert stories(found) == [("a", "", "x"), ("good", "", "Kind nurses.")]


def test_number_and_text_can_be_the_same_id(rows):
    found = rows("s.jsonl", b'{"id": 7, "text": "x"}\n{"id": "7", "text": "y"}')
    assert [(row.id, row.fault is None) for row in found] == [("7", True), ("7", False)]


def test_id_of_a_bad_row_may_come_again(rows):
    found = rows("s.jsonl", b'{"id": "a", "text": ""}\n{"id": "a", "text": "x"}\n')
    assert stories(found) == [("a", "", "x")]


def test_byte_order_mark_is_passed_over(rows):
    assert stories(rows("s.jsonl", b"\xef\xbb\xbf" + JSONL)) == STORIES
    assert stories(rows("s.csv", b"\xef\xbb\xbf" + CSV)) == STORIES


def test_windows_line_ends_are_read(rows):
    assert stories(rows("s.jsonl", JSONL.replace(b"\n", b"\r\n"))) == STORIES


def test_other_columns_are_passed_over(rows):
    assert stories(rows("s.jsonl", b'{"id": "a", "stars": 5, "text": "x", "label": {}}')) == [("a", "", "x")]
    assert stories(rows("s.csv", b"stars,text,id\n5,x,a\n")) == [("a", "", "x")]
    table = pa.table({"stars": [5], "text": ["x"], "id": ["a"]})
    assert stories(rows("s.parquet", table)) == [("a", "", "x")]


@pytest.mark.parametrize(
    ("name", "content"),
    [("s.jsonl", b""), ("s.jsonl", b"\n\n"), ("s.csv", b"id,text\n"), ("s.parquet", PARQUET.slice(0, 0))],
    ids=["empty", "blank lines", "header only", "no rows"],
)
def test_file_without_rows_is_read(rows, name, content):
    assert rows(name, content) == []


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (b"a,x", "2 cells under 3 columns. Put cells with commas or line breaks in quotes."),
        (b"a,t,x,y", "4 cells under 3 columns. Put cells with commas or line breaks in quotes."),
        (b"a,t,caf\xe9", NOT_UTF8),
        (b"\xff,t,x", NOT_UTF8),
        (b",t,x", NO_ID),
        (b"a,,", EMPTY),
        (b'a,," "', EMPTY),
    ],
)
def test_bad_row_of_a_csv_is_named_and_the_others_are_unharmed(rows, cells, fault):
    found = rows("s.csv", b'id,title,text\nfirst,,"two\nlines"\n' + cells + b"\n\nlast,,Good food.\n")
    assert [(row.place, row.fault) for row in found] == [
        ("s.csv:2", None),
        ("s.csv:4", fault),
        ("s.csv:6", None),
    ]
    assert stories(found) == [("first", "", "two\nlines"), ("last", "", "Good food.")]


def test_id_of_a_bad_csv_row_is_kept(rows):
    assert [row.id for row in rows("s.csv", b"id,text\na,\n")] == ["a"]


def test_very_long_cell_is_read(rows):
    assert stories(rows("s.csv", b"id,text\na," + b"word " * 60_000 + b"\n")) == [("a", "", "word " * 60_000)]


@pytest.mark.parametrize(
    ("header", "missing", "number"),
    [
        (b"", "id or text", 0),
        (b"id,title\n", "text", 2),
        (b"text\n", "id", 1),
        (b"ID,Text\n", "id or text", 2),
        (b"id; text\n", "id or text", 1),
        (b'1,"' + CANARY.encode() + b'"\n', "id or text", 2),
    ],
)
def test_csv_without_the_columns_is_refused_and_none_of_its_words_told(tmp_path, header, missing, number):
    file = tmp_path / "s.csv"
    file.write_bytes(header)
    assert refusal(file) == (
        f"no column {missing} among the {number} there are. "
        "Name the columns id, title (may be missing) and text, or give the names they have (--id-column)."
    )


def test_parquet_without_the_columns_is_refused(tmp_path):
    file = tmp_path / "s.parquet"
    pq.write_table(pa.table({"id": ["a"], "body": ["x"]}), file)
    assert refusal(file).startswith("no column text among the 2 there are. ")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", b"PAR1" + b"\x00" * 50 + b"PAR1"])
def test_file_that_is_no_parquet_is_refused(tmp_path, content):
    file = tmp_path / "s.parquet"
    file.write_bytes(content)
    assert refusal(file) == "not a sound Parquet file. Write it again."


@pytest.mark.parametrize("place", [4, 9, 10, 20, 60, 140, 160])
def test_damaged_parquet_is_refused(tmp_path, place):
    file = tmp_path / "s.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["x", "y"]}), file)
    content = bytearray(file.read_bytes())
    content[place : place + 4] = bytes(255 - byte for byte in content[place : place + 4])
    file.write_bytes(content)
    assert refusal(file) == "not a sound Parquet file. Write it again."


def test_parquet_row_that_is_not_utf8_is_named_and_the_others_are_unharmed(rows):
    ends = pa.py_buffer(np.array([0, 1, 3, 4], dtype=np.int32).tobytes())
    text = pa.StringArray.from_buffers(3, ends, pa.py_buffer(b"x\xff\xfey"))
    found = rows("s.parquet", pa.table({"id": ["a", "b", "c"], "text": text}))
    assert faults(found) == [("s.parquet:2", None, NOT_UTF8)]
    assert stories(found) == [("a", "", "x"), ("c", "", "y")]


def test_parquet_rows_of_the_wrong_kind_are_named(rows):
    table = pa.table({"id": ["a", None, "c"], "text": pa.array([b"x", b"y", None])})
    assert faults(rows("s.parquet", table)) == [
        ("s.parquet:1", "a", "text: is bytes, not text. Send a string."),
        ("s.parquet:2", None, NO_ID),
        ("s.parquet:3", "c", EMPTY),
    ]


def test_large_parquet_is_read_to_its_end(rows):
    table = pa.table({"id": list(range(2500)), "text": ["x"] * 2500})
    assert [row.place for row in rows("s.parquet", table)] == [f"s.parquet:{n}" for n in range(1, 2501)]


def test_rows_are_read_one_by_one(tmp_path):
    file = tmp_path / "s.jsonl"
    file.write_bytes(GOOD)
    reader = read_rows(file)
    assert next(reader).id == "good"
    reader.close()


def test_missing_file_is_refused(tmp_path):
    message = f"no such file. Name a {ENDINGS} file with id, title and text."
    assert refusal(tmp_path / "none.jsonl") == message
    (tmp_path / "folder.jsonl").mkdir()
    assert refusal(tmp_path / "folder.jsonl") == message


@pytest.mark.parametrize("name", ["s.json", "s.txt", "s", "s.JSONL", "s.jsonl.bz2"])
def test_foreign_suffix_is_refused(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(GOOD)
    assert refusal(file) == f"its name ends with none of {ENDINGS}. Convert or rename it."


def test_file_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "s.jsonl"
    file.write_bytes(GOOD)

    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    # The tests may run as a user whom no file is closed to.
    monkeypatch.setattr(type(file), "open", refuse)
    assert refusal(file) == "cannot be read (Permission denied). Check the file and its rights."


def test_no_fault_holds_the_words_of_a_story(rows):
    lines = [
        f'{{"id": "a", "text": "{CANARY}\\ud800"}}',
        f'{{"id": "b", "text": ["{CANARY}"]}}',
        f'{{"id": "c", "text": "{CANARY}"',
        f'{{"text": "{CANARY}"}}',
        f'{{"id": "d", "body": "{CANARY}"}}',
        f"{CANARY}",
    ]
    found = rows("s.jsonl", "\n".join(lines).encode())
    assert len(faults(found)) == 6
    assert "walrus" not in repr(faults(found))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(TEXTS.filter(str.strip), max_size=5), junk=st.lists(st.binary(), max_size=5))
def test_any_stories_survive_any_junk_between_them(tmp_path_factory, texts, junk):
    file = tmp_path_factory.mktemp("rows") / "s.jsonl"
    lines = [json.dumps({"id": f"story {n}", "text": text}).encode() for n, text in enumerate(texts)]
    mixed = [part for pair in zip(lines, [*junk, *[b""] * len(lines)], strict=False) for part in pair]
    file.write_bytes(b"\n".join(mixed))
    assert [text for _, _, text in stories(read_rows(file))] == texts


# ---------------------------------------------------------------- columns by other names


@pytest.fixture
def read(tmp_path):
    """The rows of files of these contents, by name."""

    def read(contents, **columns):
        for name, content in contents.items():
            if isinstance(content, pa.Table):
                pq.write_table(content, tmp_path / name)
            else:
                (tmp_path / name).write_bytes(content)
        files = [InputFile(tmp_path / name, name) for name in contents]
        return list(RowSource(files, columns=Columns(**columns)))

    return read


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.jsonl", b'{"nr": 1, "head": "H", "body": "B", "id": 9, "text": "no"}\n'),
        ("s.csv", b"body,nr,text,head,id\nB,1,no,H,9\n"),
        ("s.parquet", pa.table({"body": ["B"], "nr": [1], "text": ["no"], "head": ["H"], "id": [9]})),
    ],
    ids=["jsonl", "csv", "parquet"],
)
def test_columns_may_have_other_names(read, name, content):
    assert stories(read({name: content}, id="nr", title="head", text="body")) == [("1", "H", "B")]


def test_one_column_may_serve_twice(read):
    table = {"s.csv": b"id,text\n7,x\n"}
    assert stories(read(table, title="text")) == [("7", "x", "x")]


def test_faults_name_the_columns_that_were_asked_for(read):
    found = read(
        {"s.jsonl": b'{"id": "a", "text": "x"}\n{"body": "x"}\n'}, id="nr", title="head", text="body"
    )
    assert faults(found) == [
        ("s.jsonl:1", None, "keys: no body. A row has nr, head (may be missing) and body."),
        ("s.jsonl:2", None, "nr: is missing. Give each row an id of its own."),
    ]


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        ({"id": "nr"}, "nr"),
        ({"text": "body"}, "body"),
        ({"date": "when"}, "when"),
        ({"id": "nr", "text": "body", "date": "when"}, "nr or body or when"),
    ],
)
def test_column_that_was_asked_for_and_is_not_there_is_refused(tmp_path, read, columns, missing):
    for name, content in (("s.csv", CSV), ("s.parquet", PARQUET)):
        with pytest.raises(RowError) as caught:
            read({name: content}, **columns)
        assert str(caught.value).startswith(f"{tmp_path / name}: no column {missing} among the 3 there are. ")


def test_title_column_may_be_missing_whatever_its_name(read):
    assert stories(read({"s.csv": b"id,text\na,x\n"}, title="head")) == [("a", "", "x")]


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("value", "month"),
    [
        ("2026-03-31", "2026-03"),
        ("20260331", "2026-03"),
        ("2026-03-31T23:59:59", "2026-03"),
        ("2026-03-31 23:59:59.123456", "2026-03"),
        ("2026-03-31T23:59:59Z", "2026-03"),
        ("2026-03-31T23:59:59+01:00", "2026-03"),
        ("31/03/2026", "2026-03"),
        ("01/12/2026", "2026-12"),  # the day comes first
        ("1/2/2026", "2026-02"),
        ("0026-03-31", "0026-03"),
        ("31/12/0999", "0999-12"),
        ("03/31/2026", ""),
        ("31/02/2026", ""),
        ("2026-13-01", ""),
        ("2026-03", ""),
        ("31.03.2026", ""),
        ("March 2026", ""),
        ("", ""),
        (" ", ""),
        (None, ""),
        (20260331, ""),
        (1774915200.5, ""),
        (True, ""),
        (["2026-03-31"], ""),
        ({"date": "2026-03-31"}, ""),
    ],
)
def test_month_is_read_from_a_date(read, value, month):
    line = json.dumps({"id": "a", "text": "x", "date": value}).encode()
    (row,) = read({"s.jsonl": line}, date="date")
    assert (row.month, row.fault) == (month, None)


def test_month_is_empty_where_a_line_has_no_date_and_none_where_none_was_asked_for(read):
    line = {"s.jsonl": b'{"id": "a", "text": "x", "date": "2026-03-31"}\n'}
    assert [row.month for row in read(line)] == [None]
    assert [row.month for row in read(line, date="when")] == [""]


def test_month_is_read_from_a_csv(read):
    content = b"id,text,when\na,x,31/03/2026\nb,y,2025-01-01\nc,z,\n"
    assert [row.month for row in read({"s.csv": content}, date="when")] == ["2026-03", "2025-01", ""]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([dt.date(2026, 3, 31), None], pa.date32()),
        pa.array([dt.date(2026, 3, 31), None], pa.date64()),
        pa.array([dt.datetime(2026, 3, 31, 23, 59, 59), None], pa.timestamp("s")),
        pa.array([dt.datetime(2026, 3, 31, 23, 59, 59, 999_999), None], pa.timestamp("us")),
        pa.array([1_775_001_599_999_999_999, None], pa.timestamp("ns")),
        pa.array([1_775_001_599, None], pa.timestamp("s", tz="UTC")),
        pa.array(["2026-03-31", None], pa.string()),
        pa.array([b"2026-03-31", None], pa.binary()).cast(pa.string()).dictionary_encode(),
    ],
    ids=lambda values: str(values.type),
)
def test_month_is_read_from_a_parquet_file(read, values):
    table = pa.table({"when": values, "id": ["a", "b"], "text": ["x", "y"]})
    found = read({"s.parquet": table}, date="when")
    assert [row.month for row in found] == ["2026-03", ""]
    assert stories(found) == [("a", "", "x"), ("b", "", "y")]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([3 * 10**14, 0], pa.timestamp("ms")),  # in the year 11476
        pa.array([-(10**14), 0], pa.timestamp("ms")),  # before the year 1
        pa.array([10**7, 0], pa.date32()),
    ],
    ids=["far ahead", "far back", "day far ahead"],
)
def test_date_beyond_the_calendar_costs_only_its_month(read, values):
    table = pa.table({"when": values, "id": ["a", "b"], "text": ["x", "y"]})
    found = read({"s.parquet": table}, date="when")
    assert [(row.id, row.month) for row in found] == [("a", ""), ("b", "1970-01")]


def test_broken_text_beside_a_date_beyond_the_calendar_is_still_named(read):
    ends = pa.py_buffer(np.array([0, 2, 3], dtype=np.int32).tobytes())
    text = pa.StringArray.from_buffers(2, ends, pa.py_buffer(b"\xff\xfey"))
    table = pa.table({"when": pa.array([3 * 10**14, 0], pa.timestamp("ms")), "id": ["a", "b"], "text": text})
    found = read({"s.parquet": table}, date="when")
    assert faults(found) == [("s.parquet:1", None, NOT_UTF8)]
    assert stories(found) == [("b", "", "y")]


def test_row_that_is_no_story_has_no_month(read):
    (row,) = read({"s.jsonl": b'{"id": "a", "text": "", "date": "2026-03-31"}'}, date="date")
    assert (row.fault, row.month) == (EMPTY, None)


# ---------------------------------------------------------------- packed files


def zstd(content):
    return pa.Codec("zstd").compress(content, asbytes=True)


PACKINGS = [(".gz", gzip.compress), (".zst", zstd)]
MANY = b"".join(b'{"id": %d, "text": "word %d"}\n' % (n, n * n) for n in range(5000))


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS)
@pytest.mark.parametrize(("name", "content"), [("s.jsonl", JSONL), ("s.csv", CSV)])
def test_packed_file_gives_the_same_rows(rows, suffix, pack, name, content):
    packed = rows(name + suffix, pack(content))
    assert stories(packed) == STORIES
    plain = rows(name, content)
    assert [row.place for row in packed] == [row.place.replace(name, name + suffix) for row in plain]


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS)
def test_packed_file_of_several_members_is_read_to_its_end(rows, suffix, pack):
    half = len(MANY) // 2  # in the middle of a line
    found = rows(f"s.jsonl{suffix}", pack(MANY[:half]) + pack(MANY[half:]))
    assert [row.id for row in found] == [str(n) for n in range(5000)]


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS)
@pytest.mark.parametrize("end", [3, 0.5, -1])
def test_packed_file_that_was_cut_off_is_refused(tmp_path, suffix, pack, end):
    file, packed = tmp_path / f"s.jsonl{suffix}", pack(MANY)
    file.write_bytes(packed[: int(len(packed) * end) if end == 0.5 else end])
    assert refusal(file) == "cannot be read (truncated compressed stream). Check the file and its rights."


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS)
def test_file_that_is_not_packed_as_its_name_says_is_refused(tmp_path, suffix, pack):
    file = tmp_path / f"s.jsonl{suffix}"
    file.write_bytes(JSONL)
    message = refusal(file)
    assert message.startswith("cannot be read (")
    assert message.endswith("). Check the file and its rights.")
    assert "three" not in message


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS)
def test_packed_file_of_nothing_has_no_rows(rows, suffix, pack):
    assert rows(f"s.jsonl{suffix}", pack(b"")) == []
    assert rows(f"s.jsonl{suffix}", b"") == []
    assert rows(f"s.csv{suffix}", pack(b"id,text\n")) == []


# ---------------------------------------------------------------- several files


def test_files_are_read_one_after_the_other_and_places_carry_their_labels(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"id": 1, "text": "x"}\n{"id": 2, "text": ""}\n')
    (tmp_path / "b.csv").write_bytes(b"id,text\n3,x\n")
    pq.write_table(pa.table({"id": ["4"], "text": ["x"]}), tmp_path / "c.parquet")
    files = [
        InputFile(tmp_path / "a.jsonl", "2026/a.jsonl"),
        InputFile(tmp_path / "b.csv", "2026/b.csv"),
        InputFile(tmp_path / "c.parquet", "c.parquet"),
    ]
    found = list(RowSource(files))
    assert [(row.place, row.id) for row in found] == [
        ("2026/a.jsonl:1", "1"),
        ("2026/a.jsonl:2", "2"),
        ("2026/b.csv:2", "3"),
        ("c.parquet:1", "4"),
    ]


def test_second_story_of_an_id_is_refused_across_files(read):
    found = read(
        {
            "a.jsonl": b'{"id": 1, "text": "x"}\n{"id": 2, "text": "x"}\n',
            "b.csv": b"id,text\n3,x\n2,y\n",
            "c.jsonl": b'{"id": 2, "text": "z"}\n{"id": 3, "text": "z"}\n',
        }
    )
    fault = "id: stands at {} too, so answers could not be told apart. Give it another id."
    assert faults(found) == [
        ("b.csv:3", "2", fault.format("a.jsonl:2")),
        ("c.jsonl:1", "2", fault.format("a.jsonl:2")),
        ("c.jsonl:2", "3", fault.format("b.csv:2")),
    ]


def test_same_rows_can_be_read_again(tmp_path):
    (tmp_path / "s.jsonl").write_bytes(JSONL)
    source = RowSource([InputFile(tmp_path / "s.jsonl", "s.jsonl")])
    first = list(source)
    assert stories(first) == STORIES
    assert list(source) == first
    assert source.position == source.size == len(JSONL)


def test_no_files_have_no_rows():
    source = RowSource([])
    assert (list(source), source.size, source.position) == ([], 0, 0)


def test_second_file_that_is_missing_is_told_after_the_rows_of_the_first(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    source = iter(RowSource([InputFile(tmp_path / name, name) for name in ("a.jsonl", "b.jsonl")]))
    assert next(source).id == "good"
    with pytest.raises(RowError, match=r"b\.jsonl: no such file\."):
        next(source)


# ---------------------------------------------------------------- how far the reading has come

NOISE = [sha256(b"%d" % n).hexdigest() * 2 for n in range(5000)]  # so that packed files are large too
LONG = "".join(f'{{"id": {n}, "text": "{noise}"}}\n' for n, noise in enumerate(NOISE)).encode()
WRITERS = {
    "s.jsonl": lambda file: file.write_bytes(LONG),
    "s.jsonl.gz": lambda file: file.write_bytes(gzip.compress(LONG)),
    "s.jsonl.zst": lambda file: file.write_bytes(zstd(LONG)),
    "s.csv": lambda file: file.write_text(
        "id,text\n" + "".join(f"{n},{noise}\n" for n, noise in enumerate(NOISE))
    ),
    "s.parquet": lambda file: pq.write_table(pa.table({"id": list(range(5000)), "text": NOISE}), file),
}


@pytest.mark.parametrize("name", WRITERS)
def test_position_grows_to_the_size_of_the_file(tmp_path, name):
    WRITERS[name](tmp_path / name)
    size = (tmp_path / name).stat().st_size
    source = RowSource([InputFile(tmp_path / name, name)])
    assert (source.size, source.position) == (size, 0)
    positions = [source.position for _ in source]
    assert positions == sorted(positions)
    assert len(set(positions)) > 1
    assert positions[-1] <= size
    assert source.position == size


def test_position_goes_on_from_file_to_file(tmp_path):
    files = []
    for name, write in WRITERS.items():
        write(tmp_path / name)
        files.append(InputFile(tmp_path / name, name))
    source = RowSource(files)
    sizes = [file.path.stat().st_size for file in files]
    assert source.size == sum(sizes)
    positions = {}
    for row in source:
        positions.setdefault(row.place.split(":")[0], []).append(source.position)
    for number, name in enumerate(WRITERS):
        assert sum(sizes[:number]) <= positions[name][0]
        assert positions[name][-1] <= sum(sizes[: number + 1])
    assert source.position == source.size


def test_position_of_a_file_that_cannot_be_measured_starts_at_nothing(tmp_path):
    source = RowSource([InputFile(tmp_path / "none.jsonl", "none.jsonl")])
    assert (source.size, source.position) == (0, 0)


# ---------------------------------------------------------------- a stream


@pytest.mark.parametrize(("form", "content"), [(Form.JSONL, JSONL), (Form.CSV, CSV)])
def test_stream_gives_the_same_rows_as_a_file(rows, form, content):
    streamed = list(stream_rows(io.BytesIO(content), form=form))
    assert stories(streamed) == STORIES
    filed = rows(f"input.{form}", content)
    assert [row.place for row in streamed] == [row.place.replace(f"input.{form}", "input") for row in filed]


def test_bad_row_of_a_stream_is_named(rows):
    content = GOOD + b"{\n" + GOOD
    assert faults(stream_rows(io.BytesIO(content), form=Form.JSONL)) == [
        ("input:2", None, NOT_JSON),
        (
            "input:3",
            "good",
            "id: stands at input:1 too, so answers could not be told apart. Give it another id.",
        ),
    ]


def test_columns_of_a_stream_may_have_other_names():
    columns = Columns(id="nr", text="body", date="when")
    content = b"nr,body,when\n1,x,31/03/2026\n"
    (row,) = stream_rows(io.BytesIO(content), form=Form.CSV, columns=columns)
    assert (row.id, row.story, row.month) == ("1", Story(id="1", text="x"), "2026-03")


def test_stream_without_the_columns_is_refused():
    with pytest.raises(RowError) as caught:
        list(stream_rows(io.BytesIO(b"a,b\n1,2\n"), form=Form.CSV))
    assert str(caught.value).startswith("input: no column id or text among the 2 there are. ")


def test_stream_is_read_as_it_comes():
    """What writes to a pipe may wait for an answer before it goes on."""
    seen = []

    class Slow(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            seen.append(len(seen))
            line = b'{"id": %d, "text": "x"}\n' % len(seen)
            buffer[: len(line)] = line
            return len(line)

    rows = stream_rows(Slow(), form=Form.JSONL)
    assert next(rows).id == "1"
    assert len(seen) == 1


# ---------------------------------------------------------------- cells of other tables


def test_cells_of_a_csv_are_given_by_column(tmp_path):
    file = tmp_path / "s.csv"
    file.write_bytes(b"id,text,label\na,x,ongoing\nb,y\n")
    assert list(csv_records(file)) == [
        ("s.csv:2", {"id": "a", "text": "x", "label": "ongoing"}),
        ("s.csv:3", "2 cells under 3 columns. Put cells with commas or line breaks in quotes."),
    ]


# ---------------------------------------------------------------- many ids


@pytest.mark.parametrize("same_half", [False, True], ids=["digests", "digests that share their first half"])
def test_id_is_found_again_however_many_came_since(monkeypatch, same_half):
    monkeypatch.setattr(rows_module._FirstPlaces, "_NEWEST", 4)
    if same_half:
        monkeypatch.setattr(rows_module, "blake2b", Halved)
    lines = [json.dumps({"id": f"i{number}", "text": "Kind."}) for number in [*range(22), *range(22), 99]]
    found = list(stream_rows(io.BytesIO("\n".join(lines).encode()), form=Form.JSONL))
    assert [row.id for row in found if row.story] == [*(f"i{number}" for number in range(22)), "i99"]
    fault = "id: stands at input:{} too, so answers could not be told apart. Give it another id."
    assert [row.fault for row in found[22:44]] == [fault.format(line) for line in range(1, 23)]


class Halved:
    """A digest of which only the second half tells one id from another."""

    def __init__(self, content, digest_size):
        self._digest = bytes(8) + sha256(content).digest()[: digest_size - 8]

    def digest(self):
        return self._digest
