"""Imports run one way, and what ships to production knows neither torch nor transformers."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_import_directions_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    assert "2 kept, 0 broken" in found.stdout


def test_an_assessment_loads_no_training_library():
    code = (
        "import sys; from classifier import ComplaintClassifier, Story; "
        "ComplaintClassifier.load().assess(Story(id='1', text='Thank you.')); import serve.app; "
        "heavy = {'torch', 'transformers', 'sklearn', 'datasets', 'mlflow', 'training'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    # spaCy's own back end imports torch where it is installed; blocking it shows that nobody needs it.
    blocked = "import sys; sys.modules['torch'] = None; "
    found = subprocess.run(
        [sys.executable, "-c", blocked + code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "['torch']", found.stderr


def test_checking_stories_and_measuring_a_bundle_load_no_training_library():
    code = (
        "import sys; from unittest.mock import patch; from classifier.cli import main\n"
        "for command in (['data', 'check', '--help'], ['evaluate', '--help']):\n"
        "    try:\n"
        "        with patch.object(sys, 'argv', ['complaint-context', *command]): main()\n"
        "    except SystemExit as done: assert not done.code, done.code\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'datasets', 'mlflow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    # As above: only blocked can torch be seen to be needed by nobody.
    blocked = "import sys; sys.modules['torch'] = None; "
    found = subprocess.run(
        [sys.executable, "-c", blocked + code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == "['torch']"


def test_command_that_reads_no_story_does_not_wait_for_spacy():
    code = (
        "import sys; from unittest.mock import patch; from classifier.cli import main\n"
        "try:\n"
        "    with patch.object(sys, 'argv', ['complaint-context', 'keys', 'list']): main()\n"
        "except SystemExit as done: assert not done.code, done.code\n"
        "print('spacy' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "False"
