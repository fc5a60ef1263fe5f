import io
from pathlib import Path

import pytest

from classifier import RowError
from classifier.backlog.job import Input, Job
from classifier.backlog.places import Form, Kind
from classifier.backlog.rows import Columns


def make(output, source="stories.jsonl", **options):
    return Job(source=source, output=output, **options)


@pytest.mark.parametrize(
    ("output", "rejects", "manifest", "parts"),
    [
        ("out.csv", "out.rejects.jsonl", "out.manifest.json", "out.csv.parts"),
        ("my.out.parquet", "my.out.rejects.jsonl", "my.out.manifest.json", "my.out.parquet.parts"),
        ("out.jsonl.gz", "out.rejects.jsonl", "out.manifest.json", "out.jsonl.gz.parts"),
        ("a/out.jsonl", "a/out.rejects.jsonl", "a/out.manifest.json", "a/out.jsonl.parts"),
        ("answers", "answers/_rejects.jsonl", "answers/_manifest.json", "answers"),
        ("out.xlsx", "out.xlsx/_rejects.jsonl", "out.xlsx/_manifest.json", "out.xlsx"),
    ],
)
def test_what_goes_with_the_output_stands_beside_it_or_in_its_folder(output, rejects, manifest, parts):
    job = make(output)
    assert (job.rejects, job.manifest, job.parts_folder) == (Path(rejects), Path(manifest), Path(parts))


@pytest.mark.parametrize(
    ("output", "stream", "folder", "kind"),
    [
        ("out.jsonl", False, False, Kind(Form.JSONL)),
        ("out.csv.zst", False, False, Kind(Form.CSV, "zstd")),
        ("out.parquet", False, False, Kind(Form.PARQUET)),
        ("answers", False, True, Kind(Form.JSONL)),
        ("-", True, False, Kind(Form.CSV)),
    ],
)
def test_form_of_the_answers_follows_from_the_output(output, stream, folder, kind):
    job = make(output, stream_form=Form.CSV)
    assert (job.to_stream, job.to_folder, job.recipe().kind) == (stream, folder, kind)


def test_recipe_has_model_policy_and_gate(tmp_path):
    recipe = make("out.jsonl", model=tmp_path, policy=tmp_path / "p.toml", gate=False).recipe()
    assert (recipe.model, recipe.policy, recipe.gate) == (tmp_path, tmp_path / "p.toml", False)


def test_output_that_can_be_written_passes_the_check(tmp_path):
    (tmp_path / "stories.jsonl").write_bytes(b"")
    (tmp_path / "old").mkdir()
    for output in ("out.jsonl", "out.csv.gz", "new", "old"):
        make(str(tmp_path / output), str(tmp_path / "stories.jsonl")).check()
        make(str(tmp_path / output), "-").check()
    make("-", "nowhere.jsonl").check()


def test_pattern_that_takes_in_the_output_is_refused(tmp_path):
    for name in ("a.jsonl", "out.jsonl"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(RowError) as caught:
        make(str(tmp_path / "out.jsonl"), str(tmp_path / "*.jsonl")).check()
    assert str(caught.value).endswith("out.jsonl: is the input too. Name another file for the answers.")


def test_pattern_that_takes_in_the_parts_of_a_run_before_is_refused(tmp_path):
    for name in ("a.jsonl", "out.jsonl.parts/part-00000.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(RowError, match=r"out\.jsonl: holds the input .*part-00000\.jsonl\."):
        make(str(tmp_path / "out.jsonl"), str(tmp_path / "**" / "*.jsonl")).check()


def test_folder_beside_the_input_folder_may_begin_with_its_name(tmp_path):
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / "a.jsonl").write_bytes(b"")
    make(str(tmp_path / "stories-answers"), str(tmp_path / "stories")).check()


def test_input_is_cut_into_shards_and_says_how_far_it_is(tmp_path):
    line = b'{"nr": %d, "text": "They were kind."}\n'
    file = tmp_path / "stories.jsonl"
    file.write_bytes(b"".join(line % number for number in range(5)))
    found = Input(make("out.jsonl", str(file), columns=Columns(id="nr"), shard_rows=2))
    shards = list(found.shards("run"))
    assert [[row.id for batch in shard.batches for row in batch.rows] for shard in shards] == [
        ["0", "1"],
        ["2", "3"],
        ["4"],
    ]
    assert (found.size, found.position) == (len(line % 0) * 5,) * 2
    assert [shard.key for shard in found.shards("run")] == [shard.key for shard in shards]


def test_stream_has_no_files_and_no_size():
    job = make("out.jsonl", "-", stream=io.BytesIO(b'{"id": 1, "text": "x"}\n'))
    found = Input(job)
    assert (found.files, found.size, found.position) == ((), 0, 0)
    assert [shard.batches[0].place for shard in found.shards("run")] == ["input:1 to input:1"]
