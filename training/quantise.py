"""Stores an ONNX encoder's weights as int8; arithmetic stays float32.

Does: keeps each large matrix as int8 with a float32 scale for each output channel (for each row of an
embedding table), as standard DequantizeLinear nodes that ONNX Runtime folds away when it loads the graph.
Does not: quantise activations. One int8 scale for all activations of a window flips two decisions in a
hundred; weights alone flip hardly any (``int8_agreement`` in the bundle's figures says how many).
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

_LARGE = 1024
"""Values from which a matrix is worth storing small; biases and norms stay as they are."""

_STEPS = 127


def quantise_weights(full: Path, small: Path) -> None:
    """Writes the float32 graph ``full`` to ``small`` with int8 weights."""
    model = onnx.load(str(full))
    channels = _channel_axes(model.graph)
    matrices = [weight for weight in model.graph.initializer if weight.name in channels and _is_large(weight)]
    nodes = [node for weight in matrices for node in _store_small(model.graph, weight, channels[weight.name])]
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(small))


def _channel_axes(graph: GraphProto) -> dict[str, int]:
    """The axis of each weight that takes scales of its own: a table's rows, a product's columns."""
    tables = {node.input[0]: 0 for node in graph.node if node.op_type == "Gather"}
    products = {node.input[1]: 1 for node in graph.node if node.op_type == "MatMul"}
    return tables | products


def _is_large(weight: TensorProto) -> bool:
    return weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and np.prod(weight.dims) >= _LARGE


def _store_small(graph: GraphProto, weight: TensorProto, axis: int) -> list[NodeProto]:
    """Replaces ``weight`` by int8 values and scales; returns the node that gives it back under its name."""
    values, scales = channel_int8(numpy_helper.to_array(weight), axis=axis)
    name = weight.name
    graph.initializer.remove(weight)
    graph.initializer.extend(
        [
            numpy_helper.from_array(values, f"{name}_int8"),
            numpy_helper.from_array(scales, f"{name}_scale"),
        ]
    )
    return [helper.make_node("DequantizeLinear", [f"{name}_int8", f"{name}_scale"], [name], axis=axis)]


def channel_int8(matrix: NDArray[np.float32], *, axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rounded values in -127..127, shape of ``matrix``, and a scale for each index of ``axis``, shape (n,).

    ``values * scale`` differs from ``matrix`` by at most half a scale.
    """
    across = 1 - axis
    scales = np.abs(matrix).max(axis=across, keepdims=True) / _STEPS
    scales = np.where(scales == 0, 1.0, scales).astype(np.float32)
    return np.round(matrix / scales).astype(np.int8), scales.squeeze(across)
