"""The record of a finished run, beside its output: what was scored, with what, and what came of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.assessment import to_json
from classifier.backlog.places import InputFile, size_of, write_whole
from classifier.backlog.tally import Tally

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A finished run.

    ``facts``: what answers depend on besides the stories. ``files``: name and size in bytes of what was read.
    ``shards``: the key of each shard, in order. ``size``: of the output file in bytes, 0 for a folder.
    """

    facts: dict[str, Any]
    files: tuple[tuple[str, int], ...]
    shards: tuple[str, ...]
    tally: Tally
    size: int


def list_files(files: tuple[InputFile, ...]) -> tuple[tuple[str, int], ...]:
    """Names and sizes for a manifest."""
    return tuple((file.label, size_of(file.path)) for file in files)


def write_manifest(file: Path, manifest: Manifest) -> None:
    """Writes the record, for people and programs."""
    values = {
        "format": _FORMAT,
        "scored_with": manifest.facts,
        "input": [{"file": name, "bytes": size} for name, size in manifest.files],
        "output_bytes": manifest.size,
        "counts": manifest.tally.to_dict(),
        "shards": list(manifest.shards),
    }
    write_whole(file, (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode())


def read_manifest(file: Path) -> Manifest | None:
    """The record there, None where there is none that can be read."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if values["format"] != _FORMAT:
            return None
        return Manifest(
            facts=values["scored_with"],
            files=tuple((entry["file"], entry["bytes"]) for entry in values["input"]),
            shards=tuple(values["shards"]),
            tally=Tally.from_dict(values["counts"]),
            size=values["output_bytes"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def same_facts(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two runs score alike."""
    return to_json(one) == to_json(other)
