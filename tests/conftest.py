"""The released model, and a tiny bundle made by hand whose scores follow from a table.

Each word has its logits, wherever it stands: 0 for most, 96 in one column for four telling words. A sentence
of n tokens (marks count) with one telling word therefore scores 1 / (1 + exp(6 - 96 / n)) for its label, and
``AWAY`` for the others:

    "I lodged a complaint."                         5 tokens, ongoing, 0.999998
    11 tokens 0.938567, 12: 0.880797, 14: 0.701863, 15: 0.598688, 16: 0.5, 17: 0.412545

A sentence of one word like "ongoing799999" scores exactly 0.799999 for ongoing; there is such a word for
every label at, just below and just above each of its thresholds.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from classifier import LABELS, Bundle, ComplaintClassifier, Label
from classifier.encoder import DRAFT
from classifier.gate import GateNumbers

THRESHOLDS = {
    Label.PLANNED: {"review": 0.4, "clear": 0.7},
    Label.ONGOING: {"review": 0.3, "clear": 0.8},
    Label.COMPLETED: {"review": 0.5, "clear": 0.6},
    Label.OMBUDSMAN: {"review": 0.25, "clear": 0.9},
}
TELLING = {"shall": Label.PLANNED, "lodged": Label.ONGOING, "upheld": Label.COMPLETED}
TELLING["ombudsman"] = Label.OMBUDSMAN
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WEIGHT = 96.0
INTERCEPT = -6.0

Graph = Callable[..., bytes]


def _graph(table: NDArray[np.float32], *, draft: NDArray[np.float32] | None = None) -> bytes:
    """An encoder whose logits are a look-up by token id, times the mask; ``table``: shape (vocabulary, 4).

    ``draft``: the table of an encoder that can also be read as a draft.
    """
    shape = ["windows", "tokens"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask")
    ]
    stored = {"table": table.astype(np.float32), "last": np.array([-1], dtype=np.int64)}
    nodes, chosen = [], "table"
    if draft is not None:
        inputs.append(helper.make_tensor_value_info(DRAFT, TensorProto.BOOL, []))
        stored["draft_table"], chosen = draft.astype(np.float32), "chosen"
        nodes.append(helper.make_node("Where", [DRAFT, "draft_table", "table"], [chosen]))
    nodes += [
        helper.make_node("Gather", [chosen, "input_ids"], ["looked_up"]),
        helper.make_node("Cast", ["attention_mask"], ["seen"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["seen", "last"], ["seen_column"]),
        helper.make_node("Mul", ["looked_up", "seen_column"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "look-up",
        inputs,
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*shape, len(LABELS)])],
        [numpy_helper.from_array(values, name) for name, values in stored.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _vocabulary() -> dict[str, tuple[float, float, float, float]]:
    """Each word and its logits, in the order of token ids."""
    words = dict.fromkeys(SPECIAL, (0.0,) * len(LABELS))
    for word, label in TELLING.items():
        words[word] = _only(label, WEIGHT)
    for label, thresholds in THRESHOLDS.items():
        for threshold in thresholds.values():
            for millionths in (round(threshold * 1e6) + step for step in (-1, 0, 1)):
                odds = millionths / (1e6 - millionths)
                words[f"{label}{millionths}"] = _only(label, np.log(odds) - INTERCEPT)
    return words


def _only(label: Label, logit: float) -> tuple[float, ...]:
    return tuple(float(logit) if one is label else 0.0 for one in LABELS)


def _tokenizer(words: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    # A bundle's tokenizer may come with both of these on; reading must switch them off.
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    return tokenizer


@pytest.fixture(scope="session")
def make_graph() -> Graph:
    """Makes a serialised encoder from a table of logits, shape (vocabulary, 4), or two (``_graph``)."""
    return _graph


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny bundle, version 7; not to be changed (copy it first)."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    folder.mkdir()
    words = _vocabulary()
    (folder / "encoder.onnx").write_bytes(_graph(np.array(list(words.values()))))
    _tokenizer(list(words)).save(str(folder / "tokenizer.json"))
    manifest = {
        "format": 1,
        "name": "tiny",
        "version": 7,
        "labels": [str(label) for label in LABELS],
        "thresholds": {str(label): thresholds for label, thresholds in THRESHOLDS.items()},
        "calibration": {str(label): {"slope": 1.0, "intercept": INTERCEPT} for label in LABELS},
        "window": {"tokens": 64, "overlap": 16},
        "files": {
            name: {"sha256": sha256((folder / name).read_bytes()).hexdigest()}
            for name in ("encoder.onnx", "tokenizer.json")
        },
    }
    (folder / "bundle.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def make_gate() -> Callable[..., GateNumbers]:
    """Makes a gate for a vocabulary of ``size`` pieces: only those in ``telling`` let a story pass."""

    def make(size: int, *, telling: Sequence[int] = ()) -> GateNumbers:
        embeddings = np.zeros((size, 1), dtype=np.int8)
        embeddings[list(telling)] = 1
        return GateNumbers(
            embeddings=embeddings,
            filters=np.ones((1, 1, 1), dtype=np.int8),
            biases=np.zeros(1, dtype=np.int32),
            weights=np.ones(1, dtype=np.int16),
            bias=np.array(0, dtype=np.int64),
            unit=np.array(1.0),
            threshold=np.array(1.0),
        )

    return make


@pytest.fixture(scope="session")
def classifier(tiny_bundle: Path) -> ComplaintClassifier:
    """The tiny bundle with Care Opinion's policy."""
    return ComplaintClassifier.load(tiny_bundle)


@pytest.fixture(scope="session")
def bundle(classifier: ComplaintClassifier) -> Bundle:
    """The tiny bundle, loaded."""
    return classifier.bundle


@pytest.fixture(scope="session")
def released() -> ComplaintClassifier:
    """The released model under Care Opinion's policy."""
    return ComplaintClassifier.load()


@pytest.fixture(scope="session")
def tiny_variant(tiny_bundle: Path) -> Callable[..., Path]:
    """Copies the tiny bundle into a folder as another version; ``clear`` sets thresholds of labels anew.

    ``figures`` are what the manifest states; by default a perfect int8 agreement.
    """

    def make(folder: Path, *, version: int, clear: dict[str, float] | None = None, figures=None) -> Path:
        shutil.copytree(tiny_bundle, folder)
        manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        manifest |= {"version": version, "figures": {"int8_agreement": 1.0} if figures is None else figures}
        for label, threshold in (clear or {}).items():
            manifest["thresholds"][label]["clear"] = threshold
        (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder

    return make
