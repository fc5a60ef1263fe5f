"""The processor's own limit, as a bare matrix product reaches it, and how near to it the encoder comes."""

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from classifier.windows import Piece, Window

_WIDTH, _INNER = 384, 1536
_ROWS = 1024


def lines(classifier: ComplaintClassifier) -> Iterator[str]:
    """The table, one thread throughout."""
    nodes = [node.op_type for node in onnx.load(str(RELEASED / "encoder.onnx")).graph.node]
    layers, kind = nodes.count("Softmax"), "int8" if "MatMulInteger" in nodes else "float32"
    peaks = {"float32": _peak(_float_product()), "int8": _peak(_int8_product())}
    yield (
        f"One thread. A bare product of {_ROWS} rows with the encoder's largest matrix in ONNX Runtime: "
        f"float32 {peaks['float32']:.0f} and int8 {peaks['int8']:.0f} GFLOP/s. The encoder has {layers} "
        f"layers; products with its weights are taken in {kind}, attention in float32."
    )
    yield ""
    yield "| word pieces a window | ms | GFLOP/s | of the float32 limit | of the int8 limit |"
    yield "| --- | --- | --- | --- | --- |"
    for tokens in (32, 64, 128, 256):
        ids = np.full(tokens, 2000, dtype=np.int64)
        window = Window(ids, (Piece(0, 1, tokens),))
        seconds = _median(lambda window=window: classifier.bundle.encoder.token_logits(window))
        rate = operations(tokens, layers=layers) / seconds / 1e9
        of = " | ".join(f"{rate / peaks[kind]:.0%}" for kind in peaks)
        yield f"| {tokens} | {1000 * seconds:.1f} | {rate:.0f} | {of} |"


def operations(tokens: int, *, layers: int) -> float:
    """Multiplications and additions of one window: the matrix products and attention of each layer."""
    products = 2 * tokens * (4 * _WIDTH * _WIDTH + 2 * _WIDTH * _INNER)
    attention = 2 * 2 * tokens * tokens * _WIDTH
    return layers * (products + attention)


def _peak(session: onnxruntime.InferenceSession) -> float:
    (entry,) = session.get_inputs()
    kind = np.uint8 if "uint8" in entry.type else np.float32
    rows = np.ones((_ROWS, _WIDTH), dtype=kind)
    return 2 * _ROWS * _WIDTH * _INNER / _median(lambda: session.run(None, {entry.name: rows})) / 1e9


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(25):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return median(times[3:])


def _float_product() -> onnxruntime.InferenceSession:
    return _session("MatMul", TensorProto.FLOAT, TensorProto.FLOAT, np.ones((_WIDTH, _INNER), np.float32))


def _int8_product() -> onnxruntime.InferenceSession:
    return _session("MatMulInteger", TensorProto.UINT8, TensorProto.INT32, np.ones((_WIDTH, _INNER), np.int8))


def _session(operator: str, taken: int, given: int, matrix: np.ndarray) -> onnxruntime.InferenceSession:
    weight = helper.make_tensor(
        "b", helper.np_dtype_to_tensor_dtype(matrix.dtype), matrix.shape, matrix.tobytes(), raw=True
    )
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", taken, ["rows", _WIDTH])],
        [helper.make_tensor_value_info("c", given, ["rows", _INNER])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
