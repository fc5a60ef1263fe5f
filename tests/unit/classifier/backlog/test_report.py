from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from classifier import RowError, Story
from classifier.backlog.job import Job
from classifier.backlog.report import check_report, render_report, write_report
from classifier.backlog.score import Outcome
from classifier.backlog.tally import Example, Tally, tally

NOW = datetime(2026, 3, 31, 9, 5, tzinfo=UTC)
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Tables as rows of cells; headings and paragraphs; every tag opened is closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.tables, self.headings, self.about = [], [], [], [], []
        self.styles, self.addresses = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.styles += [value for name, value in attrs if name == "style"]
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag in ("h1", "h2"):
            self.headings.append("")
        elif tag == "p":
            self.about.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data.strip()
        elif {"h1", "h2"} & set(self.open):
            self.headings[-1] += data
        elif "p" in self.open:
            self.about[-1] += data


@pytest.fixture
def job(tiny_bundle):
    return Job(source="stories.jsonl", output="out.jsonl", model=tiny_bundle)


def page(job, tally):
    text = render_report(job, Outcome(tally=tally, rejects=None, shards=1), now=NOW)
    return Page(text)


TALLY = Tally(
    stories=2000,
    rejected=1,
    actions=Counter({"pause": 1, "review": 1, "continue": 1998}),
    labels=Counter(ongoing=1),
    months={
        "2026-02": Counter({"pause": 1, "ongoing": 1, "continue": 499}),
        "": Counter({"continue": 500}),
        "2026-01": Counter({"review": 1, "continue": 999}),
    },
    surest=(Example(0.19, "b", "pause", 0.99), Example(0.1, "a", "review", 0.4)),
    least_sure=(Example(0.1, "a", "review", 0.4), Example(0.19, "b", "pause", 0.99)),
)


def test_page_says_what_was_scored_with_what(job):
    found = page(job, TALLY)
    assert found.headings == [
        "2,000 stories scored",
        "What the policy asks for",
        "What the stories speak of",
        "By month",
        "Least certain",
        "Most certain",
    ]
    assert found.about[0].split("\n") == [
        "stories.jsonl; tiny/7, care-opinion-uk/2; written 31 March 2026, 09:05 UTC.",
        "Rows that were no stories and are kept apart: 1.",
    ]


def test_gate_that_was_off_and_standard_input_are_named(tiny_bundle):
    job = Job(source="-", output="out.jsonl", model=tiny_bundle, gate=False, stream=object())
    assert page(job, Tally()).about[0].startswith("standard input; tiny/7, care-opinion-uk/2, gate off; ")


def test_actions_and_labels_are_counted_with_their_shares(job):
    actions, labels, *_ = page(job, TALLY).tables
    assert [row[:3] for row in actions[1:]] == [
        ["pause", "1", "0.05%"],
        ["review", "1", "0.05%"],
        ["advise", "0", "0.00%"],
        ["continue", "1,998", "99.90%"],
    ]
    assert [row[:3] for row in labels[1:]] == [
        ["planned", "0", "0.00%"],
        ["ongoing", "1", "0.05%"],
        ["completed", "0", "0.00%"],
        ["ombudsman", "0", "0.00%"],
    ]


def test_months_stand_in_order_and_stories_without_a_date_are_named(job):
    months = page(job, TALLY).tables[2]
    assert months[0][1:-1] == [
        *("pause", "review", "advise", "continue"),
        *("planned", "ongoing", "completed", "ombudsman"),
    ]
    assert [row[:-1] for row in months[1:]] == [
        ["without a date", "0", "0", "0", "500", "0", "0", "0", "0"],
        ["2026-01", "0", "1", "0", "999", "0", "0", "0", "0"],
        ["2026-02", "1", "0", "0", "499", "0", "1", "0", "0"],
    ]


def test_bars_are_widths_in_percent(job):
    widths = [float(style.removeprefix("width: ").removesuffix("%")) for style in page(job, TALLY).styles]
    assert widths[:8] == [0.05, 0.05, 0.0, 99.9, 0.0, 0.05, 0.0, 0.0]
    assert widths[8:] == [0.0, 0.0, 0.0, 50.0, 0.0, 0.1, 0.0, 99.9, 0.1, 0.0, 0.0, 49.9]


def test_page_without_dates_has_no_months(job):
    found = page(job, Tally(stories=1))
    assert "By month" not in found.headings
    assert len(found.tables) == 4


def test_examples_are_named_by_id_with_their_scores(job):
    *_, least, most = page(job, TALLY).tables
    assert least == [
        ["story", "action", "score", "from threshold"],
        ["a", "review", "0.400", "0.100"],
        ["b", "pause", "0.990", "0.190"],
    ]
    assert most[1:] == [["b", "pause", "0.990", "0.190"], ["a", "review", "0.400", "0.100"]]


def test_page_of_no_stories_is_whole(job):
    found = page(job, Tally())
    assert found.headings[0] == "0 stories scored"
    assert [row[:3] for row in found.tables[0][1:]] == [
        [name, "0", "-"] for name in ("pause", "review", "advise", "continue")
    ]
    assert found.tables[-1][1:] == [["No story reached a threshold."]]
    assert "were no stories" not in found.about[0]


@pytest.mark.parametrize(
    "odd", ["<script>alert(1)</script>", '" onload="x', "a&b", "{{ 7 * 7 }}", "</table>"]
)
def test_ids_and_names_stand_as_they_are_and_do_nothing(tiny_bundle, odd):
    example = Example(0.1, odd, "pause", 0.9)
    job = Job(source=odd, output="out.jsonl", model=tiny_bundle)
    found = page(job, Tally(stories=1, surest=(example,), least_sure=(example,)))
    assert "script" not in found.tags
    assert found.tables[-1][1][0] == found.tables[-2][1][0] == odd
    assert found.about[0].startswith(f"{odd}; tiny/7")


def test_page_holds_no_words_of_a_story_and_fetches_nothing(job, classifier):
    story = Story(id="a", title="heliotrope walrus", text="heliotrope lodged walrus.")
    thresholds = classifier.bundle.thresholds
    found = tally([classifier.assess(story)], months=["2026-01"], thresholds=thresholds)
    text = render_report(job, Outcome(tally=found, rejects=None, shards=1), now=NOW)
    assert found.surest
    assert "walrus" not in text
    assert Page(text).addresses == []
    assert "http" not in text


def test_tally_that_was_kept_gives_the_same_page(job):
    outcome = Outcome(tally=TALLY, rejects=None, shards=1)
    kept = Outcome(tally=Tally.from_dict(TALLY.to_dict()), rejects=None, shards=1)
    assert render_report(job, kept, now=NOW) == render_report(job, outcome, now=NOW)


# ---------------------------------------------------------------- the file


def test_page_is_written(job, tmp_path):
    file, outcome = tmp_path / "report.html", Outcome(tally=TALLY, rejects=None, shards=1)
    file.write_bytes(b"old")
    write_report(file, job, outcome, now=NOW)
    assert file.read_text(encoding="utf-8") == render_report(job, outcome, now=NOW)
    assert list(tmp_path.iterdir()) == [file]


def test_page_says_when_it_was_written(job, tmp_path):
    before = datetime.now(UTC)
    write_report(tmp_path / "report.html", job, Outcome(tally=Tally(), rejects=None, shards=0))
    assert before.strftime("written %d %B %Y, %H:") in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("name", ["report", "report.htm", "report.pdf", "out.jsonl"])
def test_page_with_another_ending_is_refused(job, tmp_path, name):
    file = tmp_path / name
    with pytest.raises(RowError) as caught:
        write_report(file, job, Outcome(tally=Tally(), rejects=None, shards=0), now=NOW)
    assert str(caught.value) == f"{file}: the report is a page. Give it a name that ends with .html."
    assert not file.exists()


def test_page_in_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(RowError) as caught:
        check_report(tmp_path / "none" / "report.html")
    assert str(caught.value) == f"{tmp_path / 'none'}: no such folder. Make it first, or name another."
    check_report(tmp_path / "report.html")
    check_report(Path("report.html"))


def test_page_that_cannot_be_written_is_told(job, tmp_path):
    file = tmp_path / "report.html"
    file.mkdir()
    with pytest.raises(RowError) as caught:
        write_report(file, job, Outcome(tally=Tally(), rejects=None, shards=0), now=NOW)
    assert str(caught.value) == f"{file}: cannot be written (Is a directory). Name another file."
    assert list(tmp_path.iterdir()) == [file]
