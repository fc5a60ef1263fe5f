"""spaCy is imported for the first story that has to be read, by whatever thread reads it."""

import subprocess
import sys

PROGRAM = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from classifier.sentences import sentences
from classifier.story import Story

gate = Barrier(8)

def read(number):
    gate.wait()
    return len(sentences(Story(id="s", text="One. Two.")))

with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(read, range(8))))
"""


def test_first_stories_may_be_read_by_several_threads_at_once():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "16"


def test_commands_and_stories_without_sentences_do_not_import_it():
    program = (
        "import sys; import classifier.cli; from classifier.signals import find_signals; "
        "from classifier import Story; find_signals(Story(id='s', text='My MP.')); "
        "print('spacy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
