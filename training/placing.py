"""Puts a bundle's files where a service reads them, all at once or not at all."""

import shutil
import tempfile
from pathlib import Path

from classifier.bundle import load_bundle
from classifier.errors import ComplaintContextError

BUNDLE_FILES = ("encoder.onnx", "tokenizer.json", "gate.npz", "bundle.json", "README.md")
"""What a bundle's folder holds; gate and model card may be missing."""


class PlaceError(ComplaintContextError):
    """A folder is no place for a bundle."""


def check_place(into: Path) -> None:
    """Refuses a folder whose other files a new bundle would sweep away.

    Raises:
        PlaceError: ``into`` is a file, or holds something that is no part of a bundle.
    """
    if into.exists() and not into.is_dir():
        raise PlaceError(f"{into}: is a file. Name the folder of a bundle, or a new one.")
    others = (
        sorted(path.name for path in into.iterdir() if path.name not in BUNDLE_FILES) if into.is_dir() else []
    )
    if others:
        raise PlaceError(
            f"{into}: holds {', '.join(others[:3])}, which a bundle would replace. "
            "Name a folder with nothing but a bundle, or a new one."
        )


def place(bundle: Path, into: Path) -> None:
    """Copies ``bundle`` beside ``into``, checks the copy, then swaps the two folders by renaming.

    Between the two renames ``into`` is missing for a moment; a service that loads just then says so and tries
    again, and never reads half of each.

    Raises:
        BundleError: the copy is damaged; PlaceError: see ``check_place``.
    """
    check_place(into)
    target = into.resolve()  # a link is followed, not replaced
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        new.mkdir()
        for file in (bundle / name for name in BUNDLE_FILES if (bundle / name).exists()):
            shutil.copyfile(file, new / file.name)
        load_bundle(new)
        _swap(new, target, old)


def _swap(new: Path, target: Path, old: Path) -> None:
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
