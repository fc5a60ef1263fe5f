import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.backlog.rows import Row, check_suffix, count_rows, read_rows
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
        "Name the columns id, title (may be missing) and text."
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
    message = "no such file. Name a .jsonl, .csv, .parquet file with id, title and text."
    assert refusal(tmp_path / "none.jsonl") == message
    (tmp_path / "folder.jsonl").mkdir()
    assert refusal(tmp_path / "folder.jsonl") == message


@pytest.mark.parametrize("name", ["s.json", "s.txt", "s", "s.JSONL", "s.jsonl.gz"])
def test_foreign_suffix_is_refused(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(GOOD)
    message = "its name ends with none of .jsonl, .csv, .parquet. Convert or rename it."
    assert refusal(file) == message
    with pytest.raises(RowError):
        check_suffix(file)


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


def test_rows_are_counted(tmp_path):
    for name, content in (("s.jsonl", JSONL), ("s.csv", CSV)):
        (tmp_path / name).write_bytes(content)
        assert count_rows(tmp_path / name) == content.count(b"\n")
    pq.write_table(PARQUET, tmp_path / "s.parquet")
    assert count_rows(tmp_path / "s.parquet") == 3


def test_rows_of_what_cannot_be_read_are_not_counted(tmp_path):
    (tmp_path / "s.parquet").write_bytes(b"no parquet")
    assert count_rows(tmp_path / "s.parquet") is None
    assert count_rows(tmp_path / "none.jsonl") is None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(TEXTS.filter(str.strip), max_size=5), junk=st.lists(st.binary(), max_size=5))
def test_any_stories_survive_any_junk_between_them(tmp_path_factory, texts, junk):
    file = tmp_path_factory.mktemp("rows") / "s.jsonl"
    lines = [json.dumps({"id": f"story {n}", "text": text}).encode() for n, text in enumerate(texts)]
    mixed = [part for pair in zip(lines, [*junk, *[b""] * len(lines)], strict=False) for part in pair]
    file.write_bytes(b"\n".join(mixed))
    assert [text for _, _, text in stories(read_rows(file))] == texts
