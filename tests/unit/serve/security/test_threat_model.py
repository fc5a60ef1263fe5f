"""The threat model in ``serve/README.md``: each line names a test that holds it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
README = (ROOT / "serve" / "README.md").read_text(encoding="utf-8")


def _lines():
    """Each numbered line of the threat model, with what is indented under it."""
    section = README.partition("## Threat model\n")[2].partition("\n## ")[0]
    return re.findall(r"^(\d+)\. (.*(?:\n {3,}.*)*)", section, re.MULTILINE)


def test_lines_are_numbered_from_one_without_a_gap():
    numbers = [int(number) for number, _ in _lines()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 20


def test_every_line_names_a_test_that_there_is():
    for number, text in _lines():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
        assert named, f"line {number} names no test"
        for file, test in named:
            assert f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
