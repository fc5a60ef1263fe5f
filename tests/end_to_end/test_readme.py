"""What the documents show is what the commands print."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("readme", Path(__file__).with_name("readme.py"))
readme = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(readme)


ANOTHER_SITE = readme.ROOT / "tests" / "unit" / "classifier" / "policy" / "small_policy.toml"


def _python_blocks():
    """All but the recipe for Spark, which test_spark.py runs."""
    pages = (readme.README, readme.ROOT / "training" / "pyfunc" / "README.md")
    found = [
        code
        for page in pages
        for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    return [code for code in found if "pyspark" not in code]


@pytest.fixture(scope="module")
def blocks():
    return readme.blocks()


@pytest.mark.parametrize("page", [readme.README, readme.DATA_SHEET], ids=lambda page: page.parent.name)
def test_page_shows_what_the_commands_print(page, blocks):
    shown = page.read_text(encoding="utf-8")
    assert readme.filled(shown, blocks=blocks) == shown, "run: python tests/end_to_end/readme.py"


@pytest.mark.parametrize("code", _python_blocks())
def test_python_that_a_page_shows_runs(code, tmp_path):
    (tmp_path / "models").symlink_to(readme.ROOT / "models")
    (tmp_path / "another_site.toml").symlink_to(ANOTHER_SITE)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_readme_names_the_test_command_that_ci_runs():
    assert "make test" in readme.README.read_text(encoding="utf-8")
    assert "make test" in (readme.ROOT / ".ci" / "run").read_text(encoding="utf-8")
