"""Training for drafts: linear layers that round as the exported graph does there (``quantise``).

The rounding happens in the forward pass of training only; gradients pass it as if it were not there
(Jacob et al. 2018, arXiv:1712.05877). What is exported and measured in float32 is the plain layer.
"""

import torch
from torch import Tensor
from torch.nn import Linear, Module
from torch.nn.functional import linear

WEIGHT_STEPS = 63
"""Weights are whole numbers in -63..63. With 127, two products of a weight and an activation can pass what
processors without VNNI add up in 16 bits, and they would silently cut it."""

VALUE_STEPS = 255
"""Activations are whole numbers in 0..255, one scale a window."""


class Int8Linear(Linear):
    """As ``torch.nn.Linear`` (any shape in, the same out), its operands rounded while training."""

    def forward(self, input: Tensor) -> Tensor:
        """The layer's output, float32 or bfloat16."""
        if not self.training:
            return super().forward(input)
        return linear(_round_values(input), _round_weight(self.weight), self.bias)


def use_int8_linear(model: Module) -> None:
    """Makes every linear layer of a model's encoder an ``Int8Linear``; the head stays as it is."""
    for layer in model.base_model.encoder.modules():
        if type(layer) is Linear:
            layer.__class__ = Int8Linear


def _round_values(values: Tensor) -> Tensor:
    low, high = torch.aminmax(values.detach().float())
    low, high = low.clamp(max=0), high.clamp(min=0)
    scale = ((high - low) / VALUE_STEPS).clamp(min=1e-8)
    zero = torch.round(-low / scale).to(torch.int32)
    return torch.fake_quantize_per_tensor_affine(values.float(), scale, zero, 0, VALUE_STEPS)


def _round_weight(weight: Tensor) -> Tensor:
    scales = (weight.detach().abs().amax(dim=1) / WEIGHT_STEPS).clamp(min=1e-8)
    zeros = torch.zeros(len(scales), dtype=torch.int32, device=weight.device)
    return torch.fake_quantize_per_channel_affine(weight, scales, zeros, 0, -WEIGHT_STEPS, WEIGHT_STEPS)
