import json

import pytest

from classifier.labels import Label
from classifier.story import Story
from training.comments import Comment, CommentFigures, measure_comments, read_comments
from training.stories import RecordError

CANARY = "heliotrope walrus"
FORM = "Give one JSON object with id, title, text and labels."
PAUSED = "I lodged a complaint."
QUIET = "We waited for tea."
REVIEWED = "ongoing300000"
OVER = "It was upheld."


def write(folder, *lines):
    file = folder / "comments.jsonl"
    rows = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    file.write_bytes(b"\n".join(rows) + b"\n")
    return file


def record(**changes):
    return {"id": "c1", "title": "Tea", "text": CANARY, "labels": []} | changes


def comment(text, *sets, name="c1"):
    defensible = tuple(frozenset(Label(label) for label in labels) for labels in sets or ([],))
    return Comment(story=Story(id=name, text=text), defensible=defensible, borderline=False)


# --- reading


def test_comment_is_read_with_its_defensible_label_sets(tmp_path):
    file = write(
        tmp_path,
        record(labels=["ongoing", "ombudsman"], alt=["completed"], borderline=True),
        record(id=7, alt=None),
        {"id": "c3", "text": "Tea.", "labels": ["planned"], "alt": []},
    )
    assert read_comments(file) == [
        Comment(
            story=Story(id="c1", title="Tea", text=CANARY),
            defensible=(frozenset({Label.ONGOING, Label.OMBUDSMAN}), frozenset({Label.COMPLETED})),
            borderline=True,
        ),
        Comment(story=Story(id="7", title="Tea", text=CANARY), defensible=(frozenset(),), borderline=False),
        Comment(
            story=Story(id="c3", text="Tea."),
            defensible=(frozenset({Label.PLANNED}), frozenset()),
            borderline=False,
        ),
    ]


def test_comments_without_any_words_and_blank_lines_are_left_out(tmp_path):
    file = write(
        tmp_path,
        record(title="", text=" \n"),
        b"",
        record(title=None, text=None),
        record(id="c2", title="Tea", text=""),
    )
    assert [one.story.id for one in read_comments(file)] == ["c2"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"id": }', f"Expecting value: line 1 column 8 (char 7). {FORM}"),
        ({"title": CANARY, "text": CANARY, "labels": []}, f"id is missing. {FORM}"),
        ({"id": "c2", "labels": []}, f"text is missing. {FORM}"),
        ({"id": "c2", "text": CANARY}, f"labels is missing. {FORM}"),
        (record(labels=["running"]), f"'running' is not a valid Label. {FORM}"),
        (record(labels=None), f"'NoneType' object is not iterable. {FORM}"),
        (record(text=7), "text: is int, not text. Send a string."),
        (
            record(text=f"{CANARY} \ud83d"),
            "text: character 18 is half of a surrogate pair. Send the text as valid Unicode.",
        ),
    ],
)
def test_faulty_line_is_refused_with_its_place_and_without_its_words(tmp_path, line, fault):
    file = write(tmp_path, record(), line)
    with pytest.raises(RecordError) as caught:
        read_comments(file)
    assert str(caught.value) == f"{file}:2: {fault}"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("line", [["id"], "id", 7, None])
def test_line_that_is_no_object_is_refused_with_its_place(tmp_path, line):
    file = write(tmp_path, line)
    with pytest.raises(RecordError) as caught:
        read_comments(file)
    assert str(caught.value) == f"{file}:1: not a JSON object. {FORM}"


def test_missing_file_is_said(tmp_path):
    file = tmp_path / "none.jsonl"
    with pytest.raises(RecordError) as caught:
        read_comments(file)
    assert str(caught.value) == (
        f"{file}: No such file or directory. Name a JSONL file of labelled comments."
    )


# --- counting


def test_every_comment_is_counted_on_its_side(classifier):
    found = measure_comments(
        [
            comment(QUIET, name="quiet"),
            comment(PAUSED, name="false"),
            comment(REVIEWED, name="looked at"),
            comment(PAUSED, ["ongoing"], name="right"),
            comment(REVIEWED, ["planned"], name="caught"),
            comment(QUIET, ["ongoing"], name="missed"),
        ],
        classifier=classifier,
    )
    assert found == CommentFigures(
        comments=6,
        unlabelled=3,
        labelled=3,
        false_pauses=("false",),
        found=("right", "caught"),
        missed=("missed",),
        reviews=1,
    )


def test_pause_is_false_although_another_reader_would_defend_it(classifier):
    found = measure_comments([comment(PAUSED, [], ["ongoing"], name="strict")], classifier=classifier)
    assert (found.false_pauses, found.unlabelled, found.labelled) == (("strict",), 1, 0)


def test_advice_on_a_comment_without_labels_is_no_false_pause(classifier):
    found = measure_comments([comment(OVER)], classifier=classifier)
    assert (found.false_pauses, found.reviews) == ((), 0)


@pytest.mark.parametrize(
    ("text", "sets", "fits"),
    [
        (PAUSED, (["ongoing", "ombudsman"],), True),
        (PAUSED, (["planned"], ["ongoing"]), True),
        (PAUSED, (["planned"],), False),
        (PAUSED, (["planned"], []), False),
        (REVIEWED, (["ombudsman"],), True),
        (QUIET, (["planned"], []), False),
    ],
)
def test_labelled_comment_is_found_by_a_defensible_label_or_a_review(classifier, text, sets, fits):
    found = measure_comments([comment(text, *sets)], classifier=classifier)
    assert (len(found.found), len(found.missed)) == ((1, 0) if fits else (0, 1))


def test_false_pauses_are_counted_out_of_a_thousand_without_a_label(classifier):
    some = [comment(QUIET)] * 7 + [comment(PAUSED)] + [comment(PAUSED, ["ongoing"])] * 5
    assert measure_comments(some, classifier=classifier).false_pauses_per_1000 == 125.0


def test_no_comments_give_figures_of_nothing(classifier):
    found = measure_comments([], classifier=classifier)
    assert (found.comments, found.false_pauses_per_1000) == (0, 0.0)


def test_figures_as_plain_values_survive_json_and_hold_no_words(classifier):
    found = measure_comments([comment(f"{PAUSED} {CANARY}")], classifier=classifier)
    plain = json.dumps(found.to_dict())
    assert json.loads(plain)["false_pauses_per_1000"] == 1000.0
    assert CANARY not in plain


def test_counts_for_a_manifest_name_no_comment(classifier):
    some = [comment(PAUSED, name="walrus"), comment(QUIET), comment(PAUSED, ["ongoing"], name="heliotrope")]
    found = measure_comments(some, classifier=classifier).counts()
    assert found == {
        "comments": 3,
        "unlabelled": 2,
        "labelled": 1,
        "false_pauses": 1,
        "false_pauses_per_1000": 500.0,
        "reviews": 0,
        "found": 1,
    }
