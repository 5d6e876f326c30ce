"""The prior: a small network that lays out codes for a caption in one go, a picture to start guidance from.

It sees the states of the CLIP's text tower and a few choices (`scenes.CHOICES` numbers: whose drawing, which variant of
background), so that one caption has several pictures. A linear layer lays out the first map of 8x8 places, as DCGAN's does
(Radford et al. 2016): it has most of the parameters and is where the shapes of things are learned. Convolutions go on, first
there and then on 16x16 places, modulated by the caption (as in FiLM, Perez et al. 2018), with attention to its words.
"""

import torch
import torch.nn as nn
import torch.nn.functional as functional
from torch import Tensor

from scenes import CHOICES

STATES = 128
WIDTH = 80
CONDITION = 320
# Channels of the first map: of the prior that is shipped, which draws for three artists, and in its first course, for one.
MAP, FIRST_MAP = 64, 22
CODE = 32
COARSE = 8
GROUPS = 8


class Modulated(nn.Module):
    """A residual block of two convolutions, scaled and shifted by the condition between them."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(GROUPS, WIDTH), nn.GroupNorm(GROUPS, WIDTH)
        self.conv1, self.conv2 = (nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(2))
        self.modulation = nn.Linear(CONDITION, 2 * WIDTH)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.norm2(self.conv1(functional.silu(self.norm1(x))))
        scale, shift = self.modulation(condition)[:, :, None, None].chunk(2, 1)
        return x + self.conv2(functional.silu(h * (1 + scale) + shift))


class Attention(nn.Module):
    """Each place looks at the caption's words. One head."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, WIDTH)
        self.queries = nn.Conv2d(WIDTH, WIDTH, 1)
        self.keys, self.values = nn.Linear(STATES, WIDTH), nn.Linear(STATES, WIDTH)
        self.out = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor, states: Tensor, absent: Tensor) -> Tensor:
        queries = self.queries(self.norm(x)).flatten(2).transpose(1, 2)
        fits = queries @ self.keys(states).transpose(1, 2) * WIDTH**-0.5
        weights = fits.masked_fill(absent.unsqueeze(1), float("-inf")).softmax(-1)
        return x + self.out((weights @ self.values(states)).transpose(1, 2).reshape(x.shape))


class Prior(nn.Module):
    """From words to a grid of vectors in the codebook's space."""

    def __init__(self, channels: int = MAP):
        super().__init__()
        self.channels = channels
        self.condition1, self.condition2 = nn.Linear(STATES + CHOICES, CONDITION), nn.Linear(CONDITION, CONDITION)
        self.map = nn.Linear(CONDITION, channels * COARSE * COARSE)
        self.conv_in = nn.Conv2d(channels, WIDTH, 1)
        self.places = nn.Parameter(torch.randn(1, WIDTH, COARSE, COARSE) * 0.5)
        self.fine_places = nn.Parameter(torch.randn(1, WIDTH, 2 * COARSE, 2 * COARSE) * 0.1)
        self.blocks = nn.ModuleList(Modulated() for _ in range(2))
        self.attentions = nn.ModuleList(Attention() for _ in range(2))
        self.norm_out, self.conv_out = nn.GroupNorm(GROUPS, WIDTH), nn.Conv2d(WIDTH, CODE, 3, padding=1)
        for block in self.blocks:
            block.conv2.weight.data.mul_(0.2)

    def forward(self, states: Tensor, ends: Tensor, choices: Tensor) -> Tensor:
        """[N, CODE, 16, 16] of states [N, length, STATES], of which those after `ends` [N] count for nothing, and choices
        [N, CHOICES]."""
        absent = torch.arange(states.shape[1]) > ends.unsqueeze(1)
        said = torch.cat([states[torch.arange(len(states)), ends], choices], 1)
        condition = functional.silu(self.condition2(functional.silu(self.condition1(said))))
        x = self.conv_in(self.map(condition).view(-1, self.channels, COARSE, COARSE)) + self.places
        x = self.blocks[0](self.attentions[0](x, states, absent), condition)
        x = functional.interpolate(x, scale_factor=2.0, mode="nearest") + self.fine_places
        x = self.blocks[1](self.attentions[1](x, states, absent), condition)
        return self.conv_out(functional.silu(self.norm_out(x)))

    @torch.no_grad()
    def take(self, narrower: dict[str, Tensor]) -> None:
        """Starts from the parameters of a prior with the same number of channels in its map or fewer. New channels contribute
        little at first."""
        known = narrower["conv_in.weight"].shape[1]
        own = self.state_dict()
        self.conv_in.weight.mul_(0.1)
        for name, value in narrower.items():
            own[name][(slice(None), slice(known)) if name == "conv_in.weight" else slice(len(value))].copy_(value)
