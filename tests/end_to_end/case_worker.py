"""Processes that live cases through from opening to closing until they are killed.

Each prints ``process case event kind`` only once the store has returned, that is acknowledged, the event.

    python case_worker.py URL COUNT
"""

import os
import sys
from itertools import count

from classifier.assessment import Action, Assessment, Nation, Reason
from classifier.labels import LABELS, Label
from classifier.story import Story
from serve.cases.case import Case, Kind, Step, Verdict
from serve.cases.database import connect
from serve.cases.store import CaseStore


def main(url: str, workers: int) -> None:
    """Starts so many and waits until all are dead."""
    for _ in range(workers):
        if os.fork() == 0:
            try:
                _work(url)
            finally:
                os._exit(1)  # libraries' threads did not come along, so an orderly exit would wait for ever
    for _ in range(workers):
        os.wait()


def _work(url: str) -> None:
    store = CaseStore(connect(url))
    for number in count():
        _live(store, f"{os.getpid()}-{number}")


def _live(store: CaseStore, id: str) -> None:
    story = Story(id=id, text="I have complained to the trust.")
    edited = Story(id=id, text="I have complained to the trust and the board.")
    case = store.open(story, _assessment(story), "worker")
    _acknowledge(case, Kind.OPENED)
    _acknowledge(store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "worker"), Kind.VERDICT)
    _acknowledge(store.take(case.id, Step.ASK, "worker"), Kind.ASK)
    _acknowledge(store.open(edited, _assessment(edited), "worker"), Kind.JUDGED_AGAIN)
    _acknowledge(store.take(case.id, Step.CONFIRM, "worker"), Kind.CONFIRM)
    _acknowledge(store.take(case.id, Step.RESUME, "worker"), Kind.TEXT_DROPPED)


def _acknowledge(case: Case, kind: Kind) -> None:
    os.write(1, f"{os.getpid()} {case.id} {case.last_event} {kind}\n".encode())


def _assessment(story: Story) -> Assessment:
    return Assessment(
        id=story.id,
        labels=(Label.ONGOING,),
        scores=dict.fromkeys(LABELS, 0.0),
        action=Action.PAUSE,
        reasons=(
            Reason(label=Label.ONGOING, rule="ongoing-complaint", clear=True, score=0.9, threshold=0.7),
        ),
        evidence=(),
        signals=(),
        nation=Nation.UNKNOWN,
        guidance=(),
        model="m/1",
        policy="p/1",
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
