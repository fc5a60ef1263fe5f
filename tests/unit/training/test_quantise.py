import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from classifier.encoder import Encoder
from classifier.windows import Window
from training.quantise import block_int8, quantise_weights


@pytest.fixture
def matrix():
    return np.random.default_rng(1).normal(size=(128, 32)).astype(np.float32)


@pytest.mark.parametrize(
    ("axis", "values_shape", "scales_shape"),
    [(0, (2, 64, 32), (2, 1, 32)), (1, (128, 1, 32), (128, 1, 1))],
)
def test_values_are_off_by_at_most_half_the_scale_of_their_block(matrix, axis, values_shape, scales_shape):
    values, scales = block_int8(matrix, axis=axis)
    assert (values.dtype, scales.dtype) == (np.int8, np.float32)
    assert (values.shape, scales.shape) == (values_shape, scales_shape)
    error = np.abs((values * scales).reshape(matrix.shape) - matrix).reshape(values_shape)
    assert (error <= scales * 0.5001).all()


def test_the_largest_value_of_a_block_takes_the_whole_range(matrix):
    values, _ = block_int8(matrix, axis=0)
    assert (np.abs(values).max(axis=1) == 127).all()


def test_an_axis_that_blocks_do_not_divide_is_one_block():
    values, scales = block_int8(np.ones((100, 3), dtype=np.float32), axis=0)
    assert (values.shape, scales.shape) == ((1, 100, 3), (1, 1, 3))


def test_a_block_of_zeros_stays_zeros():
    values, scales = block_int8(np.zeros((3, 2), dtype=np.float32), axis=1)
    assert not values.any()
    assert scales.tolist() == [[[1.0]]] * 3


@pytest.fixture
def graphs(tmp_path, matrix):
    """A table of 128 rows, a product with 32x40, four of whose columns are the logits; full and small."""
    product = np.random.default_rng(2).normal(size=(32, 40)).astype(np.float32)
    four = np.eye(40, 4, dtype=np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("MatMul", ["rows", "product"], ["wide"]),
        helper.make_node("MatMul", ["wide", "four"], ["logits"]),
        helper.make_node("Identity", ["attention_mask"], ["mask"]),
    ]
    whole = {"table": matrix, "product": product, "four": four}
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["w", "t"])
        for name in ("input_ids", "attention_mask")
    ]
    out = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["w", "t", 4])]
    stored = [numpy_helper.from_array(values, name) for name, values in whole.items()]
    graph = helper.make_graph(nodes, "small", ids, out, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    onnx.save(model, str(full))
    quantise_weights(full, small)
    return full, small


def test_large_matrices_are_stored_as_int8_and_small_ones_as_they_are(graphs):
    kinds = {part.name: part.data_type for part in onnx.load(str(graphs[1])).graph.initializer}
    int8, float32 = TensorProto.INT8, TensorProto.FLOAT
    assert kinds == {
        "four": float32,
        "table_int8": int8,
        "table_scale": float32,
        "table_shape": TensorProto.INT64,
        "product_int8": int8,
        "product_scale": float32,
        "product_shape": TensorProto.INT64,
    }


def test_the_small_graph_gives_nearly_the_logits_of_the_full_one(graphs):
    window = Window(token_ids=np.arange(40, dtype=np.int64), pieces=())
    full, small = (Encoder(file.read_bytes()).token_logits(window) for file in graphs)
    assert full.shape == small.shape == (40, 4)
    assert np.abs(full - small).max() < 0.02 * np.abs(full).max()
    assert not np.array_equal(full, small)
