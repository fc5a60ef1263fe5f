import io

from rich.console import Console
from rich.markdown import Markdown

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.story import Span, Story
from training.error_page import missed_note, render_errors
from training.errors import find_errors
from training.evaluate import judge
from training.stories import LabelledStory, Quote

ONGOING = LABELS[1]


def labelled(text, *labels, number):
    return LabelledStory(
        story=Story(id=f"U01-{number}", text=text),
        labels=labels,
        evidence=tuple(Quote(label, Span("text", 0, len(text))) for label in labels),
        nation=Nation.WALES,
        borderline=False,
        phenomena=("gp",),
    )


def page(classifier, *stories, limit=20):
    return render_errors(find_errors(judge(stories, classifier=classifier)), limit=limit)


def shown(markdown):
    """The page as a wide terminal shows it, spaces joined."""
    console = Console(file=io.StringIO(), width=300)
    console.print(Markdown(markdown))
    return " ".join(console.file.getvalue().split())


def test_page_has_the_whole_the_worst_every_dimension_and_the_missed(classifier):
    right = [labelled("I lodged a complaint.", ONGOING, number=n) for n in range(11)]
    found = page(classifier, *right, labelled("Tea came.", ONGOING, number=77))
    assert "| all stories | 12 | 0.92 (" in found
    assert [line for line in found.splitlines() if line.startswith("#")] == [
        "## The worst slices",
        "## All slices",
        "## Missed stories",
        "### U01-77: pause missed",
    ]
    for name in ("label", "kind", "words", "nation", "voice", "file", "phenomenon"):
        assert f"\n| {name} | stories | exact label set | pause recall | pause precision |\n" in found
    assert "| wales | 12 | 0.92 (" in found


def test_missed_story_is_told_on_five_lines(classifier):
    found = page(classifier, labelled("Tea came.", ONGOING, number=1))
    assert found.splitlines()[-5:] == [
        "### U01-1: pause missed",
        "- readers: ongoing; model: none; action: continue",
        "- probabilities: planned 0.002, ongoing 0.002, completed 0.002, ombudsman 0.002",
        "- readers quote: ongoing “Tea came\\.”",
        "- model quotes: nothing",
    ]


def test_words_are_shown_to_the_letter_and_cannot_steer_page_or_terminal(classifier):
    words = "*They* said `no` <b>& me_too_ #1 [x](y) \x1b[31mred 1. a|b"
    assert "“*They* said `no` <b>& me_too_ #1 [x](y) \ufffd[31mred 1. a|b”" in shown(
        page(classifier, labelled(words, ONGOING, number=1))
    )


def test_limit_leaves_stories_out_and_says_so(classifier):
    stories = [labelled("Tea came.", ONGOING, number=n) for n in range(3)]
    found = page(classifier, *stories, limit=1)
    assert found.count("### ") == 1
    assert "3 in all" in found
    assert "2 of them are not shown; ask for more with --limit." in found


def test_too_few_stories_to_rank_are_said_so(classifier):
    found = page(classifier, labelled("Tea came.", ONGOING, number=1))
    assert "## The worst slices\n\nToo few stories to rank any slice.\n\n## All slices" in found


def test_note_says_how_many_are_not_shown():
    assert missed_note(0, limit=5) == "None."
    assert missed_note(5, limit=5).endswith("All are shown.")
    assert missed_note(6, limit=5).endswith("1 of them are not shown; ask for more with --limit.")


def test_page_says_how_much_luck_alone_would_show(classifier):
    right = [labelled("I lodged a complaint.", ONGOING, number=n) for n in range(40)]
    wrong = [labelled("Tea came.", number=n + 100) for n in range(40)]
    found = page(classifier, *right, *wrong)
    assert "4 figures were compared: about 0 of them lie surely below by luck alone." in found
    assert "\n\nNone." in found
