"""The judge: a dual encoder that says which of a hundred prompts a picture was drawn from, and is never shipped.

It shares nothing with the embedded CLIP but the task: separable convolutions with GELU and layer norms in place of plain
ones with SiLU and batch norms, a bag of words and of neighbouring words in place of a transformer and its tokens, drawings
by three more artists, backgrounds and scenes of other seeds.
"""

import json
import re
import zlib
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as functional
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

from artwork import ARTWORK, JUDGES_ARTWORK
from augment import seen
from checkpoint import Stage, autocast
from scenes import Studio

SIDE = 64
FEATURES = 192
# Buckets that words and pairs of words fall into.
BUCKETS = 8192
BATCH = 160
RATE = 2e-3


class Separable(nn.Module):
    """x + a 5x5 convolution of each channel, a norm and two 1x1 convolutions (as in ConvNeXt, Liu et al. 2022)."""

    def __init__(self, channels: int):
        super().__init__()
        self.spatial = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm = nn.GroupNorm(1, channels)
        self.wide, self.narrow = nn.Conv2d(channels, 3 * channels, 1), nn.Conv2d(3 * channels, channels, 1)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(functional.gelu(self.wide(self.norm(self.spatial(x)))))


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for out, stride, blocks in ((48, 4, 1), (96, 2, 2), (192, 2, 3)):
            layers += [nn.Conv2d(channels, out, stride + stride % 2 + 1, stride, stride // 2), nn.GroupNorm(1, out)]
            layers += [Separable(out) for _ in range(blocks)]
            channels = out
        self.image = nn.Sequential(*layers)
        self.image_head = nn.Sequential(nn.Linear(2 * channels, 384), nn.GELU(), nn.Linear(384, FEATURES))
        self.words = nn.EmbeddingBag(BUCKETS, 192, mode="sum")
        self.text_head = nn.Sequential(nn.LayerNorm(192), nn.Linear(192, 512), nn.GELU(), nn.Linear(512, FEATURES))
        self.scale = nn.Parameter(torch.tensor(2.66))
        nn.init.normal_(self.words.weight, std=0.05)

    def pictures(self, pictures: Tensor) -> Tensor:
        maps = self.image(pictures * 4 - 2)
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        return functional.normalize(self.image_head(pooled).float(), dim=-1)

    def captions(self, captions: list[str]) -> Tensor:
        numbers = [bag(caption) for caption in captions]
        starts = torch.tensor([0, *map(len, numbers)]).cumsum(0)[:-1]
        found = self.words(torch.tensor([number for one in numbers for number in one]), starts)
        return functional.normalize(self.text_head(found).float(), dim=-1)


def bag(caption: str) -> list[int]:
    """The buckets of a caption's words and pairs of neighbours, small words like "a" left out of neither."""
    words = re.findall(r"[a-z0-9-]+", caption.lower())
    parts = words + [f"{left} {right}" for left, right in zip(words, words[1:])]
    return [zlib.crc32(part.encode()) % BUCKETS for part in parts] or [0]


def train(folder: Path, path: Path, steps: int, seed: int = 77) -> Judge:
    """Trains, or goes on training, and gives the network."""
    stage = Stage(path, seed, steps)
    judge = Judge()
    optimizer = torch.optim.AdamW(judge.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05)
    stage.keep(judge=judge, optimizer=optimizer)
    if stage.done:
        return judge.eval()
    studio = Studio(folder, ARTWORK + JUDGES_ARTWORK, variants=24, seed=seed)
    while not stage.done:
        for group in optimizer.param_groups:
            group["lr"] = stage.rate(RATE)
        scenes = studio.plan_batch(stage.random, BATCH, pairs=0.4)
        views = seen(studio.draw(scenes, SIDE), stage.random, noise=0.08, erase=0.2, scale=(0.75, 1.05))
        with autocast():
            pictures = judge.pictures(views)
        fits = judge.scale.exp().clamp(max=60) * pictures @ judge.captions([scene.caption for scene in scenes]).T
        own = torch.arange(BATCH)
        loss = (functional.cross_entropy(fits, own) + functional.cross_entropy(fits.T, own)) / 2
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
        optimizer.step()
        stage.finish_step({"contrast": loss.item()})
    return judge.eval()


@torch.no_grad()
def ranks(judge: Judge, pictures: Tensor, prompts: list[str], own: list[int] | None = None) -> Tensor:
    """[N]: the place, from 1, of each picture's own prompt among all; pictures [N, 3, H, W] of any size, of the prompts in
    their order or of those numbered."""
    small = functional.interpolate(pictures, (SIDE, SIDE), mode="area")
    fits = judge.pictures(small) @ judge.captions(prompts).T
    right = torch.tensor(own if own is not None else range(len(prompts)))
    return (fits > fits.gather(1, right.unsqueeze(1))).sum(1) + 1


def read(paths: list[Path], side: int = 128) -> Tensor:
    """Pictures [N, 3, side, side] in 0..1."""
    opened = (Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BOX) for path in paths)
    return torch.stack([pil_to_tensor(picture).float() / 255 for picture in opened])


def summary(name: str, places: Tensor) -> str:
    """One line for people."""
    first, five = (places == 1).float().mean().item(), (places <= 5).float().mean().item()
    return json.dumps({"pictures": name, "first": round(first, 3), "among five": round(five, 3)})
