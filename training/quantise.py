"""Stores an ONNX encoder's weights as int8; arithmetic stays float32.

Does: keeps each large matrix as int8 with a float32 scale for every 64 values that are summed together (of an
embedding table: of a row), as standard Cast, Mul and Reshape nodes, which ONNX Runtime folds into the float32
matrix when it loads the graph.
Does not: quantise activations. One int8 scale for all activations of a window flips two decisions in a
hundred; weights alone flip hardly any (``int8_agreement`` in the bundle's figures says how many).
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

BLOCK = 64
"""Values that share a scale; one scale for a whole row or column flipped several times as many decisions."""

_LARGE = 1024
"""Values from which a matrix is worth storing small; biases and norms stay as they are."""

_STEPS = 127


def quantise_weights(full: Path, small: Path) -> None:
    """Writes the float32 graph ``full`` to ``small`` with int8 weights."""
    model = onnx.load(str(full))
    axes = _block_axes(model.graph)
    matrices = [weight for weight in model.graph.initializer if weight.name in axes and _is_large(weight)]
    nodes = [node for weight in matrices for node in _store_small(model.graph, weight, axes[weight.name])]
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(small))


def _block_axes(graph: GraphProto) -> dict[str, int]:
    """The axis of each weight along which its values are blocked: a table's columns, a product's rows."""
    tables = {node.input[0]: 1 for node in graph.node if node.op_type == "Gather"}
    products = {node.input[1]: 0 for node in graph.node if node.op_type == "MatMul"}
    return tables | products


def _is_large(weight: TensorProto) -> bool:
    return weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and np.prod(weight.dims) >= _LARGE


def _store_small(graph: GraphProto, weight: TensorProto, axis: int) -> list[NodeProto]:
    """Replaces ``weight`` by int8 values and scales; returns the nodes that give it back under its name."""
    matrix, name = numpy_helper.to_array(weight), weight.name
    values, scales = block_int8(matrix, axis=axis)
    parts = {"int8": values, "scale": scales, "shape": np.array(matrix.shape, dtype=np.int64)}
    graph.initializer.remove(weight)
    graph.initializer.extend(numpy_helper.from_array(part, f"{name}_{key}") for key, part in parts.items())
    return [
        helper.make_node("Cast", [f"{name}_int8"], [f"{name}_whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [f"{name}_blocks"]),
        helper.make_node("Reshape", [f"{name}_blocks", f"{name}_shape"], [name]),
    ]


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
