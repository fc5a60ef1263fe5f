"""A model bundle on disk: looked at first, then checked, then built. Nothing in it can run code.

    encoder.onnx     the encoder, int8
    tokenizer.json   its word pieces
    gate.npz         which stories the encoder has to read (may be missing)
    bundle.json      format, version, labels, thresholds, calibration, window, checksums, figures
    README.md        the model card, written from the training run

Raising the format: add the new number to ``FORMATS``, translate the old manifest in ``load_manifest``, and
keep a bundle of the old format in ``tests/contract``.
"""

import json
import math
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from classifier.encoder import Encoder
from classifier.errors import BundleError
from classifier.gate import Gate, GateNumbers
from classifier.labels import LABELS, Label
from classifier.windows import WindowSize

FORMATS = (1, 2, 3)
"""1 has no gate; 2 may have one; from 3 on the encoder may read a draft first."""
RELEASED = Path(__file__).resolve().parents[1] / "models" / "complaint-context"
"""The released bundle of this checkout."""

_PLACES = 6
_ROUNDING = 0.5 * 10**-_PLACES
_PARTS = ("encoder.onnx", "tokenizer.json")
GATE = "gate.npz"
_FETCH_AGAIN = "Fetch the bundle again, or export it anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """For one label, in 0..1: from ``review`` on a person should look, from ``clear`` on the label holds."""

    review: float
    clear: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Turns a label's logit x into a probability: 1 / (1 + exp(-(slope * x + intercept + cue))).

    ``cue`` is added only where the story holds a cue of a complaint process (``classifier.cues``).
    """

    slope: float
    intercept: float
    cue: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A checked bundle, ready to read stories.

    ``gate``: None where the bundle has none or it was not asked for; then stories are read whole.
    ``manifest`` is bundle.json as it stands on disk.
    """

    name: str
    thresholds: dict[Label, Thresholds]
    calibration: dict[Label, Calibration]
    window: WindowSize
    tokenizer: Tokenizer
    encoder: Encoder
    gate: Gate | None
    manifest: dict[str, Any]

    def probabilities(self, logits: NDArray[np.float32], *, cue: bool = False) -> NDArray[np.float64]:
        """Calibrated probabilities in 0..1, shape as given, last axis in label order, to six places.

        ``cue``: whether the story holds a cue. Six places are far more than the calibration knows, and keep
        answers short.
        """
        return np.round(probabilities(logits, calibration=self.calibration, cue=np.array([cue])), _PLACES)


def probabilities(
    logits: NDArray[np.float32], *, calibration: dict[Label, Calibration], cue: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Calibrated probabilities in 0..1, shape (rows, 4) or (4,).

    Args:
        logits: shape (rows, 4) or (4,), last axis in label order.
        cue: whether each row's story holds a cue, shape (rows,), or (1,) for all rows.
    """
    curves = [calibration[label] for label in LABELS]
    slope, intercept, lift = (
        np.array([getattr(c, key) for c in curves]) for key in ("slope", "intercept", "cue")
    )
    lifted = lift * cue[:, np.newaxis] if logits.ndim == 2 else lift * cue
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-(slope * logits.astype(np.float64) + intercept + lifted)))


def draft_floor(
    *, thresholds: dict[Label, Thresholds], calibration: dict[Label, Calibration], margin: float
) -> NDArray[np.float32]:
    """The logit of each label below which a draft stands, shape (4,).

    ``margin``: by how much a draft's logit may lie below the one that is read for good. Below the floor no
    label reaches its threshold for review, whether the story holds a cue or not.
    """
    floors = []
    for label in LABELS:
        curve, review = calibration[label], thresholds[label].review
        least = max(review - _ROUNDING, _ROUNDING)  # rounds up to the threshold
        logit = math.log(least / (1 - least))
        floors.append((logit - curve.intercept - max(curve.cue, 0.0)) / curve.slope - margin)
    return np.array(floors, dtype=np.float32)


def load_bundle(folder: Path = RELEASED, *, threads: int = 1, gate: bool = True) -> Bundle:
    """Reads and checks the bundle in ``folder``.

    Args:
        threads: how many cores one window may use.
        gate: False leaves the gate out, so that every story is read whole.

    Raises:
        BundleError: a file is missing, does not match its checksum, or has a foreign format.
    """
    manifest = load_manifest(folder)
    parts = {name: _read_part(folder, name, manifest) for name in _PARTS}
    tokenizer = _read_tokenizer(parts["tokenizer.json"])
    thresholds = {label: Thresholds(**manifest["thresholds"][label]) for label in LABELS}
    calibration = {label: Calibration(**manifest["calibration"][label]) for label in LABELS}
    drafts = manifest.get("draft")
    floor = drafts and draft_floor(thresholds=thresholds, calibration=calibration, margin=drafts["margin"])
    return Bundle(
        name=f"{manifest['name']}/{manifest['version']}",
        thresholds=thresholds,
        calibration=calibration,
        window=WindowSize(**manifest["window"]),
        tokenizer=tokenizer,
        encoder=Encoder(parts["encoder.onnx"], floor=floor, threads=threads),
        gate=_read_gate(folder, manifest, tokenizer) if gate else None,
        manifest=manifest,
    )


def load_manifest(folder: Path = RELEASED) -> dict[str, Any]:
    """bundle.json of the bundle in ``folder``, checked; the other files are not looked at.

    Raises:
        BundleError: it is missing, damaged or of a foreign format.
    """
    file = folder / "bundle.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"{file}: {error.strerror}. Name the folder of a model bundle.") from None
    except ValueError:
        raise BundleError(f"{file}: not JSON in UTF-8. {_FETCH_AGAIN}") from None
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise BundleError(f"{file}: no format number, so not a bundle's manifest. {_FETCH_AGAIN}")
    if manifest["format"] not in FORMATS:
        known = ", ".join(map(str, FORMATS))
        raise BundleError(
            f"{file}: format {manifest['format']}, this version reads {known}. Update complaint-context."
        )
    labels = [str(label) for label in LABELS]
    if manifest.get("labels") != labels:
        raise BundleError(
            f"{file}: labels are {manifest.get('labels')}, not {labels}. Export the bundle anew."
        )
    _check_numbers(file, manifest)
    return manifest


def _check_numbers(file: Path, manifest: dict[str, Any]) -> None:
    try:
        for label in map(str, LABELS):
            thresholds = Thresholds(**manifest["thresholds"][label])
            calibration = Calibration(**manifest["calibration"][label])
            sound = 0 < thresholds.review <= thresholds.clear <= 1 and calibration.slope > 0
            if not (sound and math.isfinite(calibration.slope + calibration.intercept + calibration.cue)):
                raise ValueError(label)
        WindowSize(**manifest["window"])
        _ = manifest["name"], manifest["version"], [manifest["files"][name]["sha256"] for name in _PARTS]
        _ = manifest["files"].get(GATE, {"sha256": None})["sha256"]
        if not 0 <= 1.0 * manifest.get("draft", {"margin": 0})["margin"] < math.inf:
            raise ValueError("draft")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BundleError(f"{file}: {type(error).__name__} at {error}. {_FETCH_AGAIN}") from None


def _read_part(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(f"{folder / name}: {error.strerror}. {_FETCH_AGAIN}") from None
    if sha256(content).hexdigest() != manifest["files"][name]["sha256"]:
        raise BundleError(f"{folder / name}: does not match its checksum in bundle.json. {_FETCH_AGAIN}")
    return content


def _read_gate(folder: Path, manifest: dict[str, Any], tokenizer: Tokenizer) -> Gate | None:
    if GATE not in manifest["files"]:
        return None
    numbers = GateNumbers.from_bytes(_read_part(folder, GATE, manifest))
    if len(numbers.embeddings) < tokenizer.get_vocab_size():
        raise BundleError(f"{folder / GATE}: knows fewer word pieces than tokenizer.json. {_FETCH_AGAIN}")
    return Gate(numbers)


def _read_tokenizer(content: bytes) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_buffer(content)
    except Exception:  # the library raises bare Exception
        raise BundleError(f"tokenizer.json: cannot be read. {_FETCH_AGAIN}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
