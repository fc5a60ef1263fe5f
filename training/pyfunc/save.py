"""A bundle's folder becomes the folder of an MLflow model.

MLmodel, requirements.txt, …   MLflow's own
complaint_context_model.py     what MLflow runs
code/classifier/               the classifier as it was, so that nothing has to be installed beside MLflow
artifacts/bundle/              the bundle's files; artifacts/policy.toml: another site's policy
"""

import shutil
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType, Array, Object, Property

import classifier
from classifier.bundle import load_bundle
from classifier.labels import LABELS
from classifier.policy.document import load_policy
from training.placing import BUNDLE_FILES

_CODE = Path(__file__).with_name("complaint_context_model.py")
_NEEDED = (
    *("ftfy", "mlflow", "numpy", "onnxruntime", "pandas", "pyarrow", "spacy", "threadpoolctl", "tokenizers"),
)


def save_pyfunc(bundle: Path, into: Path, *, policy: Path | None = None) -> None:
    """Writes the model's folder ``into``, which must not be there yet.

    Args:
        policy: another site's policy file, which the model then follows.

    Raises:
        BundleError, PolicyError: one of them cannot be trusted or understood.
    """
    load_bundle(bundle)
    load_policy(policy)
    with tempfile.TemporaryDirectory(prefix="complaint-context-") as staged:
        artifacts = _staged(bundle, policy, Path(staged))
        _save(
            path=str(into),
            python_model=str(_CODE),
            artifacts=artifacts,
            code_paths=[str(Path(classifier.__file__).parent)],
            signature=signature(),
            model_config={"gate": True},
            pip_requirements=[f"{name}=={version(name)}" for name in _NEEDED],
        )


def _staged(bundle: Path, policy: Path | None, folder: Path) -> dict[str, str]:
    """Copies under our own names: MLflow keeps names, takes all that lies in a folder, and refuses links."""
    files = folder / "bundle"
    files.mkdir()
    for file in (bundle / name for name in BUNDLE_FILES if (bundle / name).exists()):
        shutil.copyfile(file, files / file.name)
    if policy is None:
        return {"bundle": str(files)}
    shutil.copyfile(policy, folder / "policy.toml")
    return {"bundle": str(files), "policy": str(folder / "policy.toml")}


def _save(**what: Any) -> None:
    with warnings.catch_warnings():
        # MLflow misses an example of an input, but stumbles over pandas where it is given one.
        warnings.simplefilter("ignore")
        import mlflow.pyfunc  # warns of its own type hints

        mlflow.pyfunc.save_model(**what)


def signature() -> ModelSignature:
    """Rows with ``id`` and ``text`` in, assessments out; ``json`` has each of them as one string."""
    text, number, whole = DataType.string, DataType.double, DataType.long
    place = {"text": text, "field": text, "start": whole, "end": whole}
    reason = {"label": text, "rule": text, "clear": DataType.boolean, "score": number, "threshold": number}
    guidance = dict.fromkeys(("rule", "audience", "basis", "section", "text"), text)
    outputs = {
        "id": text,
        "labels": Array(text),
        "scores": _object({str(label): number for label in LABELS}),
        "action": text,
        "reasons": Array(_object(reason)),
        "evidence": Array(_object({"label": text, **place, "score": number})),
        "signals": Array(_object({"kind": text, **place})),
        "nation": text,
        "guidance": Array(_object({**guidance, "links": Array(_object({"title": text, "url": text}))})),
        "model": text,
        "policy": text,
    }
    return ModelSignature(
        inputs=Schema(
            [
                ColSpec(text, "id"),
                # Where cells are empty, pandas has types that MLflow would refuse; the model looks itself.
                ColSpec(AnyType(), "title", required=False),
                ColSpec(text, "text"),
                ColSpec(AnyType(), "author_confirmed", required=False),
            ]
        ),
        outputs=Schema([ColSpec(kind, name) for name, kind in outputs.items()]),
        params=ParamSchema([ParamSpec("json", DataType.boolean, False)]),
    )


def _object(parts: dict[str, DataType | Array | Object]) -> Object:
    return Object([Property(name, kind) for name, kind in parts.items()])
