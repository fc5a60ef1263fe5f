import json

import pytest

from classifier.assessment import Nation
from classifier.errors import StoryError
from classifier.labels import LABELS, Label
from classifier.story import Span
from training.stories import LabelledStory, Quote, RecordError, find_faults, parse_record, read_stories

SOUND = {
    "id": "U01-0001",
    "title": "Ward 7",
    "text": "The ward was clean. I put in a complaint.",
    "labels": ["ongoing"],
    "evidence": [{"label": "ongoing", "quote": "I put in a complaint."}],
    "nation": "wales",
    "borderline": False,
    "phenomena": ["plain", "pair:1"],
}
KEYS_RULE = "A record has exactly id, title, text, labels, evidence, nation, borderline, phenomena."
ITEM_RULE = 'evidence: an item is not {"label": ..., "quote": ...}. Write it so.'


def record(**changes):
    return SOUND | changes


def without(*keys):
    return {key: value for key, value in SOUND.items() if key not in keys}


def write(file, *lines):
    """Writes records, or bytes as they are, one a line."""
    rows = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    file.write_bytes(b"\n".join(rows) + b"\n")
    return file


def faults_of(*paths):
    with pytest.raises(RecordError) as caught:
        read_stories(*paths)
    return str(caught.value).splitlines()


# --- sound records


def test_sound_record_keeps_every_part():
    labelled = parse_record(SOUND)
    assert labelled == LabelledStory(
        story=labelled.story,
        labels=(Label.ONGOING,),
        evidence=(Quote(Label.ONGOING, Span("text", 20, 41)),),
        nation=Nation.WALES,
        borderline=False,
        phenomena=("plain", "pair:1"),
    )
    assert (labelled.story.title, labelled.story.text) == (SOUND["title"], SOUND["text"])


@pytest.mark.parametrize(("name", "source"), [("U01-0001", "U01"), ("T10-a-b", "T10"), ("loose", "loose")])
def test_source_is_the_id_up_to_its_first_dash(name, source):
    labelled = parse_record(record(id=name))
    assert (labelled.id, labelled.source) == (name, source)


def test_labels_come_in_the_one_order_each_once():
    quotes = [{"label": label, "quote": "complaint"} for label in reversed(LABELS)]
    labelled = parse_record(record(labels=[*reversed(LABELS), "planned"], evidence=quotes))
    assert labelled.labels == LABELS
    assert [quote.label for quote in labelled.evidence] == list(reversed(LABELS))


def test_story_without_labels_needs_no_evidence():
    labelled = parse_record(record(labels=[], evidence=[]))
    assert (labelled.labels, labelled.evidence) == ((), ())


def test_evidence_counts_code_points_not_bytes():
    text = "Cafe\u0301 \U0001f622 was shut. I put in a complaint."
    (quote,) = parse_record(record(text=text)).evidence
    assert quote.span == Span("text", 18, 39)
    assert text[18:39] == "I put in a complaint."


def test_quote_of_the_title_is_found_there():
    labelled = parse_record(
        record(title="My complaint", evidence=[{"label": "ongoing", "quote": "My complaint"}])
    )
    assert labelled.evidence[0].span == Span("title", 0, 12)


def test_words_in_both_title_and_text_are_shown_in_the_text():
    labelled = parse_record(
        record(title="a complaint", evidence=[{"label": "ongoing", "quote": "a complaint"}])
    )
    assert labelled.evidence[0].span == Span("text", 29, 40)


# --- faults of one record


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (without("nation"), f"keys: missing nation. {KEYS_RULE}"),
        (without("text", "id"), f"keys: missing id, text. {KEYS_RULE}"),
        (record(score=1, country="wales"), f"keys: unknown score, country. {KEYS_RULE}"),
        (without("nation") | {"country": 1}, f"keys: missing nation; unknown country. {KEYS_RULE}"),
        (record(labels="ongoing"), 'labels: is not a list. Write [] for none, ["ongoing"] for one.'),
        (
            record(labels="ongoing|completed"),
            'labels: "ongoing|completed" joins 2 labels in one. Write a list: ["ongoing", "completed"].',
        ),
        (
            record(labels=["planned, ongoing"]),
            'labels: "planned, ongoing" joins 2 labels in one. Write a list: ["planned", "ongoing"].',
        ),
        (record(evidence=None), 'evidence: is not a list. Write [] for none, ["ongoing"] for one.'),
        (record(phenomena="plain"), 'phenomena: is not a list. Write [] for none, ["ongoing"] for one.'),
        (
            record(labels=["complaint"]),
            'labels: "complaint" is none of planned, ongoing, completed, ombudsman. Use those words.',
        ),
        (
            record(labels=[["ongoing"]]),
            "labels: \"['ongoing']\" is none of planned, ongoing, completed, ombudsman. Use those words.",
        ),
        (
            record(evidence=[{"label": "running", "quote": "I put"}]),
            'labels: "running" is none of planned, ongoing, completed, ombudsman. Use those words.',
        ),
        (
            record(nation="cornwall"),
            'nation: "cornwall" is none of england, scotland, wales, northern_ireland, unknown. '
            "Use those words.",
        ),
        (record(borderline="no"), "borderline: is neither true nor false. Write one of them."),
        (record(borderline=0), "borderline: is neither true nor false. Write one of them."),
        (record(evidence=["I put in a complaint."]), ITEM_RULE),
        (record(evidence=[{"label": "ongoing"}]), ITEM_RULE),
        (record(evidence=[{"label": "ongoing", "quote": "I put", "score": 1}]), ITEM_RULE),
        (record(evidence=[{"label": "ongoing", "quote": 7}]), ITEM_RULE),
        (
            record(evidence=[{"label": "ongoing", "quote": "I put in a complaint!"}]),
            'evidence for "ongoing" is not in the story: "I put in a complaint!". '
            "Copy the words as the story has them.",
        ),
        (
            record(evidence=[{"label": "ongoing", "quote": " "}]),
            'evidence for "ongoing" is not in the story: " ". Copy the words as the story has them.',
        ),
        (
            record(evidence=[]),
            "labels are [ongoing] but evidence shows []. "
            "Give each label at least one quote, and quote no other.",
        ),
        (
            record(labels=["planned", "ongoing"]),
            "labels are [planned, ongoing] but evidence shows [ongoing]. "
            "Give each label at least one quote, and quote no other.",
        ),
        (
            record(labels=[]),
            "labels are [] but evidence shows [ongoing]. "
            "Give each label at least one quote, and quote no other.",
        ),
    ],
)
def test_faulty_record_is_refused_at_its_line(tmp_path, faulty, message):
    file = write(tmp_path / "a.jsonl", faulty)
    assert faults_of(file) == [f"{file}:1: {message}"]


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (record(id=7), "id: is int, not text. Send a string."),
        (record(text=None), "text: is missing, not text. Send a string."),
        (
            record(title=" ", text="\n"),
            "text: the story is empty. Send the author's words in text (or title).",
        ),
        (
            record(text="Sad \ud83d"),
            "text: character 4 is half of a surrogate pair. Send the text as valid Unicode.",
        ),
    ],
)
def test_record_that_holds_no_story_is_refused_at_its_line(tmp_path, faulty, message):
    file = write(tmp_path / "a.jsonl", faulty)
    assert faults_of(file) == [f"{file}:1: {message}"]
    with pytest.raises(StoryError):
        parse_record(faulty)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": "caf\xe9"}', "byte 11 is not UTF-8. Save the file as UTF-8."),
        (b'{"id": }', "column 8: Expecting value. Each line must be one JSON object."),
        (b"{} {}", "column 4: Extra data. Each line must be one JSON object."),
        (b'["id"]', "not a JSON object. Each line must be one."),
        (b"null", "not a JSON object. Each line must be one."),
    ],
)
def test_line_that_is_no_json_object_is_refused(tmp_path, line, message):
    file = write(tmp_path / "a.jsonl", line)
    assert faults_of(file) == [f"{file}:1: {message}"]


# --- files


def test_every_fault_is_said_on_its_own_line_with_blank_lines_counted(tmp_path):
    file = write(tmp_path / "a.jsonl", SOUND, b"", without("id"), b"  ", b"null")
    assert faults_of(file) == [
        f"{file}:3: keys: missing id. {KEYS_RULE}",
        f"{file}:5: not a JSON object. Each line must be one.",
    ]


def test_same_id_twice_is_a_fault_that_names_the_first_place(tmp_path):
    one = write(tmp_path / "a.jsonl", record(id="U01-1"), record(id="U01-2"), record(id="U01-1"))
    two = write(tmp_path / "b.jsonl", record(id="U01-2"))
    assert faults_of(tmp_path) == [
        f'{one}:3: id "U01-1" stands at {one}:1 too. Give it another.',
        f'{two}:1: id "U01-2" stands at {one}:2 too. Give it another.',
    ]


def test_folder_stands_for_its_jsonl_files_in_order_of_name(tmp_path):
    write(tmp_path / "b.jsonl", record(id="U02-1"))
    write(tmp_path / "a.jsonl", record(id="U01-2"), record(id="U01-1"))
    write(tmp_path / "notes.txt", b"nothing to read")
    assert [labelled.id for labelled in read_stories(tmp_path)] == ["U01-2", "U01-1", "U02-1"]


def test_files_are_read_in_the_order_given(tmp_path):
    one = write(tmp_path / "a.jsonl", record(id="U01-1"))
    two = write(tmp_path / "b.jsonl", record(id="U02-1"))
    assert [labelled.id for labelled in read_stories(two, one)] == ["U02-1", "U01-1"]


def test_windows_line_ends_do_no_harm(tmp_path):
    file = write(tmp_path / "a.jsonl", json.dumps(SOUND).encode() + b"\r")
    assert read_stories(file) == [parse_record(SOUND)]


def test_missing_file_is_said(tmp_path):
    file = tmp_path / "none.jsonl"
    assert faults_of(file) == [
        f"{file}: No such file or directory. Name a file or a folder of labelled stories."
    ]


def test_folder_without_stories_is_said(tmp_path):
    assert faults_of(tmp_path) == [
        f"{tmp_path}: no *.jsonl file here. Name a file or a folder of labelled stories."
    ]


def test_finding_faults_also_gives_the_sound_stories(tmp_path):
    file = write(tmp_path / "a.jsonl", SOUND, record(id="U01-2", nation="mercia"), record(id="U01-3"))
    stories, faults = find_faults(file)
    assert [labelled.id for labelled in stories] == ["U01-0001", "U01-3"]
    assert len(faults) == 1
    assert faults[0].startswith(f'{file}:2: nation: "mercia" is none of ')


def test_file_without_faults_has_none(tmp_path):
    assert find_faults(write(tmp_path / "a.jsonl", SOUND)) == ([parse_record(SOUND)], [])
