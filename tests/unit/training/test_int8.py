import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import Linear

from classifier.encoder import DRAFT
from classifier.windows import WindowSize
from training.int8 import VALUE_STEPS, WEIGHT_STEPS, Int8Linear, use_int8_linear
from training.quantise import quantise
from training.settings import TrainingSettings
from training.train import new_model

TINY = TrainingSettings(layers=2, hidden=64, int8=True, window=WindowSize(tokens=48, overlap=16))


@pytest.fixture
def layer():
    torch.manual_seed(3)
    model = Linear(32, 8)
    model.__class__ = Int8Linear
    return model


def test_out_of_training_the_layer_is_a_plain_one(layer):
    given = torch.randn(5, 32)
    plain = torch.nn.functional.linear(given, layer.weight, layer.bias)
    assert torch.equal(layer.eval()(given), plain)
    assert not torch.equal(layer.train()(given), plain)


def test_operands_are_whole_steps_of_a_scale(layer):
    given = torch.randn(7, 32)
    value_scale = (given.max() - given.min()) / VALUE_STEPS
    zero = torch.round(-given.min() / value_scale)
    values = (torch.round(given / value_scale) + zero).clamp(0, VALUE_STEPS) - zero
    weight_scale = layer.weight.abs().amax(dim=1, keepdim=True) / WEIGHT_STEPS
    weights = torch.round(layer.weight / weight_scale)
    assert weights.abs().max() == WEIGHT_STEPS
    expected = (values @ weights.T) * value_scale * weight_scale.T + layer.bias
    assert torch.allclose(layer.train()(given), expected, atol=1e-4)


@pytest.mark.parametrize("given", [torch.zeros(2, 32), torch.full((2, 32), 3.0)], ids=["zeros", "all alike"])
def test_values_without_a_range_do_no_harm(layer, given):
    assert torch.isfinite(layer.train()(given)).all()


def test_gradients_pass_the_rounding(layer):
    given = torch.randn(5, 32, requires_grad=True)
    layer.train()(given).sum().backward()
    assert (layer.weight.grad != 0).any()
    assert (given.grad != 0).any()


def test_the_encoders_layers_round_and_the_head_does_not():
    model = new_model(TINY)
    kinds = {name: type(part) for name, part in model.named_modules() if isinstance(part, Linear)}
    assert kinds.pop("classifier") is Linear
    assert set(kinds.values()) == {Int8Linear}
    assert len(kinds) == 6 * TINY.layers


def test_float32_training_rounds_nothing():
    model = new_model(TrainingSettings(layers=1, hidden=32))
    assert not [part for part in model.modules() if isinstance(part, Int8Linear)]
    use_int8_linear(model)
    assert [part for part in model.modules() if isinstance(part, Int8Linear)]


def test_a_layer_rounds_in_training_as_the_exported_graph_does(tmp_path):
    wide = Linear(32, 64, bias=False)
    wide.__class__ = Int8Linear
    matrix = numpy_helper.from_array(wide.weight.detach().numpy().T.copy(), "matrix")
    shapes = {"values": ["rows", 32], "found": ["rows", 64]}
    given, found = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items())
    nodes = [helper.make_node("MatMul", ["values", "matrix"], ["found"])]
    graph = helper.make_graph(nodes, "product", [given], [found], [matrix])
    full, small = tmp_path / "full.onnx", tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(full))
    quantise(full, small)
    values = torch.randn(9, 32)
    (shipped,) = onnxruntime.InferenceSession(str(small)).run(
        ["found"], {"values": values.numpy(), DRAFT: np.array(True)}
    )
    assert np.abs(shipped - wide.train()(values).detach().numpy()).max() < 1e-5
    assert np.abs(shipped - wide.eval()(values).detach().numpy()).max() > 1e-3
