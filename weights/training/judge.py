"""The judges: dual encoders that say which of a hundred prompts a picture was drawn from, and are never shipped.

They share nothing with the embedded CLIP but the task: separable convolutions with GELU and layer norms in place of plain
ones with SiLU and batch norms, a bag of words and of neighbouring words in place of a transformer and its tokens, drawings
by three more artists, backgrounds and scenes of other seeds.

The first, of the stage "judge", goes by colors as much as by shapes. The judge of shapes, of the stage "shapes", sees gray
pictures of the same mean and contrast, and reads captions without articles and words for colors: to it, a red thing is not an
apple for being red, nor a bright one a ghost. It does see what is behind a thing.
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
from filters import luma
from scenes import Studio
from vocabulary import COLOUR_NAMES, synonyms

SIDE = 64
FEATURES = 192
# By the name of its stage: whether a judge goes by shapes alone, and its seed; and the seed of what is behind things.
JUDGES = {"judge": (False, 77), "shapes": (True, 78)}
BACKGROUNDS_SEED = 77
# The contrast of a gray picture: the standard deviation of its pixels; and what keeps noise in plain pictures small.
CONTRAST, FAINT = 0.22, 0.02
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
    """Features of pictures and captions. `shapes`: of their shapes alone."""

    def __init__(self, shapes: bool = False):
        super().__init__()
        self.shapes = shapes
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
        maps = self.image((gray(pictures) if self.shapes else pictures) * 4 - 2)
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        return functional.normalize(self.image_head(pooled).float(), dim=-1)

    def reads(self, caption: str) -> str:
        """The part of a caption that the judge reads."""
        return without_colours(caption) if self.shapes else caption

    def captions(self, captions: list[str]) -> Tensor:
        numbers = [bag(self.reads(caption)) for caption in captions]
        starts = torch.tensor([0, *map(len, numbers)]).cumsum(0)[:-1]
        found = self.words(torch.tensor([number for one in numbers for number in one]), starts)
        return functional.normalize(self.text_head(found).float(), dim=-1)


def bag(caption: str) -> list[int]:
    """The buckets of a caption's words and pairs of neighbours, small words like "a" left out of neither."""
    words = re.findall(r"[a-z0-9-]+", caption.lower())
    parts = words + [f"{left} {right}" for left, right in zip(words, words[1:])]
    return [zlib.crc32(part.encode()) % BUCKETS for part in parts] or [0]


def gray(pictures: Tensor) -> Tensor:
    """Pictures [N, 3, H, W] without color, about 0.5 with the same contrast."""
    light = luma(pictures)
    middle, spread = light.mean((2, 3), keepdim=True), light.std((2, 3), keepdim=True)
    return (0.5 + (light - middle) * CONTRAST / (spread + FAINT)).expand(-1, 3, -1, -1)


_COLOUR_WORDS = sorted({word for colour in COLOUR_NAMES for word in synonyms(colour)}, key=lambda word: (-len(word), word))
# An orange before one of these, or at the end, is a fruit.
_BESIDE_NOUNS = r"(?:on|in|at|under|with|against|among|and|next|beside|above|over|below|beneath|drawn|painted|underwater)"
_COLOURS = re.compile(rf"\b(?!orange(?:\s+{_BESIDE_NOUNS}\b|\s*,|\s*$))(?:{'|'.join(_COLOUR_WORDS)}|an?)\b", re.IGNORECASE)


def without_colours(caption: str) -> str:
    """The caption less its words for colors, and less articles, which change with what follows them."""
    return " ".join(_COLOURS.sub("", caption).split())


def load(work: Path, stage: str) -> Judge:
    """A trained judge from the folder of a training run."""
    path = work / f"{stage}.pt"
    if not path.exists():
        raise SystemExit(f"{path} is missing: train the judge first (train.py --work {work} --only {stage})")
    judge = Judge(JUDGES[stage][0])
    judge.load_state_dict(torch.load(path, weights_only=False)["judge"])
    return judge.eval()


def train(name: str, folder: Path, path: Path, steps: int) -> Judge:
    """Trains the judge of a stage, or continues its training, and returns the network."""
    shapes, seed = JUDGES[name]
    stage = Stage(path, seed, steps)
    judge = Judge(shapes)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05)
    stage.keep(judge=judge, optimizer=optimizer)
    if stage.done:
        return judge.eval()
    studio = Studio(folder, ARTWORK + JUDGES_ARTWORK, variants=24, seed=BACKGROUNDS_SEED)
    while not stage.done:
        for group in optimizer.param_groups:
            group["lr"] = stage.rate(RATE)
        scenes = studio.plan_batch(stage.random, BATCH, pairs=0.4)
        views = seen(studio.draw(scenes, SIDE), stage.random, noise=0.08, erase=0.2, scale=(0.75, 1.05))
        with autocast():
            pictures = judge.pictures(views)
        captions = [judge.reads(scene.caption) for scene in scenes]
        fits = judge.scale.exp().clamp(max=60) * pictures @ judge.captions(captions).T
        own = shared(captions)
        loss = (functional.cross_entropy(fits, own) + functional.cross_entropy(fits.T, own)) / 2
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
        optimizer.step()
        stage.finish_step({"contrast": loss.item()})
    return judge.eval()


def shared(captions: list[str]) -> Tensor:
    """[N, N]: how much of each picture belongs to each caption: all to its own, or equal parts to those that say the same."""
    same = torch.tensor([[one == other for other in captions] for one in captions]).float()
    return same / same.sum(1, keepdim=True)


@torch.no_grad()
def ranks(judge: Judge, pictures: Tensor, prompts: list[str], own: list[int] | None = None) -> Tensor:
    """[N]: the place, from 1, of each picture's own prompt among all; pictures [N, 3, H, W] of any size, of the prompts in
    their order or of those numbered. Prompts that say the same to the judge share a place."""
    small = functional.interpolate(pictures, (SIDE, SIDE), mode="area")
    fits = judge.pictures(small) @ judge.captions(prompts).T
    right = torch.tensor(own if own is not None else range(len(prompts)))
    # Sums of the same numbers may differ in their last bits.
    return (fits > fits.gather(1, right.unsqueeze(1)) + 1e-6).sum(1) + 1


def read(paths: list[Path], side: int = 128) -> Tensor:
    """Pictures [N, 3, side, side] in 0..1."""
    opened = (Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BOX) for path in paths)
    return torch.stack([pil_to_tensor(picture).float() / 255 for picture in opened])


def summary(name: str, places: Tensor, judge: str = "judge") -> str:
    """One line for people: which pictures, which judge, and how often it finds their own prompts."""
    first, five = (places == 1).float().mean().item(), (places <= 5).float().mean().item()
    return json.dumps({"pictures": name, "judge": judge, "first": round(first, 3), "among five": round(five, 3)})
