"""The recipe for Spark in training/pyfunc/README.md, on a Spark in this process's machine.

PySpark is large and no dependency of ours; where it or Java is missing, this is not run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from classifier.story import Story
from training.registry import Registry

pytestmark = [
    pytest.mark.skipif(not (find_spec("pyspark") and shutil.which("java")), reason="needs pyspark and Java"),
    # MLflow's own queries use what SQLAlchemy is about to drop.
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning"),
]

PAGE = Path(__file__).parents[2] / "training" / "pyfunc" / "README.md"
PATIENCE_S = 600
ROWS = [
    {"id": "s-1", "title": "Ward 7 😀", "text": "Kind staff.\r\n I lodged a complaint."},
    {"id": "s-2", "text": "It was upheld. The ombudsman has it."},
    {"id": "s-3", "title": None, "text": " "},
]


def test_spark_gives_the_answers_that_python_gives(tiny_bundle, tmp_path, classifier, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where MLflow keeps the files of its runs
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    registry.promote(registry.register(tiny_bundle).number)
    Path("stories.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    (recipe,) = re.findall(
        r"```python\n(from mlflow\.pyfunc import spark_udf\n.*?)```", PAGE.read_text(), re.DOTALL
    )
    environment = {
        "MLFLOW_TRACKING_URI": registry.uri,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", recipe],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    lines = [
        line for file in Path("assessments").glob("*.json") for line in file.read_text("utf-8").splitlines()
    ]
    found = {row["id"]: json.loads(row["assessment"]) for row in map(json.loads, lines)}
    for row in ROWS[:2]:
        story = Story(id=row["id"], title=row.get("title", ""), text=row["text"])
        assert found[row["id"]] == classifier.assess(story).to_dict()
    assert found["s-3"] == {
        "id": "s-3",
        "error": "text: the story is empty. Send the author's words in text (or title).",
    }
