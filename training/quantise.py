"""Stores an ONNX encoder in int8, to be read in two ways: as a draft, or for good.

The stored graph takes one input more, ``draft`` (bool, no dimensions), and does either half of an ``If``:

- For good, a product's weights are int8 with a float32 scale for every 64 values that are summed together,
  and so is what they are multiplied with, word piece by word piece (``MatMulNBits``, an operator of ONNX
  Runtime). That flips about as few decisions as int8 weights alone (``int8_agreement`` in the figures).
- As a draft, a column of weights has one scale and so have all activations of a window (``MatMulInteger``).
  That takes half the time again and flips one or two decisions in a hundred, so a draft only ever says that
  there is clearly nothing to find (``training.draft``). ``training.int8`` brings it nearer.

Embedding tables, which both share, are int8 with a scale for every 64 values of a row, in standard nodes;
only the rows that are looked up become float32. Attention, norms and the head stay float32.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from classifier.encoder import DRAFT
from training.int8 import WEIGHT_STEPS

BLOCK = 64
"""Values that share a scale; one scale for a whole row or column flipped several times as many decisions."""

_LARGE = 1024
"""Values from which a matrix is worth storing small; biases and norms stay as they are."""

_WIDE = 16
"""Columns from which a product is one of the layers; the head's has one a label."""

_STEPS = 127
_OPERATORS = "com.microsoft"
"""Where ONNX Runtime's own operators stand."""


def quantise(full: Path, small: Path) -> None:
    """Writes the float32 graph ``full`` to ``small``, stored in int8 and with the input ``draft``."""
    model = onnx.load(str(full))
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer if _is_large(weight)}
    for node in [node for node in graph.node if node.op_type == "Gather" and node.input[0] in weights]:
        _store_table(graph, weights[node.input[0]], node)
    products = [node for node in graph.node if _is_product(node, weights)]
    layers = _from(products, graph.node)
    draft, good = _IntegerProducts(), _BlockProducts()
    choice = helper.make_node(
        "If",
        [DRAFT],
        [graph.output[0].name],
        then_branch=_branch(graph, layers, "draft", weights, draft),
        else_branch=_branch(graph, layers, "good", weights, good),
    )
    for node in layers:
        graph.node.remove(node)
    graph.node.append(choice)
    for name in {node.input[1] for node in products}:
        graph.initializer.remove(weights[name])
    graph.initializer.extend([*draft.stored, *good.stored])
    graph.input.append(helper.make_tensor_value_info(DRAFT, TensorProto.BOOL, []))
    model.opset_import.append(helper.make_opsetid(_OPERATORS, 1))
    onnx.checker.check_model(model)
    onnx.save(model, str(small))


def ways(graph: GraphProto) -> tuple[Sequence[NodeProto], Sequence[NodeProto]]:
    """The nodes of a quantised graph that read a draft, and those that read for good."""
    (choice,) = [node for node in graph.node if node.op_type == "If"]
    halves = {half.name: half.g.node for half in choice.attribute}
    return halves["then_branch"], halves["else_branch"]


def _is_large(weight: TensorProto) -> bool:
    return weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and np.prod(weight.dims) >= _LARGE


def _is_product(node: NodeProto, weights: dict[str, TensorProto]) -> bool:
    """Whether a node is a product of an encoder's layers; the head's stays float32."""
    return node.op_type == "MatMul" and node.input[1] in weights and weights[node.input[1]].dims[1] >= _WIDE


def _from(first: Iterable[NodeProto], nodes: Iterable[NodeProto]) -> list[NodeProto]:
    """Of ``nodes``, each after what it takes: ``first`` ones, and those that take anything made of theirs."""
    made = {name for node in first for name in node.output}
    found = []
    for node in nodes:
        if made.intersection([*node.input, *node.output]):
            made.update(node.output)
            found.append(node)
    return found


def _branch(
    graph: GraphProto,
    nodes: list[NodeProto],
    name: str,
    weights: dict[str, TensorProto],
    products: Callable[[NodeProto, NDArray[np.float32]], Iterator[NodeProto]],
) -> GraphProto:
    """``nodes`` as half of an ``If``, their products replaced; what they make is named after the branch."""
    written: list[NodeProto] = []
    for node in nodes:
        if _is_product(node, weights):
            written += products(node, numpy_helper.to_array(weights[node.input[1]]))
        else:
            written.append(NodeProto())
            written[-1].CopyFrom(node)
    renamed = {made: f"{name}/{made}" for node in written for made in node.output}
    for node in written:
        node.input[:] = [renamed.get(taken, taken) for taken in node.input]
        node.output[:] = [renamed[made] for made in node.output]
    found = onnx.ValueInfoProto()
    found.CopyFrom(graph.output[0])
    found.name = renamed[found.name]
    return helper.make_graph(written, name, [], [found])


class _IntegerProducts:
    """Replaces float32 products by ones of whole numbers, in nodes that ONNX Runtime makes one of."""

    def __init__(self) -> None:
        self._rounded: set[str] = set()
        self.stored: list[TensorProto] = []

    def __call__(self, node: NodeProto, matrix: NDArray[np.float32]) -> Iterator[NodeProto]:
        """What stands for the product ``node`` with ``matrix``."""
        (values, name), (found,) = node.input, node.output
        if values not in self._rounded:  # query, key and value share theirs
            self._rounded.add(values)
            outputs = [f"{values}_uint8", f"{values}_scale", f"{values}_zero"]
            yield helper.make_node("DynamicQuantizeLinear", [values], outputs)
        scales = _scales(matrix, axis=0, steps=WEIGHT_STEPS)
        self.stored += [
            numpy_helper.from_array(np.round(matrix / scales).astype(np.int8), f"{name}_int8"),
            numpy_helper.from_array(scales, f"{name}_scale"),
        ]
        yield helper.make_node(
            "MatMulInteger", [f"{values}_uint8", f"{name}_int8", f"{values}_zero"], [f"{found}_int32"]
        )
        yield helper.make_node("Cast", [f"{found}_int32"], [f"{found}_whole"], to=TensorProto.FLOAT)
        yield helper.make_node("Mul", [f"{values}_scale", f"{name}_scale"], [f"{found}_scale"])
        yield helper.make_node("Mul", [f"{found}_whole", f"{found}_scale"], [found])


class _BlockProducts:
    """Replaces float32 products by ones of int8 blocks."""

    def __init__(self) -> None:
        self.stored: list[TensorProto] = []

    def __call__(self, node: NodeProto, matrix: NDArray[np.float32]) -> Iterator[NodeProto]:
        """What stands for the product ``node`` with ``matrix``."""
        (values, name), (rows, columns) = node.input, matrix.shape
        # The operator takes a column of the matrix after the other, in whole blocks, as 0..255 around 128.
        whole, scales = block_int8(np.pad(matrix.T, ((0, 0), (0, -rows % BLOCK))), axis=1)
        self.stored += [
            numpy_helper.from_array((whole.astype(np.int16) + 128).astype(np.uint8), f"{name}_blocks"),
            numpy_helper.from_array(scales[..., 0], f"{name}_block_scales"),
        ]
        yield helper.make_node(
            "MatMulNBits",
            [values, f"{name}_blocks", f"{name}_block_scales"],
            node.output,
            domain=_OPERATORS,
            K=rows,
            N=columns,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,  # activations in int8
        )


def _store_table(graph: GraphProto, weight: TensorProto, lookup: NodeProto) -> None:
    """Replaces a table and its lookup: (windows, tokens) to (windows, tokens, columns)."""
    name, (found,) = weight.name, lookup.output
    values, scales = block_int8(numpy_helper.to_array(weight), axis=1)
    graph.initializer.remove(weight)
    parts = {"int8": values, "scale": scales, "shape": np.array([0, 0, -1])}
    graph.initializer.extend(numpy_helper.from_array(part, f"{name}_{key}") for key, part in parts.items())
    rows = lookup.input[1]
    nodes = [
        helper.make_node("Gather", [f"{name}_int8", rows], [f"{name}_rows"]),
        helper.make_node("Gather", [f"{name}_scale", rows], [f"{name}_row_scales"]),
        helper.make_node("Cast", [f"{name}_rows"], [f"{name}_whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_whole", f"{name}_row_scales"], [f"{name}_blocks"]),
        helper.make_node("Reshape", [f"{name}_blocks", f"{name}_shape"], [found]),
    ]
    at = list(graph.node).index(lookup)
    graph.node.remove(lookup)
    for node in reversed(nodes):
        graph.node.insert(at, node)


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
    scales = _scales(blocks, axis=axis + 1, steps=_STEPS)
    return np.round(blocks / scales).astype(np.int8), scales


def _scales(values: NDArray[np.float32], *, axis: int, steps: int) -> NDArray[np.float32]:
    """What ``values`` are divided by to lie in -steps..steps, along ``axis``; 1 where all are 0."""
    scales = np.abs(values).max(axis=axis, keepdims=True) / steps
    return np.where(scales == 0, 1.0, scales).astype(np.float32)
