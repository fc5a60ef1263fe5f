import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier import Action, Label, RowError, Story
from classifier.assessment import to_json
from classifier.backlog.score import Summary, rejects_file, score_file

TEXTS = {
    "a": "I lodged a complaint 😀.",
    "b": "It was upheld,\r\nin full",
    "c": "They were kind.",
    "d": "ongoing300000",
    "e": "I shall write. I lodged it.",
}
GOOD = "".join(to_json({"id": name, "text": text}) + "\n" for name, text in TEXTS.items())


@pytest.fixture
def scored(tmp_path, classifier):
    """Scores a file of this content; returns the summary and the output."""

    def score(content=GOOD, *, source="stories.jsonl", output="out.jsonl", **options):
        (tmp_path / source).write_text(content, encoding="utf-8", newline="")
        file = tmp_path / output
        return score_file(tmp_path / source, file, classifier=classifier, **options), file

    return score


def lines(file):
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def test_every_story_gets_its_assessment_in_order(scored, classifier):
    summary, file = scored()
    alone = [classifier.assess(Story(id=name, text=text)).to_dict() for name, text in TEXTS.items()]
    assert file.read_text(encoding="utf-8") == "".join(to_json(found) + "\n" for found in alone)
    assert summary == Summary(
        stories=5,
        rejected=0,
        actions={Action.PAUSE: 2, Action.ADVISE: 1, Action.CONTINUE: 1, Action.REVIEW: 1},
        labels={Label.ONGOING: 2, Label.COMPLETED: 1, Label.PLANNED: 1},
        rejects=None,
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_every_kind_of_input_gives_the_same_bytes(scored, tmp_path, classifier, suffix):
    _, wanted = scored()
    source, output = tmp_path / f"again{suffix}", tmp_path / "again-out.jsonl"
    if suffix == ".parquet":
        pq.write_table(pa.table({"id": list(TEXTS), "text": list(TEXTS.values())}), source)
    elif suffix == ".csv":
        with source.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("id", "text"), *TEXTS.items()])
    else:
        source.write_text(GOOD, encoding="utf-8")
    score_file(source, output, classifier=classifier)
    assert output.read_bytes() == wanted.read_bytes()


def test_every_kind_of_output_holds_the_same_values(scored):
    wanted = lines(scored(output="out.jsonl")[1])
    assert pq.read_table(scored(output="out.parquet")[1]).to_pylist() == wanted
    with scored(output="out.csv")[1].open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert [(row["id"], row["action"], json.loads(row["evidence"])) for row in cells] == [
        (row["id"], row["action"], row["evidence"]) for row in wanted
    ]


@pytest.mark.parametrize("workers", [1, 5])
def test_number_of_workers_changes_nothing(scored, workers):
    assert scored(workers=workers)[1].read_bytes() == scored(workers=2)[1].read_bytes()


def test_bad_rows_are_kept_apart_with_their_reasons(scored, tmp_path):
    bad = (
        '{"id": "x", "text": ""}',
        "not json",
        '{"id": 7}',
        '{"id": "a", "text": "Again."}',
        '{"id": "\\ud800", "text": "z"}',
    )
    summary, file = scored(GOOD + "\n".join(bad))
    assert [row["id"] for row in lines(file)] == list(TEXTS)
    assert (summary.stories, summary.rejected, summary.rejects) == (5, 5, tmp_path / "out.rejects.jsonl")
    assert lines(summary.rejects) == [
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


def test_rejects_of_an_earlier_run_do_not_stay(scored):
    summary, file = scored("not json\n" + GOOD)
    assert summary.rejects.exists()
    summary, _ = scored()
    assert summary.rejects is None
    assert not rejects_file(file).exists()


def test_file_without_stories_gives_an_empty_output(scored):
    summary, file = scored("not json\n")
    assert (summary.stories, summary.rejected, summary.actions, summary.labels) == (0, 1, {}, {})
    assert file.read_bytes() == b""
    summary, file = scored("")
    assert (summary.stories, summary.rejected, summary.rejects) == (0, 0, None)


def test_each_row_is_reported_as_it_is_done(scored):
    done = []
    scored(GOOD + "not json\n", on_row=done.append, workers=1)
    assert sorted(action for action in done if action) == ["advise", "continue", "pause", "pause", "review"]
    assert done.count(None) == 1


def test_rejects_stand_beside_the_output(tmp_path):
    assert rejects_file(tmp_path / "out.csv") == tmp_path / "out.rejects.jsonl"
    assert rejects_file(tmp_path / "my.out.parquet") == tmp_path / "my.out.rejects.jsonl"


def refusal(source, output, classifier):
    with pytest.raises(RowError) as caught:
        score_file(source, output, classifier=classifier)
    return str(caught.value)


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "stories.jsonl"
    file.write_text(GOOD, encoding="utf-8")
    return file


def test_input_is_not_written_over(source, classifier):
    for name in (source, source.parent / "." / "stories.jsonl"):
        assert (
            refusal(source, name, classifier)
            == f"{name}: is the input too. Name another file for the answers."
        )
    assert source.read_text(encoding="utf-8") == GOOD


def test_input_is_not_written_over_through_a_link(source, classifier, tmp_path):
    (tmp_path / "link.jsonl").symlink_to(source)
    assert "is the input too" in refusal(source, tmp_path / "link.jsonl", classifier)
    assert source.read_text(encoding="utf-8") == GOOD


def test_input_is_not_lost_to_the_rejects(source, classifier, tmp_path):
    mended = source.rename(tmp_path / "out.rejects.jsonl")
    message = f"{mended}: is where rejected rows of out.jsonl go. Rename the input."
    assert refusal(mended, tmp_path / "out.jsonl", classifier) == message
    assert mended.read_text(encoding="utf-8") == GOOD


def test_output_of_foreign_kind_is_refused(source, classifier, tmp_path):
    message = (
        f"{tmp_path / 'out.xlsx'}: its name ends with none of .jsonl, .csv, .parquet. Convert or rename it."
    )
    assert refusal(source, tmp_path / "out.xlsx", classifier) == message


def test_output_in_a_missing_folder_is_refused(source, classifier, tmp_path):
    message = f"{tmp_path / 'none'}: no such folder. Make it first, or name another."
    assert refusal(source, tmp_path / "none" / "out.jsonl", classifier) == message


def test_missing_input_leaves_nothing(classifier, tmp_path):
    assert "no such file" in refusal(tmp_path / "none.jsonl", tmp_path / "out.jsonl", classifier)
    assert list(tmp_path.iterdir()) == []


def test_input_that_fails_halfway_leaves_the_old_output_and_no_partial_one(classifier, tmp_path):
    source, output = tmp_path / "stories.parquet", tmp_path / "out.jsonl"
    table = pa.table({"id": [str(n) for n in range(1100)], "text": [f"Kind {n}." for n in range(1100)]})
    pq.write_table(table, source, row_group_size=1024, compression="none")
    content = bytearray(source.read_bytes())
    place = content.index(b"Kind 1050.")
    content[place - 400 : place] = bytes(400)
    source.write_bytes(content)
    output.write_bytes(b"old")
    done = []
    with pytest.raises(RowError, match="not a sound Parquet file"):
        score_file(source, output, classifier=classifier, on_row=done.append)
    assert len(done) >= 960
    assert output.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, output.name])


def test_no_reject_holds_the_words_of_a_story(scored):
    canary = "heliotrope walrus"
    summary, _ = scored(f'{{"text": "{canary}"}}\n{canary}\n{{"id": "a", "text": ["{canary}"]}}\n')
    assert summary.rejected == 3
    assert "walrus" not in summary.rejects.read_text(encoding="utf-8")
