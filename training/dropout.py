"""Dropout whose masks come from raw random bytes: the stock one draws a float a value, a tenth of a step.

A share is rounded to 256ths, and what stays is scaled by what was really dropped, so that the mean holds.
"""

import torch
from torch import Tensor
from torch.nn import Dropout, Module

_EIGHT_BYTES = 2**63


class ByteDropout(Dropout):
    """As ``torch.nn.Dropout`` (any shape in, the same out), from eight masks a draw."""

    def forward(self, input: Tensor) -> Tensor:
        """``input`` with about a share ``p`` of its values zeroed, the rest scaled up; in training only."""
        dropped = round(self.p * 256)
        if not self.training or not dropped:
            return input
        words = torch.empty(-(-input.numel() // 8), dtype=torch.int64, device=input.device)
        bytes_ = words.random_(-_EIGHT_BYTES, _EIGHT_BYTES - 1).view(torch.uint8)[: input.numel()]
        kept = (bytes_ >= dropped).view(input.shape).to(input.dtype)
        return input * (kept * (256 / (256 - dropped)))


def use_byte_dropout(model: Module) -> None:
    """Puts a ``ByteDropout`` in the place of every stock dropout of ``model``."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if type(child) is Dropout:
                setattr(parent, name, ByteDropout(child.p))
