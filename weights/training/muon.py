"""Muon: momentum whose matrices are made nearly orthogonal (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/)."""

from collections.abc import Iterable

import torch
from torch import Tensor

from checkpoint import has_bfloat16

# The quintic that five steps of Newton-Schulz apply to the singular values: Jordan's coefficients, which bring small ones
# near 1 soonest.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5


class Muon(torch.optim.Optimizer):
    """For matrices only. A step is that of `torch.optim.Muon` with `adjust_lr_fn="match_rms_adamw"` (Liu et al. 2025), whose
    checkpoints it takes up; but that one always computes in bfloat16, this one only on machines that have it."""

    def __init__(self, matrices: Iterable[Tensor], lr: float, weight_decay: float = 0.01, momentum: float = 0.95,
                 precision: torch.dtype | None = None):
        super().__init__(list(matrices), {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.precision = precision or (torch.bfloat16 if has_bfloat16() else torch.float32)

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for matrix in group["params"]:
                state = self.state[matrix]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(matrix)
                mean = state["momentum_buffer"].lerp_(matrix.grad, 1 - momentum)
                update = orthogonal(matrix.grad.lerp(mean, momentum).to(self.precision))
                matrix.mul_(1 - rate * group["weight_decay"])
                # As long as a step of AdamW usually is.
                matrix.add_(update, alpha=-rate * 0.2 * max(matrix.shape) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix with the singular vectors of this one, whose singular values are about 1."""
    linear, cubic, quintic = COEFFICIENTS
    upright = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if upright else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(STEPS):
        square = x @ x.T
        x = linear * x + (cubic * square + quintic * square @ square) @ x
    return x.T if upright else x
