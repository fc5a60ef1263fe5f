"""Fills the README's run blocks: what stands after `$` is run, what follows is its real output.

``python tests/end_to_end/readme.py`` rewrites them; ``test_readme.py`` fails when they are stale.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DATA_SHEET = ROOT / "data" / "README.md"

_CONSOLE = re.compile(r"```console\n\$ (?P<command>.*?)\n(?P<output>.*?)```", re.DOTALL)
_FIGURES = re.compile(r"(<!-- (?P<name>figures|counts)[^>]* -->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)


def run(command: str) -> str:
    """Standard output of a `complaint-context …` command line, as in an 80-column terminal."""
    script = Path(sys.executable).with_name("complaint-context")
    words = shlex.split(command)
    assert words[0].endswith("complaint-context"), command
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(
        [script, *words[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip() + "\n"


def filled(page: str, *, blocks: dict[str, str]) -> str:
    """``page`` with every console block run anew and every marked block replaced."""
    page = _CONSOLE.sub(lambda found: f"```console\n$ {found['command']}\n{run(found['command'])}```", page)
    return _FIGURES.sub(lambda found: f"{found[1]}\n{blocks[found['name']]}\n\n{found[3]}", page)


def blocks() -> dict[str, str]:
    """Figures from the released bundle and counts from the labelled stories."""
    import json

    from training.sheet import render_sheet
    from training.stories import read_stories
    from training.tables import baselines_table, labels_table, summary_table

    figures = json.loads((ROOT / "models" / "complaint-context" / "bundle.json").read_text())["figures"]
    tables = (
        summary_table(figures["test"]),
        labels_table(figures["test"]),
        baselines_table(figures["test"], figures["baselines"]),
    )
    return {"figures": "\n\n".join(tables), "counts": render_sheet(read_stories(ROOT / "data" / "stories"))}


def main() -> None:
    """Rewrites both pages."""
    known = blocks()
    for page in (README, DATA_SHEET):
        page.write_text(filled(page.read_text(encoding="utf-8"), blocks=known), encoding="utf-8")


if __name__ == "__main__":
    main()
