"""Prints, after the behavioural tests, how many cases of each phenomenon passed."""

from collections import Counter

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Notes on each test which case it judges, so that its report knows the phenomenon."""
    call = getattr(item, "callspec", None)
    case = call.params.get("case") if call else None
    if case is not None:
        item.user_properties.append(("behaviour", f"{case.kind}: {case.phenomenon}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a phenomenon, worst first; nothing when no case ran."""
    passed, judged = _tally(terminalreporter)
    if not judged:
        return
    terminalreporter.section(f"behaviour: {passed.total()} of {judged.total()} cases pass")
    for name in sorted(judged, key=lambda name: (passed[name] / judged[name], name)):
        share = passed[name] / judged[name]
        terminalreporter.write_line(f"{share:6.0%}  {passed[name]:3} of {judged[name]:3}  {name}")


def _tally(terminalreporter: pytest.TerminalReporter) -> tuple[Counter[str], Counter[str]]:
    """Cases that passed, and cases that ran to a verdict; a known miss counts as judged only."""
    passed: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for outcome in ("passed", "failed", "xfailed"):
        for report in terminalreporter.stats.get(outcome, []):
            name = dict(report.user_properties).get("behaviour")
            if name is not None and report.when == "call":
                judged[name] += 1
                passed[name] += outcome == "passed"
    return passed, judged
