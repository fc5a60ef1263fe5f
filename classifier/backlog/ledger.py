"""What is done of a backlog, on disk, so that a run which ended at any moment can go on.

    part-00000.jsonl             answers of the first shard
    _receipts/part-00000.json    written after it: its key, what it was scored with, its size, rejects, counts

A shard is done when its receipt has its key and its part has the size the receipt says. Each file is written
whole or not at all, and nothing else is remembered, so there is nothing that could disagree.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from classifier.assessment import to_json
from classifier.backlog.forms import writing
from classifier.backlog.places import KINDS, Kind, size_of, write_whole
from classifier.backlog.scorer import ScoredBatch
from classifier.backlog.shards import Shard
from classifier.backlog.tally import Tally
from classifier.errors import RowError

_SUFFIXES = {kind: suffix for suffix, kind in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A shard that is done: ``key`` and ``facts`` of what it was made from, ``size`` of its part in bytes.

    Its rejects stay on disk (``Ledger.rejects``): nearly all rows of a long backlog may be some.
    """

    key: str
    facts: dict[str, Any]
    size: int
    tally: Tally


class Ledger:
    """The folder of one output; opened by one run at a time.

    Args:
        facts: what the answers of this run depend on besides the stories (``Recipe.facts``).
    """

    def __init__(self, folder: Path, kind: Kind, facts: dict[str, Any]) -> None:
        self._folder, self._kind, self._facts = folder, kind, facts
        self._receipts = folder / "_receipts"
        self._suffix = _SUFFIXES[kind]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keeps the folder for this run.

        Raises:
            RowError: another run has it.
        """
        with _locked(self._folder):
            self._receipts.mkdir(parents=True, exist_ok=True)
            try:
                yield
            finally:
                if not self.part(0).exists():  # nothing to go on from
                    self.clear()

    def find(self, shard: Shard) -> Receipt | None:
        """The receipt of a shard that is done already."""
        receipt = self._receipt(shard.number)
        return receipt if receipt and receipt.key == shard.key else None

    def find_other(self, shard: Shard) -> Receipt | None:
        """The receipt under this number, if it is for other stories or of what was scored otherwise."""
        receipt = self._receipt(shard.number)
        return receipt if receipt and receipt.key != shard.key else None

    def keep(self, shard: Shard, batches: Sequence[ScoredBatch]) -> Receipt:
        """Writes the part, then its receipt."""
        content = writing(self._kind).part([batch.leaf for batch in batches])
        receipt = Receipt(
            key=shard.key,
            facts=self._facts,
            size=len(content),
            tally=sum((batch.tally for batch in batches), Tally()),
        )
        self._receipt_file(shard.number).unlink(missing_ok=True)  # it would vouch for the part that goes now
        write_whole(self.part(shard.number), content)
        rejects = [reject for batch in batches for reject in batch.rejects]
        write_whole(self._receipt_file(shard.number), _dump(receipt, rejects))
        return receipt

    def rejects(self, number: int) -> list[dict[str, Any]]:
        """The rejects of a shard that is done."""
        return list(json.loads(self._receipt_file(number).read_text(encoding="utf-8"))["rejects"])

    def part(self, number: int) -> Path:
        """Where the answers of a shard are."""
        return self._folder / f"part-{number:05}{self._suffix}"

    def forget_from(self, number: int) -> None:
        """Removes parts of a longer run before this one."""
        end = number
        while self._receipt_file(end).exists() or self.part(end).exists():
            end += 1
        for last in reversed(range(number, end)):  # a gap would hide from another run what is left behind it
            self._receipt_file(last).unlink(missing_ok=True)
            self.part(last).unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes all that the ledger has written, and the folder if nothing else is in it."""
        self.forget_from(0)
        (self._folder / "_lock").unlink(missing_ok=True)
        for folder in (self._receipts, self._folder):
            try:
                folder.rmdir()
            except OSError:
                return  # something of someone else's is in it

    def _receipt_file(self, number: int) -> Path:
        return self._receipts / f"part-{number:05}.json"

    def _receipt(self, number: int) -> Receipt | None:
        found = _read(self._receipt_file(number))
        try:
            receipt = _load(found) if found else None
        except (AttributeError, KeyError, TypeError, ValueError):  # a disk can damage anything
            return None
        return receipt if receipt and size_of(self.part(number)) == receipt.size else None


def _dump(receipt: Receipt, rejects: list[dict[str, Any]]) -> bytes:
    return to_json(
        {
            "key": receipt.key,
            "facts": receipt.facts,
            "size": receipt.size,
            "rejects": rejects,
            "tally": receipt.tally.to_dict(),
        }
    ).encode()


def _load(found: dict[str, Any]) -> Receipt:
    tuple(found["rejects"])  # part of what makes it whole
    return Receipt(
        key=found["key"],
        facts=dict(found["facts"]),
        size=found["size"],
        tally=Tally.from_dict(found["tally"]),
    )


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    if not isinstance(folder, Path):  # far away there is nothing to lock with
        yield
        return
    name = folder / "_lock"
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = name.open("wb")
        except FileNotFoundError:  # a run that ends at this moment has removed the folder
            continue
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise RowError(
                    f"{folder}: another run writes there. Wait for it, or name another output."
                ) from None
            if _stands(file, name):
                yield
                return


def _stands(file: IO[bytes], name: Path) -> bool:
    """Whether that is still the file of this name: a lock on one that was removed keeps nobody out."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), name.stat())
    except FileNotFoundError:
        return False
