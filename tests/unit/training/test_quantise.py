import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from classifier.encoder import Encoder
from classifier.windows import Window
from training.int8 import WEIGHT_STEPS
from training.quantise import block_int8, quantise_products, quantise_weights


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
    """A table of 128 rows, a product with 32x64, four of whose columns are the logits; full and small."""
    product = np.random.default_rng(2).normal(size=(32, 64)).astype(np.float32)
    four = np.eye(64, 4, dtype=np.float32)
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


@pytest.fixture
def whole_numbers(graphs, tmp_path):
    """The full graph, calculating in int8."""
    file = tmp_path / "whole_numbers.onnx"
    quantise_products(graphs[0], file)
    return file


def test_large_products_are_of_whole_numbers_and_small_ones_stay(whole_numbers):
    graph = onnx.load(str(whole_numbers)).graph
    parts = {part.name: numpy_helper.to_array(part) for part in graph.initializer}
    assert set(parts) == {
        "four",
        "table_int8",
        "table_scale",
        "table_shape",
        "product_int8",
        "product_scale",
    }
    assert (np.abs(parts["product_int8"]).max(axis=0) == WEIGHT_STEPS).all()
    assert [node.op_type for node in graph.node].count("MatMulInteger") == 1
    assert [node.input[1] for node in graph.node if node.op_type == "MatMul"] == ["four"]


def test_values_that_two_products_share_are_rounded_once(graphs, tmp_path):
    model = onnx.load(str(graphs[0]))
    second = next(node for node in model.graph.node if node.input[1:] == ["product"])
    model.graph.initializer.append(numpy_helper.from_array(np.ones((32, 64), dtype=np.float32), "other"))
    twice = helper.make_node("MatMul", [second.input[0], "other"], ["again"])
    model.graph.node.insert(list(model.graph.node).index(second), twice)
    onnx.save(model, str(graphs[0]))
    quantise_products(graphs[0], tmp_path / "shared.onnx")
    kinds = [node.op_type for node in onnx.load(str(tmp_path / "shared.onnx")).graph.node]
    assert (kinds.count("DynamicQuantizeLinear"), kinds.count("MatMulInteger")) == (1, 2)


def test_products_of_whole_numbers_give_nearly_the_logits_of_the_full_graph(graphs, whole_numbers):
    window = Window(token_ids=np.arange(40, dtype=np.int64), pieces=())
    full, small = (Encoder(file.read_bytes()).token_logits(window) for file in (graphs[0], whole_numbers))
    assert np.abs(full - small).max() < 0.05 * np.abs(full).max()
    assert not np.array_equal(full, small)


def test_a_column_of_zeros_gives_zeros(graphs, tmp_path):
    model = onnx.load(str(graphs[0]))
    product = next(part for part in model.graph.initializer if part.name == "product")
    matrix = numpy_helper.to_array(product).copy()
    matrix[:, 1] = 0
    product.CopyFrom(numpy_helper.from_array(matrix, "product"))
    onnx.save(model, str(graphs[0]))
    quantise_products(graphs[0], tmp_path / "zeros.onnx")
    window = Window(token_ids=np.arange(40, dtype=np.int64), pieces=())
    logits = Encoder((tmp_path / "zeros.onnx").read_bytes()).token_logits(window)
    assert np.isfinite(logits).all()
    assert not logits[:, 1].any()
