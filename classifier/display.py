"""An assessment for a person at a terminal: the decision, the words that count, what to do."""

from rich.console import Console
from rich.text import Text

from classifier.assessment import Action, Assessment, Evidence
from classifier.story import Field, Story

ACTION_WORDS = {
    Action.PAUSE: "PAUSE moderation and ask the author to consider the guidance",
    Action.REVIEW: "REVIEW: a person should look",
    Action.ADVISE: "ADVISE: go on, with the guidance",
    Action.CONTINUE: "CONTINUE as usual",
}
_STYLES = {
    Action.PAUSE: "bold red",
    Action.REVIEW: "bold yellow",
    Action.ADVISE: "bold blue",
    Action.CONTINUE: "bold green",
}
_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n\r"}
_CONTROLS[ord("\r")] = " "
_BRIEF_CHARS = 120


def print_assessment(
    assessment: Assessment, *, story: Story, console: Console, guidance: bool = True
) -> None:
    """Prints the decision, scores, the story with its evidence marked, signals and (if wanted) guidance."""
    console.print(Text(ACTION_WORDS[assessment.action], style=_STYLES[assessment.action]))
    console.print(Text("labels   " + (", ".join(assessment.labels) or "none")))
    console.print(Text("scores   " + ", ".join(f"{k} {v:.3f}" for k, v in assessment.scores.items())))
    console.print(Text(f"nation   {assessment.nation}"))
    console.print()
    for field in ("title", "text"):
        if getattr(story, field):
            console.print(marked(story, field, assessment.evidence))
    _print_evidence(assessment, console)
    _print_signals(assessment, console)
    if guidance:
        _print_guidance(assessment, console)
    console.print(Text(f"\n{assessment.model}, {assessment.policy}", style="dim"))


def marked(story: Story, field: Field, evidence: tuple[Evidence, ...]) -> Text:
    """One field of the story with the evidence in reverse video."""
    words = Text(visible(getattr(story, field)), style="bold" if field == "title" else "")
    for quote in evidence:
        if quote.field == field:
            words.stylize("reverse", quote.start, quote.end)
    return words


def visible(words: str) -> str:
    """The words, as many characters as before, with nothing in them that steers a terminal.

    Rich would drop some control characters, and places after them would move.
    """
    return words.translate(_CONTROLS)


def _print_evidence(assessment: Assessment, console: Console) -> None:
    if assessment.evidence:
        console.print(Text("\nEvidence", style="bold"))
    for quote in assessment.evidence:
        console.print(Text(f"  {quote.label} {quote.score:.2f}  {visible(quote.text)}"))


def _print_signals(assessment: Assessment, console: Console) -> None:
    if assessment.signals:
        shown = ", ".join(f"{signal.kind}: {_in_brief(signal.text)}" for signal in assessment.signals)
        console.print(
            Text("\nAlso worth a glance  ", style="bold").append(Text(visible(shown), style="not bold"))
        )


def _in_brief(words: str) -> str:
    """The words or their beginning: a whole paragraph may be a signal, and stands above in full."""
    return words if len(words) <= _BRIEF_CHARS else words[: _BRIEF_CHARS - 1] + "…"


def _print_guidance(assessment: Assessment, console: Console) -> None:
    for item in assessment.guidance:
        console.print(Text(f"\nFor the {item.audience} ({item.basis}; {item.section})", style="bold"))
        console.print(Text(item.text))
        for link in item.links:
            console.print(Text(f"  {link.title}: {link.url}"))
