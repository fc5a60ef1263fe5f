"""Prints, after the behavioural tests, how many cases of each phenomenon passed."""

from collections.abc import Iterator

import pytest

from training.behaviour import Case, render_rates, tally

_CASES: dict[str, Case] = {}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Notes which case each test judges, so that its report leads to the phenomenon."""
    call = getattr(item, "callspec", None)
    case = call.params.get("case") if call else None
    if isinstance(case, Case):
        _CASES[item.nodeid] = case


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a phenomenon, worst first; nothing when no case ran."""
    figures = tally(_judged(terminalreporter))
    if figures.cases:
        terminalreporter.section(f"behaviour: {figures.passed} of {figures.cases} cases pass")
        terminalreporter.write_line(render_rates(figures))


def _judged(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[Case, bool]]:
    """Cases that ran to a verdict, and whether they passed; a known miss counts as judged only."""
    for outcome in ("passed", "failed", "xfailed"):
        for report in terminalreporter.stats.get(outcome, []):
            if report.when == "call" and report.nodeid in _CASES:
                yield _CASES[report.nodeid], outcome == "passed"
