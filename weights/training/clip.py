"""The embedded CLIP: a convolutional image tower and a text transformer, and the tokenizer they share.

The text tower is that of CLIP (Radford et al. 2021): causal attention, quick-GELU, the feature at the end token. The
image tower is a stack of 3x3 convolutions with batch norms, which are folded into them at export, SiLU, and mean and
maximum over the picture.
"""

import math
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as functional
from tokenizers import Tokenizer
from torch import Tensor

SIDE = 64
CONTEXT = 32
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
# Channels, stride, whether the input is added.
STAGES = (
    (32, 2, False), (32, 1, True),
    (64, 2, False), (64, 1, True),
    (112, 2, False), (112, 1, True), (112, 1, True),
    (192, 2, False), (192, 1, True), (192, 1, True),
)


class Convolution(nn.Module):
    """y = SiLU(norm(convolution(x))), plus x where `residual`."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, residual: bool):
        super().__init__()
        self.convolution = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y = functional.silu(self.norm(self.convolution(x)))
        return x + y if self.residual else y


class Block(nn.Module):
    """A transformer block with causal attention."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.queries_keys_values(self.layer_norm1(x)).view(batch, length, 3, self.heads, width // self.heads)
        attended = functional.scaled_dot_product_attention(*parts.permute(2, 0, 3, 1, 4).unbind(0), is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        hidden = self.fc1(self.layer_norm2(x))
        return x + self.fc2(hidden * torch.sigmoid(1.702 * hidden))


class Clip(nn.Module):
    """Features of pictures and of words that point the same way where they fit."""

    def __init__(self, vocabulary: int, width: int = 128, layers: int = 3, heads: int = 2, features: int = 256):
        super().__init__()
        self.vocabulary, self.features = vocabulary, features
        channels, stack = 3, []
        for index, (out, stride, residual) in enumerate(STAGES):
            stack.append(Convolution(channels, out, 5 if index == 0 else 3, stride, residual))
            channels = out
        self.image = nn.Sequential(*stack)
        self.fc1, self.fc2 = nn.Linear(2 * channels, 384), nn.Linear(384, features)
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Parameter(torch.randn(CONTEXT, width) * 0.01)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.final_layer_norm = nn.LayerNorm(width)
        self.text_projection = nn.Linear(width, features, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.text_projection.weight, std=width**-0.5)
        for block in self.blocks:
            nn.init.normal_(block.queries_keys_values.weight, std=width**-0.5)
            nn.init.normal_(block.out.weight, std=(2 * layers * width) ** -0.5)
            nn.init.normal_(block.fc1.weight, std=(2 * width) ** -0.5)
            nn.init.normal_(block.fc2.weight, std=(2 * layers * width) ** -0.5)

    def hidden(self, pictures: Tensor) -> Tensor:
        """[N, 384] from pictures [N, 3, SIDE, SIDE] in 0..1: what the feature, and learning aids, are read from."""
        maps = self.image(((pictures - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last))
        return functional.silu(self.fc1(torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)))

    def image_features(self, pictures: Tensor) -> Tensor:
        """[N, features] of unit length."""
        return functional.normalize(self.fc2(self.hidden(pictures)).float(), dim=-1)

    def states(self, tokens: Tensor) -> Tensor:
        """[N, length, width]: the last block's states of tokens [N, length], normalised."""
        states = self.token_embedding(tokens) + self.position_embedding[: tokens.shape[1]]
        for block in self.blocks:
            states = block(states)
        return self.final_layer_norm(states)

    def text_features(self, tokens: Tensor, ends: Tensor) -> Tensor:
        """[N, features] of unit length; `ends` [N]: the places of the end tokens."""
        states = self.states(tokens)
        return functional.normalize(self.text_projection(states[torch.arange(len(tokens)), ends]).float(), dim=-1)


class Words:
    """Turns captions into tokens."""

    def __init__(self, path: Path):
        self.tokenizer = Tokenizer.from_file(str(path))
        self.end = self.tokenizer.token_to_id("<|endoftext|>")

    @property
    def vocabulary(self) -> int:
        return self.end + 1

    def __call__(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens [N, length], filled up with end tokens, and the places of the ends [N]."""
        found = [encoding.ids for encoding in self.tokenizer.encode_batch(captions)]
        cut = [ids if len(ids) <= CONTEXT else [*ids[: CONTEXT - 1], self.end] for ids in found]
        length = max(map(len, cut))
        tokens = torch.tensor([ids + [self.end] * (length - len(ids)) for ids in cut])
        return tokens, torch.tensor([len(ids) - 1 for ids in cut])
