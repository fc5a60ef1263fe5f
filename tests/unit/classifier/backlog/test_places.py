import gzip
import io
import os
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from classifier.backlog.places import (
    SUFFIXES,
    Form,
    InputFile,
    Kind,
    find_files,
    has_kind,
    kind_of,
    partial_of,
    size_of,
    to_path,
    unpack,
    write_whole,
)
from classifier.errors import RowError

ENDINGS = ".jsonl, .csv, .parquet, .jsonl.gz, .jsonl.zst, .csv.gz, .csv.zst"


def refusal(place):
    with pytest.raises(RowError) as caught:
        find_files(place)
    return str(caught.value)


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


# ---------------------------------------------------------------- kinds


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("s.jsonl", Kind(Form.JSONL)),
        ("s.csv", Kind(Form.CSV)),
        ("s.parquet", Kind(Form.PARQUET)),
        ("s.jsonl.gz", Kind(Form.JSONL, "gzip")),
        ("s.jsonl.zst", Kind(Form.JSONL, "zstd")),
        ("s.csv.gz", Kind(Form.CSV, "gzip")),
        ("s.csv.zst", Kind(Form.CSV, "zstd")),
        ("s.csv.jsonl", Kind(Form.JSONL)),
        ("2026.01.stories.csv", Kind(Form.CSV)),
        (".jsonl", Kind(Form.JSONL)),
    ],
)
def test_kind_of_a_file_follows_from_the_end_of_its_name(name, kind):
    assert kind_of(Path("folder", name)) == kind
    assert has_kind(Path("folder", name))


@pytest.mark.parametrize(
    "name",
    ["s.json", "s.txt", "s", "s.JSONL", "s.gz", "s.jsonl.bz2", "s.parquet.gz", "s.jsonl.gz.part", "jsonl"],
)
def test_file_of_another_kind_is_refused(name):
    assert not has_kind(Path(name))
    with pytest.raises(RowError) as caught:
        kind_of(Path(name))
    assert str(caught.value) == f"{name}: its name ends with none of {ENDINGS}. Convert or rename it."


def test_kind_is_not_taken_from_the_folder():
    assert not has_kind(Path("stories.jsonl", "readme.txt"))


# ---------------------------------------------------------------- a file, a folder, a pattern


def test_file_is_found_by_its_path(tmp_path):
    fill(tmp_path, "s.jsonl")
    assert find_files(str(tmp_path / "s.jsonl")) == (InputFile(tmp_path / "s.jsonl", "s.jsonl"),)
    assert find_files(tmp_path / "s.jsonl") == (InputFile(tmp_path / "s.jsonl", "s.jsonl"),)


def test_missing_file_is_left_to_the_reader_to_name(tmp_path):
    assert find_files(str(tmp_path / "none.jsonl")) == (InputFile(tmp_path / "none.jsonl", "none.jsonl"),)


def test_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    fill(tmp_path, "s[1].jsonl", "s1.jsonl")
    assert [file.label for file in find_files(str(tmp_path / "s[1].jsonl"))] == ["s[1].jsonl"]


def test_folder_gives_its_files_and_those_below_in_order(tmp_path):
    fill(tmp_path, "b.csv", "a.jsonl", "c/2.jsonl.gz", "c/10.jsonl.zst", "c/d/e.parquet", "B.jsonl")
    wanted = ["B.jsonl", "a.jsonl", "b.csv", "c/10.jsonl.zst", "c/2.jsonl.gz", "c/d/e.parquet"]
    assert find_files(str(tmp_path)) == tuple(InputFile(tmp_path / name, name) for name in wanted)


def test_hidden_and_private_files_and_those_of_other_kinds_are_passed_over(tmp_path):
    fill(
        tmp_path,
        "a.jsonl",
        ".hidden.jsonl",
        "_rejects.jsonl",
        "_receipts/part-00000.jsonl",
        ".git/x.jsonl",
        "deep/_private/x.csv",
        "readme.txt",
        "a.jsonl.partial",
        "in_the_middle.jsonl",
    )
    (tmp_path / "folder.jsonl").mkdir()
    assert [file.label for file in find_files(str(tmp_path))] == ["a.jsonl", "in_the_middle.jsonl"]


def test_name_of_the_folder_itself_may_start_with_a_dot_or_an_underscore(tmp_path):
    fill(tmp_path, "_stories/a.jsonl", ".stories/b.jsonl")
    assert [file.label for file in find_files(tmp_path / "_stories")] == ["a.jsonl"]
    assert [file.label for file in find_files(tmp_path / ".stories")] == ["b.jsonl"]


@pytest.mark.parametrize("names", [(), ("readme.txt", ".hidden.jsonl", "_run.jsonl")])
def test_folder_without_stories_is_refused(tmp_path, names):
    fill(tmp_path, *names)
    assert refusal(str(tmp_path)) == (
        f"{tmp_path}: no file of stories there. Name files that end with {ENDINGS}."
    )


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*.jsonl", ["a.jsonl", "b.jsonl"]),
        ("*", ["a.jsonl", "b.jsonl", "c.csv"]),
        ("?.csv", ["c.csv"]),
        ("[bc].*", ["b.jsonl", "c.csv"]),
        ("2026-*/*.jsonl.gz", ["2026-01/x.jsonl.gz", "2026-02/x.jsonl.gz"]),
        ("**/x.*", ["2026-01/x.jsonl.gz", "2026-02/x.jsonl.gz"]),
    ],
)
def test_pattern_gives_the_files_it_matches_in_order(tmp_path, pattern, wanted):
    fill(tmp_path, "b.jsonl", "a.jsonl", "c.csv", "readme.txt", "2026-02/x.jsonl.gz", "2026-01/x.jsonl.gz")
    found = find_files(str(tmp_path / pattern))
    assert [file.path for file in found] == [tmp_path / name for name in wanted]
    assert [file.label for file in found] == [str(tmp_path / name) for name in wanted]


def test_pattern_from_here_is_labelled_from_here(tmp_path, monkeypatch):
    fill(tmp_path, "stories/b.jsonl", "stories/a.jsonl")
    monkeypatch.chdir(tmp_path)
    assert [file.label for file in find_files("stories/*.jsonl")] == ["stories/a.jsonl", "stories/b.jsonl"]


@pytest.mark.parametrize("pattern", ["*.csv", "none-*/*.jsonl", "*.txt"])
def test_pattern_that_matches_nothing_is_refused(tmp_path, pattern):
    fill(tmp_path, "a.jsonl", "readme.txt")
    place = str(tmp_path / pattern)
    assert refusal(place) == f"{place}: no file of stories there. Name files that end with {ENDINGS}."


# ---------------------------------------------------------------- addresses


@pytest.fixture
def far(request):
    """A folder in memory with an address of its own."""
    folder = to_path(f"memory://{request.node.name.split('[')[0]}")
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    folder.fs.rm(folder.path, recursive=True)


def test_path_stays_a_path():
    assert to_path("stories/s.jsonl") == Path("stories/s.jsonl")
    assert to_path(Path("s.jsonl")) == Path("s.jsonl")


def test_folder_far_away_gives_its_files_in_order(far):
    for name in ("b.jsonl", "a.csv", "deep/c.jsonl.gz", "_rejects.jsonl", "readme.txt"):
        (far / name).parent.mkdir(parents=True, exist_ok=True)
        (far / name).write_bytes(b"x")
    found = find_files(str(far))
    assert [file.label for file in found] == ["a.csv", "b.jsonl", "deep/c.jsonl.gz"]
    assert [file.path.read_bytes() for file in found] == [b"x"] * 3


def test_pattern_far_away_gives_the_files_it_matches(far):
    for name in ("2026/b.jsonl", "2026/a.jsonl", "2025/c.jsonl", "2026/readme.txt"):
        (far / name).parent.mkdir(parents=True, exist_ok=True)
        (far / name).write_bytes(b"x")
    assert [file.path for file in find_files(f"{far}/2026/*")] == [
        far / "2026/a.jsonl",
        far / "2026/b.jsonl",
    ]
    assert [file.path.name for file in find_files(f"{far}/*/?.jsonl")] == ["c.jsonl", "a.jsonl", "b.jsonl"]


def test_file_far_away_is_written_and_measured(far):
    write_whole(far / "s.jsonl", b"12345")
    assert (far / "s.jsonl").read_bytes() == b"12345"
    assert size_of(far / "s.jsonl") == 5
    assert size_of(far / "none.jsonl") == 0
    assert [file.name for file in far.iterdir()] == ["s.jsonl"]


def test_address_of_no_known_kind_is_refused():
    with pytest.raises(RowError) as caught:
        to_path("carrier-pigeon://loft/s.jsonl")
    assert str(caught.value) == (
        "carrier-pigeon://loft/s.jsonl: no address that is known here. "
        "Use a path, s3://, gs:// or abfs://, or fetch it first."
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_address_without_an_extra_names_none(monkeypatch, scheme):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "fsspec.implementations.http", raising=False)
    with pytest.raises(RowError) as caught:
        to_path(f"{scheme}://host/s.jsonl")
    assert str(caught.value) == (
        f"{scheme}://host/s.jsonl: no address that is known here. "
        "Use a path, s3://, gs:// or abfs://, or fetch it first."
    )


@pytest.mark.parametrize("scheme", ["s3", "gs", "abfs"])
@pytest.mark.parametrize("missing", ["upath", "what reaches it"])
def test_address_that_cannot_be_reached_says_what_to_install(monkeypatch, scheme, missing):
    names = ["upath"] if missing == "upath" else ["s3fs", "gcsfs", "adlfs"]
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(RowError) as caught:
        to_path(f"{scheme}://bucket/s.jsonl")
    assert str(caught.value) == (
        f"{scheme}://bucket/s.jsonl: needs what reaches such addresses, which is not installed. "
        f"Run: pip install 'complaint-context[{scheme}]'"
    )


# ---------------------------------------------------------------- writing


def test_size_of_a_file_is_in_bytes(tmp_path):
    (tmp_path / "s.jsonl").write_bytes("é\n".encode())
    assert size_of(tmp_path / "s.jsonl") == 3
    assert size_of(tmp_path / "none.jsonl") == 0


def test_file_is_written_whole(tmp_path):
    file = tmp_path / "out.json"
    write_whole(file, b"one")
    write_whole(file, b"two")
    assert file.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [file]


def test_partial_file_stands_beside_the_whole_one():
    assert partial_of(Path("a/out.jsonl")) == Path("a/out.jsonl.partial")


def test_partial_file_of_a_killed_run_is_written_over(tmp_path):
    file = tmp_path / "out.json"
    partial_of(file).write_bytes(b"left over" * 10_000)
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_the_old_file_and_no_partial_one(tmp_path, monkeypatch, step, fault):
    file = tmp_path / "out.json"
    file.write_bytes(b"old")

    def fail(*args, **kwargs):
        assert file.read_bytes() == b"old"
        assert partial_of(file).exists()
        raise fault

    monkeypatch.setattr(os, "fsync", fail) if step == "fsync" else monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(type(fault)):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_leaves_the_old_file(tmp_path):
    file = tmp_path / "out.json"
    file.write_bytes(b"old")
    partial_of(file).symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


# ---------------------------------------------------------------- unpacking

CONTENT = "first, é 😀\n".encode() * 5000


def zstd(content):
    return pa.Codec("zstd").compress(content, asbytes=True)


@pytest.mark.parametrize(("packing", "pack"), [("gzip", gzip.compress), ("zstd", zstd)])
@pytest.mark.parametrize("members", [1, 2, 3])
def test_packed_file_of_several_members_is_read_as_one(packing, pack, members):
    packed = b"".join(pack(CONTENT) for _ in range(members))
    assert unpack(io.BytesIO(packed), Kind(Form.JSONL, packing)).read() == CONTENT * members


def test_plain_file_is_read_as_it_is():
    raw = io.BytesIO(CONTENT)
    assert unpack(raw, Kind(Form.JSONL)) is raw


def test_every_ending_is_told_in_messages():
    assert ", ".join(SUFFIXES) == ENDINGS
