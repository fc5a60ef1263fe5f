import json

import pytest

from classifier.errors import RowError
from classifier.story import Story
from training.interchange.annotations import read_tasks
from training.stories import RecordError
from training.suggest.files import Form, suggest_file
from training.suggest.views import Why

TEXTS = (
    "I lodged a complaint.",
    "Kind staff.",
    "ongoing799999",
    "My complaint was upheld.",
    "Tea. 😡\r\nJam.",
)


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [{"id": f"n-{n}", "title": "", "text": text} for n, text in enumerate(TEXTS)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{\n", encoding="utf-8")
    return file


def suggest(source, output, classifier, *, form=Form.JSONL, labelled=(), count=5, **more):
    return suggest_file(
        source, output, classifier=classifier, labelled=labelled, count=count, seed=1, form=form, **more
    )


def test_rows_say_why_and_what_the_model_says_apart_from_human_labels(source, tmp_path, classifier):
    output = tmp_path / "next.jsonl"
    found = suggest(source, output, classifier)
    rows = {row["id"]: row for row in map(json.loads, output.read_text(encoding="utf-8").splitlines())}
    assert found.stories == len(rows) == 5
    assert list(rows["n-0"]) == ["id", "title", "text", "why", "suggested_labels", "scores", "model"]
    assert (rows["n-0"]["suggested_labels"], rows["n-0"]["model"]) == (["ongoing"], "tiny/7")
    assert rows["n-0"]["scores"]["ongoing"] == 0.999998
    assert rows["n-2"]["suggested_labels"] == []
    assert rows["n-4"]["text"] == "Tea. 😡\r\nJam."
    assert rows["n-2"]["why"].startswith(("uncertain: ongoing at 0.80", "random", "disagreement"))


def test_suggestions_are_no_labelled_stories_until_a_person_has_labelled_them(source, tmp_path, classifier):
    output = tmp_path / "next.json"
    suggest(source, output, classifier, form=Form.LABEL_STUDIO)
    tasks = json.loads(output.read_text(encoding="utf-8"))
    assert {task["data"]["id"] for task in tasks} == {f"n-{n}" for n in range(5)}
    output.write_text(json.dumps([task | {"annotations": []} for task in tasks]), encoding="utf-8")
    assert (read_tasks(output).records, read_tasks(output).unlabelled) == ((), 5)


def test_prediction_that_a_person_accepts_comes_back_as_a_record(source, tmp_path, classifier):
    output = tmp_path / "next.json"
    suggest(source, output, classifier, form=Form.LABEL_STUDIO)
    tasks = json.loads(output.read_text(encoding="utf-8"))
    accepted = [task | {"annotations": [{"result": task["predictions"][0]["result"]}]} for task in tasks]
    output.write_text(json.dumps(accepted), encoding="utf-8")
    records = {record["id"]: record for _, record in read_tasks(output).records}
    assert records["n-0"]["labels"] == ["ongoing"]
    assert records["n-0"]["evidence"] == [{"label": "ongoing", "quote": "I lodged a complaint."}]
    assert (records["n-1"]["labels"], records["n-1"]["evidence"]) == ([], [])


def test_bad_rows_and_labelled_stories_are_counted_apart(source, tmp_path, classifier):
    labelled = [Story(id="n-1", text="Something else.")]
    found = suggest(source, tmp_path / "next.jsonl", classifier, labelled=labelled)
    assert [(row.place, row.id) for row in found.rejected] == [("rows.jsonl:6", None)]
    assert (found.labelled_before, found.stories) == (1, 4)
    assert sum(found.picked.values()) == 4
    assert set(found.picked) == set(Why)


def test_nothing_to_pick_leaves_the_output_as_it_was(source, tmp_path, classifier):
    output = tmp_path / "next.jsonl"
    output.write_text("as before\n", encoding="utf-8")
    labelled = [Story(id=f"n-{n}", text=text) for n, text in enumerate(TEXTS)]
    found = suggest(source, output, classifier, labelled=labelled)
    assert (found.stories, found.labelled_before) == (0, 5)
    assert output.read_text(encoding="utf-8") == "as before\n"


def test_progress_counts_the_stories(source, tmp_path, classifier):
    seen = []

    def track(items, *, doing, total):
        seen.append((doing, total))
        return items

    suggest(source, tmp_path / "next.jsonl", classifier, track=track)
    assert seen == [("reading", 5)]


def test_output_is_never_the_input(source, classifier):
    with pytest.raises(RowError) as caught:
        suggest(source, source, classifier)
    assert str(caught.value) == f"{source}: is the input too. Name another file for the suggestions."


def test_output_that_cannot_be_written_is_said(source, tmp_path, classifier):
    output = tmp_path / "nowhere" / "next.jsonl"
    with pytest.raises(RecordError) as caught:
        suggest(source, output, classifier)
    assert str(caught.value) == (
        f"{output}: cannot be written (No such file or directory). Mend that, or name another."
    )
