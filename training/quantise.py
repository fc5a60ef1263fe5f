"""Stores an ONNX encoder's weights as int8, and lets it calculate in int8 where it was trained to.

``quantise_weights`` leaves arithmetic in float32: it keeps each large matrix as int8 with a float32 scale for
every 64 values that are summed together (of an embedding table: of a row), as standard Cast, Mul and Reshape
nodes. ONNX Runtime folds those of a product into the float32 matrix when it loads the graph; of a table only
the rows that are looked up become float32, which halves the time to load.
``quantise_products`` rounds what goes into a product as well, with one scale for all activations of a window.
That flips two decisions in a hundred of an encoder that was not trained for it (``training.int8``); weights
alone flip hardly any (``int8_agreement`` in the bundle's figures says how many).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from training.int8 import WEIGHT_STEPS

BLOCK = 64
"""Values that share a scale; one scale for a whole row or column flipped several times as many decisions."""

_LARGE = 1024
"""Values from which a matrix is worth storing small; biases and norms stay as they are."""

_STEPS = 127


def quantise_weights(full: Path, small: Path) -> None:
    """Writes the float32 graph ``full`` to ``small`` with int8 weights."""
    model = onnx.load(str(full))
    graph = model.graph
    products = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    lookups = {node.input[0]: node for node in graph.node if node.op_type == "Gather"}
    for weight in [weight for weight in graph.initializer if _is_large(weight)]:
        if weight.name in lookups:
            _store_table(graph, weight, lookups[weight.name])
        elif weight.name in products:
            _store_product(graph, weight)
    onnx.checker.check_model(model)
    onnx.save(model, str(small))


def quantise_products(full: Path, small: Path) -> None:
    """Writes the float32 graph ``full`` to ``small`` with int8 tables and, in its layers, int8 products.

    The head's product has few columns and stays float32.
    """
    model = onnx.load(str(full))
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer if _is_large(weight)}
    for node in [node for node in graph.node if node.op_type == "Gather" and node.input[0] in weights]:
        _store_table(graph, weights[node.input[0]], node)
    products = [
        node
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in weights and weights[node.input[1]].dims[1] >= BLOCK
    ]
    rounded: set[str] = set()
    for node in products:
        values = node.input[0]
        if values not in rounded:  # query, key and value share theirs
            _round_values(graph, values, before=node)
            rounded.add(values)
        _store_integer_product(graph, weights[node.input[1]], node)
    onnx.checker.check_model(model)
    onnx.save(model, str(small))


def _round_values(graph: GraphProto, values: str, *, before: NodeProto) -> None:
    outputs = [f"{values}_uint8", f"{values}_scale", f"{values}_zero"]
    graph.node.insert(
        list(graph.node).index(before), helper.make_node("DynamicQuantizeLinear", [values], outputs)
    )


def _store_integer_product(graph: GraphProto, weight: TensorProto, product: NodeProto) -> None:
    """Replaces a float32 product by one of whole numbers, in nodes that ONNX Runtime makes one of."""
    (values, name), (found,) = product.input, product.output
    matrix = numpy_helper.to_array(weight)
    scales = (np.abs(matrix).max(axis=0) / WEIGHT_STEPS).astype(np.float32)
    scales = np.where(scales == 0, np.float32(1.0), scales)
    _replace(graph, weight, {"int8": np.round(matrix / scales).astype(np.int8), "scale": scales})
    nodes = [
        helper.make_node(
            "MatMulInteger", [f"{values}_uint8", f"{name}_int8", f"{values}_zero"], [f"{found}_int32"]
        ),
        helper.make_node("Cast", [f"{found}_int32"], [f"{found}_whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{values}_scale", f"{name}_scale"], [f"{found}_scale"]),
        helper.make_node("Mul", [f"{found}_whole", f"{found}_scale"], [found]),
    ]
    _put_in_place(graph, product, nodes)


def _is_large(weight: TensorProto) -> bool:
    return weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and np.prod(weight.dims) >= _LARGE


def _store_product(graph: GraphProto, weight: TensorProto) -> None:
    """Replaces a matrix by int8 values and scales, and puts nodes first that give it back under its name."""
    matrix, name = numpy_helper.to_array(weight), weight.name
    values, scales = block_int8(matrix, axis=0)
    _replace(graph, weight, {"int8": values, "scale": scales, "shape": np.array(matrix.shape)})
    nodes = [
        helper.make_node("Cast", [f"{name}_int8"], [f"{name}_whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [f"{name}_blocks"]),
        helper.make_node("Reshape", [f"{name}_blocks", f"{name}_shape"], [name]),
    ]
    for node in reversed(nodes):
        graph.node.insert(0, node)


def _store_table(graph: GraphProto, weight: TensorProto, lookup: NodeProto) -> None:
    """Replaces a table and its lookup: (windows, tokens) to (windows, tokens, columns)."""
    name, (found,) = weight.name, lookup.output
    values, scales = block_int8(numpy_helper.to_array(weight), axis=1)
    _replace(graph, weight, {"int8": values, "scale": scales, "shape": np.array([0, 0, -1])})
    rows = lookup.input[1]
    nodes = [
        helper.make_node("Gather", [f"{name}_int8", rows], [f"{name}_rows"]),
        helper.make_node("Gather", [f"{name}_scale", rows], [f"{name}_row_scales"]),
        helper.make_node("Cast", [f"{name}_rows"], [f"{name}_whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_whole", f"{name}_row_scales"], [f"{name}_blocks"]),
        helper.make_node("Reshape", [f"{name}_blocks", f"{name}_shape"], [found]),
    ]
    _put_in_place(graph, lookup, nodes)


def _put_in_place(graph: GraphProto, node: NodeProto, nodes: Sequence[NodeProto]) -> None:
    at = list(graph.node).index(node)
    graph.node.remove(node)
    for one in reversed(nodes):
        graph.node.insert(at, one)


def _replace(graph: GraphProto, weight: TensorProto, parts: dict[str, NDArray]) -> None:
    graph.initializer.remove(weight)
    graph.initializer.extend(
        numpy_helper.from_array(part, f"{weight.name}_{key}") for key, part in parts.items()
    )


def block_int8(matrix: NDArray[np.float32], *, axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rounded values in -127..127, and a scale for each block of ``axis``.

    ``axis`` is split in two, (blocks, values in a block), in both: for axis 0 of (rows, columns), values
    have shape (blocks, values, columns) and scales (blocks, 1, columns). Blocks hold ``BLOCK`` values, or
    the whole axis where that does not divide it. ``values * scales``, shaped like ``matrix``, differs from
    it by at most half a scale.
    """
    length = matrix.shape[axis]
    block = BLOCK if length % BLOCK == 0 else length
    blocks = matrix.reshape((*matrix.shape[:axis], length // block, block, *matrix.shape[axis + 1 :]))
    scales = np.abs(blocks).max(axis=axis + 1, keepdims=True) / _STEPS
    scales = np.where(scales == 0, 1.0, scales).astype(np.float32)
    return np.round(blocks / scales).astype(np.int8), scales
