import csv
import json

import pytest

from classifier.errors import RowError
from training.interchange.files import export_stories, import_stories
from training.stories import KEYS, RecordError, parse_record, read_stories, to_record

SOUND = {
    "id": "N01-0001",
    "title": 'Ward "7", upstairs',
    "text": "Wait:\r\nnine hours;\ta 😡 day.\rI put in a complaint.\n\n=1+1 \u2028\x00end ",
    "labels": ["ongoing", "ombudsman"],
    "evidence": [
        {"label": "ongoing", "quote": "I put in a complaint."},
        {"label": "ombudsman", "quote": 'Ward "7", upstairs'},
    ],
    "nation": "wales",
    "borderline": True,
    "phenomena": ["pals", "pair:1", "naïve"],
}
PLAIN = SOUND | {"id": "N01-0002", "title": "", "labels": [], "evidence": [], "phenomena": []}
CELLS = {
    "id": "N01-0001",
    "title": "",
    "text": "I put in a complaint.",
    "labels": '["ongoing"]',
    "evidence": '[{"label": "ongoing", "quote": "I put in a complaint."}]',
    "nation": "wales",
    "borderline": "false",
    "phenomena": "[]",
}


def write_csv(file, *rows, columns=KEYS, encoding="utf-8"):
    with file.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file


def faults_of(tmp_path, *rows, **how):
    """The faults of a CSV file's rows, without the file's name; the sound rows are counted."""
    file = write_csv(tmp_path / "rows.csv", *rows, **how)
    imported = import_stories(file, tmp_path / "out.jsonl")
    return imported.stories, [fault.removeprefix(f"{file}:") for fault in imported.faults]


# --- there and back


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_round_trip_keeps_everything_to_the_letter(tmp_path, suffix):
    stories = [parse_record(SOUND), parse_record(PLAIN)]
    out, back = tmp_path / f"out{suffix}", tmp_path / "back.jsonl"
    export_stories(stories, out, source=tmp_path / "in.jsonl")
    imported = import_stories(out, back)
    assert (imported.stories, imported.faults) == (2, ())
    assert read_stories(back) == stories
    assert [json.loads(line) for line in back.read_text(encoding="utf-8").split("\n")[:2]] == [SOUND, PLAIN]


def test_record_of_a_story_is_the_record_it_was_read_from():
    assert to_record(parse_record(SOUND)) == SOUND


def test_spreadsheets_may_shout_their_flags_and_mark_the_bytes_order(tmp_path):
    file = write_csv(tmp_path / "rows.csv", CELLS | {"borderline": "TRUE"}, encoding="utf-8-sig")
    import_stories(file, tmp_path / "out.jsonl")
    (found,) = read_stories(tmp_path / "out.jsonl")
    assert (found.id, found.borderline) == ("N01-0001", True)


# --- faulty rows


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"labels": "ongoing,completed"},
            'labels: "ongoing,completed" joins 2 labels in one. Write a list: ["ongoing", "completed"].',
        ),
        (
            {"labels": "ongoing|completed"},
            'labels: "ongoing|completed" joins 2 labels in one. Write a list: ["ongoing", "completed"].',
        ),
        (
            {"labels": '["planned; ombudsman"]'},
            'labels: "planned; ombudsman" joins 2 labels in one. Write a list: ["planned", "ombudsman"].',
        ),
        ({"labels": "ongoing"}, 'labels: is not a list. Write [] for none, ["ongoing"] for one.'),
        ({"labels": ""}, 'labels: is not a list. Write [] for none, ["ongoing"] for one.'),
        (
            {"labels": '["running"]'},
            'labels: "running" is none of planned, ongoing, completed, ombudsman. Use those words.',
        ),
        (
            {"evidence": "I put in a complaint."},
            "evidence: is not a JSON list. Write [] for none, or "
            '[{"label": "ongoing", "quote": "I lodged a complaint."}].',
        ),
        ({"phenomena": "pals"}, 'phenomena: is not a JSON list. Write [] for none, or ["pals"].'),
        ({"borderline": "maybe"}, "borderline: is neither true nor false. Write one of them."),
        (
            {"text": "I put in a claim."},
            'evidence for "ongoing" is not in the story: "I put in a complaint.". '
            "Copy the words as the story has them.",
        ),
    ],
)
def test_faulty_row_is_named_and_the_others_are_unharmed(tmp_path, changed, message):
    found = faults_of(tmp_path, CELLS, CELLS | {"id": "N01-0002"} | changed, CELLS | {"id": "N01-0003"})
    assert found == (2, [f"3: {message}"])
    assert [one.id for one in read_stories(tmp_path / "out.jsonl")] == ["N01-0001", "N01-0003"]


def test_second_row_with_an_id_is_refused(tmp_path):
    file = tmp_path / "rows.csv"
    assert faults_of(tmp_path, CELLS, CELLS) == (
        1,
        [f'3: id "N01-0001" stands at {file}:2 too. Give it another.'],
    )


def test_row_in_another_encoding_is_named_and_the_others_are_unharmed(tmp_path):
    file = write_csv(tmp_path / "rows.csv", CELLS, CELLS | {"id": "N01-0002", "title": "@"})
    file.write_bytes(file.read_bytes().replace(b"@", "é".encode("latin-1")))
    imported = import_stories(file, tmp_path / "out.jsonl")
    assert (imported.stories, imported.faults) == (
        1,
        (f"{file}:3: bytes that are not UTF-8. Save the file as UTF-8.",),
    )


def test_places_are_the_first_lines_of_rows(tmp_path):
    long = CELLS | {"text": "One.\nTwo.\nI put in a complaint."}
    assert faults_of(tmp_path, long, CELLS | {"id": "N01-0002", "nation": "mercia"})[1] == [
        '5: nation: "mercia" is none of england, scotland, wales, northern_ireland, unknown. Use those words.'
    ]


def test_joined_labels_in_jsonl_are_refused(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(SOUND | {"labels": "ongoing|ombudsman"}) + "\n", encoding="utf-8")
    assert import_stories(file, tmp_path / "out.jsonl").faults == (
        f'{file}:1: labels: "ongoing|ombudsman" joins 2 labels in one. '
        'Write a list: ["ongoing", "ombudsman"].',
    )


# --- faulty files


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([key for key in KEYS if key not in ("nation", "labels")], "missing labels, nation"),
        ([*KEYS, "rater"], "unknown rater"),
    ],
)
def test_other_columns_are_refused(tmp_path, columns, said):
    file = write_csv(tmp_path / "rows.csv", CELLS, columns=columns)
    with pytest.raises(RecordError) as caught:
        import_stories(file, tmp_path / "out.jsonl")
    assert str(caught.value) == (
        f"{file}: columns, by keys: {said}. A record has exactly "
        "id, title, text, labels, evidence, nation, borderline, phenomena."
    )


def test_columns_without_a_text_are_refused(tmp_path):
    file = write_csv(tmp_path / "rows.csv", CELLS, columns=["id", "labels"])
    with pytest.raises(RowError, match=r"no column text among the 2 there are"):
        import_stories(file, tmp_path / "out.jsonl")


@pytest.mark.parametrize("name", ["rows.xlsx", "rows", "rows.parquet"])
def test_foreign_input_is_refused(tmp_path, name):
    with pytest.raises(RecordError) as caught:
        import_stories(tmp_path / name, tmp_path / "out.jsonl")
    assert str(caught.value) == (
        f"{tmp_path / name}: its name ends with none of .csv, .jsonl, .json. Convert or rename it."
    )


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_missing_input_is_refused(tmp_path, suffix):
    with pytest.raises(RecordError, match=r"(?i)rows\.\w+: no such file"):
        import_stories(tmp_path / f"rows.{suffix}", tmp_path / "out.jsonl")


def test_import_writes_jsonl_only(tmp_path):
    with pytest.raises(RecordError) as caught:
        import_stories(tmp_path / "rows.csv", tmp_path / "out.csv")
    assert str(caught.value) == f"{tmp_path / 'out.csv'}: its name does not end with .jsonl. Name it so."


def test_output_is_never_the_input(tmp_path):
    file = tmp_path / "rows.jsonl"
    with pytest.raises(RecordError) as caught:
        import_stories(file, tmp_path / "." / "rows.jsonl")
    assert str(caught.value) == f"{file}: is the input too. Name another file."


def test_output_that_cannot_be_written_is_said(tmp_path):
    out = tmp_path / "nowhere" / "out.csv"
    with pytest.raises(RecordError) as caught:
        export_stories([parse_record(SOUND)], out, source=tmp_path)
    assert str(caught.value) == (
        f"{out}: cannot be written (No such file or directory). Mend that, or name another."
    )


def test_input_without_a_sound_row_leaves_the_output_as_it_was(tmp_path):
    (tmp_path / "out.jsonl").write_text("as before\n", encoding="utf-8")
    assert faults_of(tmp_path, CELLS | {"labels": "ongoing"})[0] == 0
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "as before\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "rows.csv"]


def test_export_that_fails_leaves_nothing_half_written(tmp_path):
    def stories():
        yield parse_record(SOUND)
        raise KeyboardInterrupt

    out = tmp_path / "out.jsonl"
    out.write_text("as before\n", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        export_stories(stories(), out, source=tmp_path)
    assert out.read_text(encoding="utf-8") == "as before\n"
    assert [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]
