import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from classifier.encoder import DRAFT, Encoder
from classifier.windows import Window
from training.int8 import WEIGHT_STEPS
from training.quantise import BLOCK, block_int8, quantise, ways


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


def graph_of(columns=64, *, rows=32, product=None):
    """A table of 128 rows, a product with rows x columns, four of whose columns are the logits."""
    random = np.random.default_rng(2)
    parts = {
        "table": random.normal(size=(128, rows)).astype(np.float32),
        "product": random.normal(size=(rows, columns)).astype(np.float32) if product is None else product,
        "four": np.eye(columns, 4, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("MatMul", ["rows", "product"], ["wide"]),
        helper.make_node("MatMul", ["wide", "four"], ["logits"]),
        helper.make_node("Identity", ["attention_mask"], ["mask"]),
    ]
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["w", "t"])
        for name in ("input_ids", "attention_mask")
    ]
    out = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["w", "t", 4])]
    stored = [numpy_helper.from_array(values, name) for name, values in parts.items()]
    graph = helper.make_graph(nodes, "small", ids, out, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture
def store(tmp_path):
    """Stores a graph whole and quantised; gives both files."""

    def store(model):
        full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
        onnx.save(model, str(full))
        quantise(full, small)
        return full, small

    return store


@pytest.fixture
def graphs(store):
    return store(graph_of())


def parts_of(file):
    return {part.name: numpy_helper.to_array(part) for part in onnx.load(str(file)).graph.initializer}


def branches_of(file):
    """The nodes of each way of reading, draft first."""
    return ways(onnx.load(str(file)).graph)


def kinds(nodes):
    return [node.op_type for node in nodes]


def test_large_matrices_are_stored_as_whole_numbers_and_small_ones_as_they_are(graphs):
    assert {name: str(part.dtype) for name, part in parts_of(graphs[1]).items()} == {
        "four": "float32",
        "table_int8": "int8",
        "table_scale": "float32",
        "table_shape": "int64",
        "product_int8": "int8",
        "product_scale": "float32",
        "product_blocks": "uint8",
        "product_block_scales": "float32",
    }


def test_what_comes_before_the_first_product_is_shared_by_both_ways_of_reading(graphs):
    nodes = onnx.load(str(graphs[1])).graph.node
    assert kinds(nodes).count("Gather") == 2  # values and scales of the rows
    assert [kinds(half).count("Gather") for half in branches_of(graphs[1])] == [0, 0]


def test_a_draft_multiplies_whole_numbers_and_the_head_stays(graphs):
    draft, good = branches_of(graphs[1])
    assert kinds(draft).count("MatMulInteger") == 1
    assert kinds(good).count("MatMulNBits") == 1
    for half in (draft, good):
        assert [node.input[1] for node in half if node.op_type == "MatMul"] == ["four"]


def test_a_draft_has_a_scale_for_a_column_and_leaves_room_for_processors_that_add_up_in_16_bits(graphs):
    assert (np.abs(parts_of(graphs[1])["product_int8"]).max(axis=0) == WEIGHT_STEPS).all()


def test_values_that_two_products_share_are_rounded_once(store):
    model = graph_of()
    second = next(node for node in model.graph.node if node.input[1:] == ["product"])
    model.graph.initializer.append(numpy_helper.from_array(np.ones((32, 64), dtype=np.float32), "other"))
    twice = helper.make_node("MatMul", [second.input[0], "other"], ["again"])
    model.graph.node.insert(list(model.graph.node).index(second), twice)
    draft, _ = branches_of(store(model)[1])
    assert (kinds(draft).count("DynamicQuantizeLinear"), kinds(draft).count("MatMulInteger")) == (1, 2)


@pytest.mark.parametrize("rows", [BLOCK // 2, BLOCK, BLOCK + 32, 3 * BLOCK])
@pytest.mark.parametrize(("draft", "nearness"), [(True, 0.05), (False, 0.02)])
def test_both_ways_of_reading_give_nearly_the_logits_of_the_full_graph(store, rows, draft, nearness):
    window = Window(token_ids=np.arange(40, dtype=np.int64), pieces=())
    full, small = (Encoder(file.read_bytes()) for file in store(graph_of(rows=rows)))
    expected, found = full.token_logits(window), small.token_logits(window, draft=draft)
    assert expected.shape == found.shape == (40, 4)
    assert np.abs(expected - found).max() < nearness * np.abs(expected).max()
    assert not np.array_equal(expected, found)


@pytest.mark.parametrize("draft", [True, False])
def test_a_column_of_zeros_gives_nothing(store, draft):
    matrix = np.random.default_rng(3).normal(size=(32, 64)).astype(np.float32)
    matrix[:, 1] = 0
    window = Window(token_ids=np.arange(40, dtype=np.int64), pieces=())
    _, small = store(graph_of(product=matrix))
    logits = Encoder(small.read_bytes()).token_logits(window, draft=draft)
    assert np.isfinite(logits).all()
    assert np.abs(logits[:, 1]).max() < 1e-5 * np.abs(logits).max()


def test_a_draft_is_asked_for_by_an_input_without_dimensions(graphs):
    (asked,) = [taken for taken in onnx.load(str(graphs[1])).graph.input if taken.name == DRAFT]
    assert asked.type.tensor_type.elem_type == TensorProto.BOOL
    assert not asked.type.tensor_type.shape.dim
