import io

import pytest
from rich.console import Console

from classifier import Action, Evidence, Label, Story
from classifier.display import ACTION_WORDS, marked, print_assessment


@pytest.fixture
def printed(classifier):
    """What a terminal without colours shows of a text's assessment."""

    def show(text, *, title="", **options):
        story = Story(id="s", title=title, text=text)
        stream = io.StringIO()
        console = Console(file=stream, width=100, color_system=None, highlight=False)
        print_assessment(classifier.assess(story), story=story, console=console, **options)
        return stream.getvalue()

    return show


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("I lodged it.", "PAUSE"),
        ("ongoing300000", "REVIEW"),
        ("It was upheld.", "ADVISE"),
        ("They were kind.", "CONTINUE"),
    ],
)
def test_action_is_the_first_thing_said(printed, text, word):
    assert printed(text).startswith(word)


def test_every_action_has_its_words():
    assert set(ACTION_WORDS) == set(Action)


def test_labels_scores_words_and_versions_are_shown(printed):
    shown = printed("Kind nurses. I lodged it with PALS.", title="My stay")
    for part in ("ongoing", "0.002", "My stay", "Kind nurses.", "PALS", "tiny/7", "care-opinion-uk/2"):
        assert part in shown
    assert shown.count("I lodged it with PALS.") == 2


def test_story_without_labels_says_none(printed):
    shown = printed("They were kind.")
    assert "none" in shown
    assert "Evidence" not in shown


def test_guidance_can_be_left_out(printed):
    assert "For the author" in printed("I lodged it.")
    assert "For the author" not in printed("I lodged it.", guidance=False)


def test_long_signal_is_shown_by_its_beginning(printed):
    story = "Roedd y nyrsys ar y ward yn garedig iawn wrth fy mam. " * 5
    shown = printed(story, guidance=False)
    signal = " ".join(shown.partition("Also worth a glance")[2].partition("tiny/7")[0].split())
    assert (
        signal
        == "other_language: " + ("Roedd y nyrsys ar y ward yn garedig iawn wrth fy mam. " * 5)[:119] + "…"
    )


def test_words_that_look_like_markup_are_shown_as_they_are(printed):
    assert "[bold]I lodged[/bold] it [/] :smile:" in printed("[bold]I lodged[/bold] it [/] :smile:")


@pytest.mark.parametrize("text", ["I lodged it \x1b[2J\x1b]0;title\x07 now.", "I lodged \x9b2J it.\x08\x7f"])
def test_words_cannot_steer_the_terminal(printed, text):
    shown = printed(text, title="\x1b[31mRed")
    assert not {character for character in shown if ord(character) < 32} - {"\n"}
    assert not {character for character in shown if 127 <= ord(character) < 160}


@pytest.mark.parametrize(
    "text",
    [
        "Kind. I lodged it.",
        "😀 Kind. I lodged it 😀.",
        "One.\r\nTwo.\r\n\x0bI lodged it.\r\nFour.",
        "\x07Bell. I lodged it.",
        "Cafe\u0301 &amp; bar. I lodged it.",
    ],
)
def test_evidence_is_marked_where_it_stands(classifier, text):
    story = Story(id="s", text=text)
    (quote,) = classifier.assess(story).evidence
    words = marked(story, "text", (quote,))
    assert len(words.plain) == len(text)
    assert [words.plain[span.start : span.end] for span in words.spans] == [quote.text]


def test_evidence_of_the_other_field_is_not_marked():
    story = Story(id="s", title="I lodged it", text="I lodged it")
    quote = Evidence(label=Label.ONGOING, text="lodged", field="title", start=2, end=8, score=1.0)
    assert marked(story, "text", (quote,)).spans == []
    assert [span.start for span in marked(story, "title", (quote,)).spans] == [2]
