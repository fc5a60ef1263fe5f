"""Writes a trained encoder as a bundle: ONNX in int8, checksums, manifest."""

import json
import platform
import shutil
import warnings
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from classifier.bundle import FORMATS, GATE, Calibration, Thresholds
from classifier.labels import LABELS, Label
from training.quantise import quantise
from training.settings import TrainingSettings

NAME = "complaint-context"


def export_encoder(model: PreTrainedModel, folder: Path) -> tuple[Path, Path]:
    """Writes ``encoder.fp32.onnx`` and ``encoder.onnx`` (int8) into ``folder``; gives both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    full = folder / "encoder.fp32.onnx"
    example = torch.ones((1, 8), dtype=torch.long)
    axes = {0: "windows", 1: "tokens"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecation and of traced constants
        torch.onnx.export(
            model.eval(),
            (example, example),
            str(full),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": axes},
            opset_version=17,
            dynamo=False,
        )
    small = folder / "encoder.onnx"
    quantise(full, small)
    return full, small


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The numbers, found on dev, that turn logits into decisions.

    ``draft_margin``: as in ``classifier.bundle.draft_floor``; None where every window is read for good.
    """

    calibration: dict[Label, Calibration]
    thresholds: dict[Label, Thresholds]
    draft_margin: float | None = None


def write_bundle(
    folder: Path,
    *,
    encoder: Path,
    tokenizer: Tokenizer,
    decisions: Decisions,
    settings: TrainingSettings,
    bundle_version: int,
    data: dict[str, Any],
    figures: dict[str, Any],
) -> Path:
    """Writes encoder, tokenizer and manifest into ``folder`` and returns it.

    ``data`` says what it was trained on (fingerprint and counts), ``figures`` how well it does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if encoder != folder / "encoder.onnx":
        shutil.copyfile(encoder, folder / "encoder.onnx")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / GATE).unlink(missing_ok=True)  # of an earlier run
    manifest = {
        "format": FORMATS[-1],
        "name": NAME,
        "version": bundle_version,
        "labels": list(LABELS),
        "thresholds": {label: asdict(value) for label, value in decisions.thresholds.items()},
        "calibration": {label: asdict(value) for label, value in decisions.calibration.items()},
        **({} if decisions.draft_margin is None else {"draft": {"margin": decisions.draft_margin}}),
        "window": asdict(settings.window),
        "base": settings.base,
        "settings": settings.to_dict(),
        "data": data,
        "code": version(NAME),
        "made_with": {name: version(name) for name in ("torch", "transformers", "onnxruntime")},
        "checked_on": {"machine": platform.machine(), "flags": _vector_flags()},
        "files": {name: checksum(folder / name) for name in ("encoder.onnx", "tokenizer.json")},
        "figures": figures,
    }
    write_manifest(folder, manifest)
    return folder


def read_manifest(folder: Path) -> dict[str, Any]:
    """What stands in bundle.json."""
    return json.loads((folder / "bundle.json").read_text(encoding="utf-8"))


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Writes bundle.json."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / "bundle.json").write_text(text, encoding="utf-8")


def checksum(file: Path) -> dict[str, Any]:
    """What the manifest says of a file."""
    content = file.read_bytes()
    return {"sha256": sha256(content).hexdigest(), "bytes": len(content)}


def _vector_flags() -> list[str]:
    """The processor's vector instructions, on which int8 arithmetic depends; empty where not told."""
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return []
    return sorted({word for word in words if word.startswith(("avx", "amx", "fma", "asimd"))})
