import json
from pathlib import Path

import pytest

from training.interchange.annotations import Disagreement, read_tasks
from training.interchange.tasks import to_task
from training.stories import RecordError, parse_record

DATA = {"id": "N01-0001", "title": "Ward 7", "text": "Clean ward. I put in a complaint. I am waiting."}
QUOTE = "I put in a complaint."
RECORD = DATA | {
    "labels": ["ongoing"],
    "evidence": [{"label": "ongoing", "quote": QUOTE}],
    "nation": "wales",
    "borderline": False,
    "phenomena": [],
}


def choices(control, *chosen):
    return {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(chosen)}}


def mark(words, *, label="ongoing", field="text", data=DATA, **changes):
    start = data[field].index(words)
    value = {"start": start, "end": start + len(words), "text": words, "labels": [label]} | changes
    control = {"text": "evidence", "title": "title_evidence"}[field]
    return {"from_name": control, "to_name": field, "type": "labels", "value": value}


def annotation(*more, labels=("ongoing",), nation="wales", **changes):
    return {"result": [choices("labels", *labels), choices("nation", nation), *more]} | changes


SOUND = annotation(mark(QUOTE))
NOTHING = annotation(labels=("none",))


def task(*annotations, data=DATA):
    return {"id": 17, "data": data, "annotations": list(annotations), "predictions": []}


def read(tmp_path, *tasks):
    file = tmp_path / "export.json"
    file.write_text(json.dumps(tasks), encoding="utf-8")
    return read_tasks(file)


def only_record(tmp_path, *annotations, data=DATA):
    ((place, record),) = read(tmp_path, task(*annotations, data=data)).records
    assert place == f"{tmp_path / 'export.json'}:1"
    return record


def fault(tmp_path, *annotations, data=DATA):
    record = only_record(tmp_path, *annotations, data=data)
    assert isinstance(record, RecordError)
    return str(record)


# --- one annotator


def test_annotation_becomes_a_record(tmp_path):
    assert only_record(tmp_path, SOUND) == RECORD


def test_task_that_we_wrote_comes_back_whole(tmp_path):
    record = RECORD | {
        "labels": ["ongoing", "ombudsman"],
        "evidence": [{"label": "ombudsman", "quote": "Ward 7"}, {"label": "ongoing", "quote": QUOTE}],
        "borderline": True,
        "phenomena": ["pals", "pair:1"],
    }
    (found,) = read(tmp_path, to_task(parse_record(record))).records
    assert found[1] == record


def test_none_chosen_is_no_label(tmp_path):
    assert only_record(tmp_path, NOTHING) == RECORD | {"labels": [], "evidence": []}


def test_nation_left_open_is_unknown(tmp_path):
    found = only_record(tmp_path, {"result": [choices("labels", "none")]})
    assert found["nation"] == "unknown"


def test_title_left_out_is_blank(tmp_path):
    data = {"id": "N01-0001", "text": DATA["text"]}
    assert only_record(tmp_path, SOUND, data=data)["title"] == ""


def test_mark_in_the_title_is_evidence(tmp_path):
    found = only_record(tmp_path, annotation(mark("Ward", field="title")))
    assert found["evidence"] == [{"label": "ongoing", "quote": "Ward"}]


def test_tag_of_an_old_export_is_one_string(tmp_path):
    tag = {"from_name": "phenomena", "to_name": "text", "type": "textarea", "value": {"text": "pals"}}
    assert only_record(tmp_path, annotation(mark(QUOTE), tag))["phenomena"] == ["pals"]


def test_predictions_never_become_labels(tmp_path):
    found = read(tmp_path, {"data": DATA, "annotations": [], "predictions": [{"result": SOUND["result"]}]})
    assert (found.records, found.unlabelled) == ((), 1)


# --- faults


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"result": []}, 'labels: nothing is chosen. Choose every label that holds, or "none".'),
        (
            annotation(labels=("none", "ongoing")),
            'labels: "none" is chosen beside others. Choose the one or the others.',
        ),
        (
            {"result": [choices("sentiment", "bad")]},
            'result: "sentiment" is no control of data/label_studio.xml. Label with that one.',
        ),
        (
            annotation(mark(QUOTE, start=2, text="some other words")),
            "evidence: what is marked in text from 2 to 33 are not the words that stand there. "
            "Mark them again, and export again.",
        ),
        (
            annotation(mark(QUOTE, start=None)),
            "evidence: a marked region has no start and end. Export the tasks as JSON again.",
        ),
    ],
)
def test_faulty_annotation_says_what_is_wrong(tmp_path, found, message):
    assert fault(tmp_path, found) == message


@pytest.mark.parametrize("data", [None, {"text": "Tea."}, {"id": "N01-0001"}])
def test_data_without_id_or_text_is_a_fault(tmp_path, data):
    assert fault(tmp_path, SOUND, data=data) == (
        "data: has no id or no text. Give each task's data an id, a title and a text."
    )


def test_id_that_is_a_number_is_a_fault(tmp_path):
    assert fault(tmp_path, SOUND, data=DATA | {"id": 1}) == "id: is int, not text. Send a string."


@pytest.mark.parametrize("row", [{"id": 1, "labels": "ongoing"}, "words", None])
def test_json_min_is_no_export(tmp_path, row):
    ((_, found),) = read(tmp_path, row).records
    assert str(found) == "has no annotations. Export from Label Studio as JSON, not as JSON-MIN."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not JSON. Export the tasks from Label Studio as JSON again."),
        (b'{"data": {}}', "not a list of tasks. Export the tasks from Label Studio as JSON."),
        (b'["\xff"]', "byte 2 is not UTF-8. Save the file as UTF-8."),
    ],
)
def test_file_that_is_no_export_is_refused(tmp_path, content, message):
    file = tmp_path / "export.json"
    file.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        read_tasks(file)
    assert str(caught.value) == f"{file}: {message}"


def test_missing_file_is_refused(tmp_path):
    file = tmp_path / "export.json"
    with pytest.raises(RecordError) as caught:
        read_tasks(file)
    assert str(caught.value) == (
        f"{file}: No such file or directory. Name a JSON file exported by Label Studio."
    )


# --- several annotators


def test_annotators_who_agree_give_one_record_with_what_each_saw(tmp_path):
    second = annotation(
        mark(QUOTE), mark("I am waiting."), choices("borderline", "borderline"), labels=("ongoing",)
    )
    assert only_record(tmp_path, SOUND, second) == RECORD | {
        "evidence": [
            {"label": "ongoing", "quote": QUOTE},
            {"label": "ongoing", "quote": "I am waiting."},
        ],
        "borderline": True,
    }


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (NOTHING, "none (wales)"),
        (annotation(mark(QUOTE), nation="england"), "ongoing (england)"),
        (annotation(labels=("ongoing", "planned")), "planned+ongoing (wales)"),
    ],
)
def test_annotators_who_differ_are_listed_and_kept_out(tmp_path, other, said):
    found = read(tmp_path, task(SOUND, other), task(SOUND, data=DATA | {"id": "N01-0002"}))
    file = tmp_path / "export.json"
    assert found.disagreements == (Disagreement(f"{file}:1", "N01-0001", ("ongoing (wales)", said)),)
    assert [place for place, _ in found.records] == [f"{file}:2"]


def test_skipped_annotations_are_counted_and_do_not_disagree(tmp_path):
    skipped = NOTHING | {"was_cancelled": True}
    found = read(tmp_path, task(skipped, SOUND), task(skipped))
    assert [record for _, record in found.records] == [RECORD]
    assert (found.cancelled, found.unlabelled, found.disagreements) == (2, 1, ())


# --- an export as Label Studio writes it


def test_sample_of_label_studios_own_export_is_read():
    found = read_tasks(Path(__file__).with_name("export.json"))
    assert (found.cancelled, found.unlabelled, len(found.disagreements)) == (1, 1, 1)
    assert [record["labels"] for _, record in found.records] == [["ongoing"], []]
