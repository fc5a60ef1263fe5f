import json
import shutil
from hashlib import sha256

import numpy as np
import onnx
import pytest
import torch

from classifier.assess import ComplaintClassifier
from classifier.bundle import FORMATS, Calibration, Thresholds, load_bundle
from classifier.encoder import Encoder
from classifier.errors import BundleError
from classifier.labels import LABELS
from classifier.story import Story
from classifier.windows import Window, WindowSize, read_windows
from training.export import NAME, Decisions, export_encoder, write_bundle
from training.settings import TrainingSettings
from training.train import load_tokenizer, new_model

TINY = TrainingSettings(layers=1, hidden=32, window=WindowSize(tokens=96, overlap=24))
TEXTS = (
    "Kind nurses.",
    "I put in a complaint and have heard nothing. " * 12,
    "Caf\u00e9 \U0001f622 closed\u2026",
)
DECISIONS = Decisions(
    calibration={label: Calibration(slope=1.5 + n, intercept=-0.5 * n) for n, label in enumerate(LABELS)},
    thresholds={label: Thresholds(review=0.1 + n / 10, clear=0.5 + n / 10) for n, label in enumerate(LABELS)},
)


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(TINY)


@pytest.fixture(scope="module")
def model():
    return new_model(TINY)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    """Paths of the full and of the small encoder."""
    return export_encoder(model, tmp_path_factory.mktemp("export") / "new")


@pytest.fixture
def folder(exported, tokenizer, tmp_path):
    """A bundle as a run writes it."""
    return write_bundle(
        tmp_path / "a" / "bundle",
        encoder=exported[1],
        tokenizer=tokenizer,
        decisions=DECISIONS,
        settings=TINY,
        bundle_version=4,
        data={"fingerprint": "abc", "train": 3},
        figures={"test": {"macro_f1": 0.5}},
    )


def window(*ids):
    return Window(np.array(ids, dtype=np.int64), ())


# --- the encoder


def test_both_encoders_are_written_and_the_small_one_is_smaller(exported):
    full, small = exported
    assert (full.name, small.name) == ("encoder.fp32.onnx", "encoder.onnx")
    assert small.stat().st_size < 0.5 * full.stat().st_size


def test_full_encoder_gives_the_logits_of_the_torch_model(model, exported):
    ids = torch.tensor([[101, 2023, 2003, 1037, 3231, 102]])
    with torch.inference_mode():
        expected = model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
    found = Encoder(exported[0].read_bytes()).token_logits(window(*ids[0].tolist()))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_small_encoder_stays_near_the_full_one_at_any_length(exported, tokenizer):
    full, small = (Encoder(path.read_bytes()) for path in exported)
    for text in TEXTS:
        readable = read_windows(Story(id="a", text=text), tokenizer=tokenizer, size=TINY.window)
        np.testing.assert_allclose(small.sentence_logits(readable), full.sentence_logits(readable), atol=0.05)


def test_small_encoder_keeps_no_large_matrix_in_float32(exported):
    stored = onnx.load(exported[1]).graph.initializer
    large = [
        part for part in stored if np.prod(part.dims) >= 1024 and part.data_type == onnx.TensorProto.FLOAT
    ]
    assert [part.name for part in large if not part.name.endswith(("_scale", "_scales"))] == []


def test_exporting_leaves_a_model_ready_to_read(exported, model):
    assert not model.training


# --- the bundle


def test_bundle_has_its_parts_and_loads(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.json", "encoder.onnx", "tokenizer.json"]
    bundle = load_bundle(folder)
    assert bundle.name == f"{NAME}/4"
    assert bundle.thresholds == DECISIONS.thresholds
    assert bundle.calibration == DECISIONS.calibration
    assert bundle.window == TINY.window


def test_loaded_bundle_assesses_a_story(folder):
    classifier = ComplaintClassifier.load(folder)
    assessment = classifier.assess(Story(id="a", title="A day", text=TEXTS[1]))
    assert assessment.model == "complaint-context/4"
    assert set(assessment.scores) == set(LABELS)


def test_manifest_tells_what_the_bundle_is_and_where_it_comes_from(folder):
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    assert manifest["format"] == FORMATS[-1]
    assert manifest["labels"] == ["planned", "ongoing", "completed", "ombudsman"]
    assert manifest["base"] == TINY.base
    assert manifest["settings"] == TINY.to_dict()
    assert manifest["data"] == {"fingerprint": "abc", "train": 3}
    assert manifest["figures"] == {"test": {"macro_f1": 0.5}}
    assert manifest["made_with"]["torch"] == torch.__version__
    assert set(manifest["made_with"]) == {"torch", "transformers", "onnxruntime"}
    assert set(manifest["checked_on"]) == {"machine", "flags"}
    assert manifest["checked_on"]["flags"] == sorted(set(manifest["checked_on"]["flags"]))


def test_checksums_and_sizes_are_those_of_the_files(folder, exported):
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    assert manifest["files"] == {
        name: {
            "sha256": sha256((folder / name).read_bytes()).hexdigest(),
            "bytes": (folder / name).stat().st_size,
        }
        for name in ("encoder.onnx", "tokenizer.json")
    }
    assert (folder / "encoder.onnx").read_bytes() == exported[1].read_bytes()


def test_same_run_writes_the_same_manifest_again(folder, exported, tokenizer, tmp_path):
    again = write_bundle(
        tmp_path / "again",
        encoder=exported[1],
        tokenizer=tokenizer,
        decisions=DECISIONS,
        settings=TINY,
        bundle_version=4,
        data={"fingerprint": "abc", "train": 3},
        figures={"test": {"macro_f1": 0.5}},
    )
    assert (again / "bundle.json").read_bytes() == (folder / "bundle.json").read_bytes()


def test_bundle_may_be_rewritten_with_its_own_encoder(folder, tokenizer):
    encoder = (folder / "encoder.onnx").read_bytes()
    write_bundle(
        folder,
        encoder=folder / "encoder.onnx",
        tokenizer=tokenizer,
        decisions=DECISIONS,
        settings=TINY,
        bundle_version=5,
        data={},
        figures={},
    )
    assert (folder / "encoder.onnx").read_bytes() == encoder
    assert load_bundle(folder).name == f"{NAME}/5"


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
def test_damaged_file_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=rf"{name}: does not match its checksum in bundle\.json\."):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json", "bundle.json"])
def test_missing_file_is_refused(folder, tmp_path, name):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f"{name}: No such file or directory"):
        load_bundle(copy)
