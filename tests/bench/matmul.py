"""The processor's own limit, as a bare matrix product reaches it, and how near to it the encoder comes."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

import numpy as np
import onnx
import onnxruntime
from onnx import GraphProto, NodeProto, TensorProto, helper

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from classifier.windows import Piece, Window
from training.quantise import ways

_WIDTH, _INNER = 384, 1536
_ROWS = 1024


def lines(classifier: ComplaintClassifier) -> Iterator[str]:
    """The table, one thread throughout."""
    graph = onnx.load(str(RELEASED / "encoder.onnx")).graph
    layers = [node.op_type for node in ways(graph)[0]].count("Softmax")
    whole, blocks, plain = map(_peak, (_int8_product(), _block_product(graph), _float_product()))
    yield (
        f"One thread. A bare product of {_ROWS} rows with the encoder's largest matrix in ONNX Runtime: "
        f"float32 {plain:.0f} GFLOP/s, int8 {whole:.0f}, int8 in blocks {blocks:.0f}. The encoder has "
        f"{layers} layers; a draft takes the products with its weights in int8, reading for good takes them "
        "in int8 in blocks; attention is in float32."
    )
    yield ""
    yield "| word pieces | draft, ms | GFLOP/s | of int8 | for good, ms | GFLOP/s | of int8 in blocks |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for tokens in (32, 64, 128, 256):
        window = Window(np.full(tokens, 2000, dtype=np.int64), (Piece(0, 1, tokens),))
        shown = []
        for way, peak in ((True, whole), (False, blocks)):
            read = partial(classifier.bundle.encoder.token_logits, window, draft=way)
            seconds = _median(read)
            rate = operations(tokens, layers=layers) / seconds / 1e9
            shown.append(f"{1000 * seconds:.1f} | {rate:.0f} | {rate / peak:.0%}")
        yield f"| {tokens} | {' | '.join(shown)} |"


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


def _block_product(graph: GraphProto) -> onnxruntime.InferenceSession:
    """The largest matrix as the released encoder stores it."""
    product = next(
        node for node in ways(graph)[1] if node.op_type == "MatMulNBits" and _columns(node) == _INNER
    )
    weights = {part.name: part for part in graph.initializer}
    bare = NodeProto()
    bare.CopyFrom(product)
    bare.input[0], bare.output[0] = "a", "c"
    return _loaded(bare, TensorProto.FLOAT, TensorProto.FLOAT, [weights[name] for name in product.input[1:]])


def _columns(product: NodeProto) -> int:
    return next(attribute.i for attribute in product.attribute if attribute.name == "N")


def _session(operator: str, taken: int, given: int, matrix: np.ndarray) -> onnxruntime.InferenceSession:
    weight = helper.make_tensor(
        "b", helper.np_dtype_to_tensor_dtype(matrix.dtype), matrix.shape, matrix.tobytes(), raw=True
    )
    node = helper.make_node(operator, ["a", "b"], ["c"])
    return _loaded(node, taken, given, [weight])


def _loaded(
    node: NodeProto, taken: int, given: int, weights: Sequence[TensorProto]
) -> onnxruntime.InferenceSession:
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("a", taken, ["rows", _WIDTH])],
        [helper.make_tensor_value_info("c", given, ["rows", _INNER])],
        weights,
    )
    operators = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=operators, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
