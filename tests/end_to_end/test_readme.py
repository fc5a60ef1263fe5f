"""What the documents show is what the commands print."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("readme", Path(__file__).with_name("readme.py"))
readme = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(readme)


@pytest.fixture(scope="module")
def blocks():
    return readme.blocks()


@pytest.mark.parametrize("page", [readme.README, readme.DATA_SHEET], ids=lambda page: page.parent.name)
def test_page_shows_what_the_commands_print(page, blocks):
    shown = page.read_text(encoding="utf-8")
    assert readme.filled(shown, blocks=blocks) == shown, "run: python tests/end_to_end/readme.py"


def test_readme_names_the_test_command_that_ci_runs():
    assert "make test" in readme.README.read_text(encoding="utf-8")
    assert "make test" in (readme.ROOT / ".ci" / "run").read_text(encoding="utf-8")
