from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import Story
from classifier.backlog import shards
from classifier.backlog.rows import Row
from classifier.backlog.shards import Batch, cut


def story(number, text="They were kind.", *, title="", month=None):
    return Row(f"s.jsonl:{number}", str(number), Story(id=str(number), title=title, text=text), month=month)


def fault(number, words="not JSON.", *, identity=None):
    return Row(f"s.jsonl:{number}", identity, fault=words)


def keys(rows, *, run="run", shard_rows=3):
    return [shard.key for shard in cut(rows, run=run, shard_rows=shard_rows)]


def sizes(rows, **options):
    """The number of rows in each batch of each shard."""
    return [[len(batch.rows) for batch in shard.batches] for shard in cut(rows, run="run", **options)]


@pytest.fixture
def small(monkeypatch):
    """Small limits: 4 rows or 40 characters a batch, 100 characters a shard."""
    monkeypatch.setattr(shards, "BATCH_ROWS", 4)
    monkeypatch.setattr(shards, "BATCH_CHARS", 40)
    monkeypatch.setattr(shards, "SHARD_CHARS", 100)


TEN = [story(number) for number in range(10)]


# ---------------------------------------------------------------- where pieces end


@pytest.mark.parametrize(
    ("number", "wanted"),
    [(0, []), (1, [1]), (2, [2]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1]), (10, [3, 3, 3, 1])],
)
def test_shard_ends_at_its_number_of_rows(number, wanted):
    assert [sum(shard) for shard in sizes(TEN[:number], shard_rows=3)] == wanted


@pytest.mark.parametrize(
    ("number", "wanted"), [(3, [[3]]), (4, [[4]]), (5, [[4, 1]]), (8, [[4, 4]]), (9, [[4, 4, 1]])]
)
def test_batch_ends_at_its_number_of_rows(small, number, wanted):
    rows = [story(n, "x") for n in range(number)]
    assert sizes(rows, shard_rows=100) == wanted


@pytest.mark.parametrize(
    ("lengths", "wanted"),
    [
        ([20, 19, 1], [[3]]),
        ([20, 20, 1], [[2, 1]]),
        ([20, 21, 1], [[2, 1]]),
        ([39, 1, 1], [[2, 1]]),
        ([40, 40, 1], [[1, 1, 1]]),
    ],
)
def test_batch_ends_at_its_number_of_characters(small, lengths, wanted):
    rows = [story(n, "x" * length) for n, length in enumerate(lengths)]
    assert sizes(rows, shard_rows=100) == wanted


@pytest.mark.parametrize(("last", "wanted"), [(19, [4, 1]), (20, [3, 2]), (21, [3, 2])])
def test_shard_ends_at_its_number_of_characters(small, last, wanted):
    rows = [story(n, "x" * length) for n, length in enumerate([40, 40, last, 1, 1])]
    assert [sum(shard) for shard in sizes(rows, shard_rows=100)] == wanted


def test_title_counts_as_the_text_does(small):
    rows = [story(1, "x" * 20, title="y" * 20), story(2, "x")]
    assert sizes(rows, shard_rows=100) == [[1, 1]]


def test_huge_story_stands_alone_and_is_not_cut(small):
    rows = [story(1, "x"), story(2, "x" * 5000), story(3, "x")]
    (first, second) = cut(rows, run="run", shard_rows=100)
    assert [row.id for batch in first.batches for row in batch.rows] == ["1", "2"]
    assert [row.id for batch in second.batches for row in batch.rows] == ["3"]
    assert first.batches[0].rows[1].story.text == "x" * 5000


def test_row_that_is_no_story_counts_as_a_row_without_characters(small):
    assert sizes([fault(n) for n in range(9)], shard_rows=6) == [[4, 2], [3]]
    assert sizes([story(1, "x" * 39), fault(2), fault(3), story(4, "x"), fault(5)], shard_rows=9) == [[4, 1]]


def test_no_rows_have_no_shards():
    assert list(cut([], run="run")) == []


def test_shards_are_numbered_and_hold_every_row_in_order():
    found = list(cut(TEN, run="run", shard_rows=4))
    assert [shard.number for shard in found] == [0, 1, 2]
    assert [row for shard in found for batch in shard.batches for row in batch.rows] == TEN


def test_batch_says_from_where_to_where_it_goes():
    assert Batch((story(3), fault(4), story(7))).place == "s.jsonl:3 to s.jsonl:7"
    assert Batch((story(3),)).place == "s.jsonl:3 to s.jsonl:3"


def test_shard_is_given_as_soon_as_it_is_full():
    seen = []

    def rows():
        for row in TEN:
            seen.append(row.id)
            yield row

    found = cut(rows(), run="run", shard_rows=4)
    next(found)
    assert len(seen) == 4


def test_shard_says_where_in_the_input_it_stands():
    position = 100

    def rows():
        nonlocal position
        for row in TEN[:5]:
            position += 10
            yield row

    found = cut(rows(), run="run", shard_rows=2, position=lambda: position)
    assert [(shard.start, shard.position) for shard in found] == [(0, 120), (120, 140), (140, 150)]


# ---------------------------------------------------------------- keys


def test_same_rows_have_the_same_keys():
    assert keys(TEN) == keys([story(number) for number in range(10)])
    assert len(set(keys(TEN))) == 4


def test_key_of_a_shard_stays_what_it_was():
    """What was kept by an earlier release would else be scored again."""
    row = '["1","","They were kind.",null]["2","T","é",""]["not JSON.","s.jsonl:3",null]'
    assert keys([story(1), story(2, "é", title="T", month=""), fault(3)]) == [
        sha256(f"run{row}".encode()).hexdigest()
    ]


def test_where_batches_end_is_not_in_the_key(monkeypatch):
    before = keys(TEN, shard_rows=5)
    monkeypatch.setattr(shards, "BATCH_ROWS", 2)
    assert keys(TEN, shard_rows=5) == before


@pytest.mark.parametrize(
    "other",
    [
        story(4, "They were kind!"),
        story(4, "They were kind. "),
        story(4, title="x"),
        story(4, month="2026-01"),
        story(4, month=""),
        story(44),
        fault(4),
    ],
)
def test_row_that_changed_changes_the_key_of_its_shard_alone(other):
    before, after = keys(TEN), keys([*TEN[:4], other, *TEN[5:]])
    assert [one == two for one, two in zip(before, after, strict=True)] == [True, False, True, True]


@pytest.mark.parametrize(
    "other",
    [fault(5), fault(4, "not a JSON object."), fault(4, identity="a"), story(4)],
    ids=["place", "fault", "id", "mended"],
)
def test_rejected_row_that_changed_changes_the_key(other):
    assert keys([fault(4)]) != keys([other])


def test_place_of_a_story_is_not_in_the_key():
    moved = [Row(f"other.csv:{number}", row.id, row.story) for number, row in enumerate(TEN)]
    assert keys(moved) == keys(TEN)


def test_another_run_changes_every_key():
    assert not set(keys(TEN, run="run")) & set(keys(TEN, run="another"))


def test_row_that_comes_in_changes_the_keys_from_there_on():
    before, after = keys(TEN), keys([*TEN[:4], story(99), *TEN[4:]])
    assert [one == two for one, two in zip(before, after, strict=False)] == [True, False, False, False]


def test_rows_that_are_added_at_the_end_change_only_the_last_key():
    before, after = keys(TEN), keys([*TEN, story(10), story(11), story(12)])
    assert after[:3] == before[:3]
    assert after[3] != before[3]
    assert len(after) == 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([story(1, "ab", title="c")], [story(1, "b", title="ca")]),
        ([story(1, "a"), story(2, "b")], [story(1, 'a",null]["2","","b')]),
        ([story(1, "\\")], [story(1, "\\\\")]),
        ([story(1, "x\u2028")], [story(1, "x\\u2028")]),
        ([story(1, "é")], [story(1, "e\u0301")]),
        ([story(1, "x", month=None)], [story(1, "x", month="null")]),
    ],
)
def test_rows_that_only_look_alike_have_other_keys(one, other):
    assert keys(one) != keys(other)


def test_characters_that_cannot_be_encoded_have_a_key():
    assert keys([fault(1, "text: \ud800")]) != keys([fault(1, "text: \ud801")])


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=100, deadline=None)
@given(
    one=st.lists(st.tuples(words, words, st.none() | words), max_size=3),
    other=st.lists(st.tuples(words, words, st.none() | words), max_size=3),
)
def test_keys_are_the_same_exactly_for_the_same_rows(one, other):
    rows = [
        [
            story(n, f"x{text}", title=title, month=month)
            for n, (title, text, month) in enumerate(values, start=1)
        ]
        for values in (one, other)
    ]
    assert (keys(rows[0], shard_rows=9) == keys(rows[1], shard_rows=9)) is (one == other)
