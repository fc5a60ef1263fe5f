"""Every notebook runs from top to bottom."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.filterwarnings("ignore:Parsing dates involving a day of month:DeprecationWarning")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(notebook):
    page = nbformat.read(notebook, as_version=4)
    NotebookClient(page, timeout=300, kernel_name="python3").execute(cwd=str(notebook.parent))
    outputs = [cell.outputs for cell in page.cells if cell.cell_type == "code"]
    assert all(outputs), "a code cell shows nothing"
