"""First stage of the CLIP: scenes and their captions, half of them in pairs that differ in one thing said.

The contrastive loss of CLIP (Radford et al. 2021), and as an aid the names of single things, the style and the scene read
from the image tower's hidden layer.
"""

import math
from pathlib import Path
from random import Random

import torch
import torch.nn as nn
import torch.nn.functional as functional
from torch import Tensor

import vocabulary
from augment import seen
from checkpoint import Stage, autocast
from clip import SIDE, Clip, Words
from scenes import Scene, Studio

BATCH = 192
RATE = 1e-3


class Aids(nn.Module):
    """What is read from the image tower's hidden layer while it learns."""

    def __init__(self, names: int, width: int = 384):
        super().__init__()
        self.thing = nn.Linear(width, names)
        self.style = nn.Linear(width, len(vocabulary.STYLE_NAMES))
        self.scene = nn.Linear(width, len(vocabulary.SCENE_NAMES))

    def loss(self, hidden: Tensor, scenes: list[Scene], studio: Studio) -> Tensor:
        """`hidden` [N, width] of pictures of these scenes."""
        single = [index for index, scene in enumerate(scenes) if scene.thing is not None]
        named = studio.name_of[[scenes[index].thing for index in single]]
        things = functional.cross_entropy(self.thing(hidden[single]), named)
        style = torch.tensor([vocabulary.STYLE_NAMES.index(scene.style) for scene in scenes])
        styles = functional.cross_entropy(self.style(hidden), style)
        painted = [index for index, scene in enumerate(scenes) if scene.background.scene is not None]
        where = torch.tensor([scenes[index].background.scene for index in painted])
        return 0.5 * things + 0.2 * styles + 0.2 * functional.cross_entropy(self.scene(hidden[painted]), where)


def contrast(pictures: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """CLIP's loss of features [M, F] of pictures, of which the first N belong to the texts [N, F] and the others to none."""
    fits = scale.exp() * (pictures @ texts.T)
    own = torch.arange(len(texts))
    return (functional.cross_entropy(fits[: len(texts)], own) + functional.cross_entropy(fits.T, own)) / 2


@torch.no_grad()
def measures(clip: Clip, words: Words, studio: Studio) -> dict[str, float]:
    """How often, of 256 scenes' captions, a picture's own fits best; and of all names, that of a thing on a plain ground."""
    random = Random(99)
    state = torch.get_rng_state()
    torch.manual_seed(99)
    clip.eval()
    scenes = [studio.plan(random) for _ in range(256)]
    with autocast():
        pictures = clip.image_features(studio.draw(scenes, SIDE))
        texts = clip.text_features(*words([scene.caption for scene in scenes]))
    retrieved = (pictures @ texts.T).argmax(1) == torch.arange(256)
    shown = [random.randrange(len(studio.things)) for _ in range(256)]
    with autocast():
        pictures = clip.image_features(studio.draw([studio.plan(random, [thing]) for thing in shown], SIDE))
        texts = clip.text_features(*words([vocabulary.with_article(name) for name in studio.names]))
    named = (pictures @ texts.T).argmax(1) == studio.name_of[shown]
    clip.train()
    torch.set_rng_state(state)
    return {"retrieval": retrieved.float().mean().item(), "naming": named.float().mean().item()}


def train(studio: Studio, words: Words, path: Path, steps: int, seed: int = 1) -> Clip:
    """Trains, or goes on training, and gives the network."""
    stage = Stage(path, seed, steps)
    clip, aids = Clip(words.vocabulary), Aids(len(studio.names))
    parameters = [*clip.parameters(), *aids.parameters()]
    optimizer = torch.optim.AdamW(
        [
            {"params": [parameter for parameter in parameters if parameter.ndim >= 2], "weight_decay": 0.05},
            {"params": [parameter for parameter in parameters if parameter.ndim < 2], "weight_decay": 0.0},
        ],
        lr=RATE, betas=(0.9, 0.98), eps=1e-6,
    )
    stage.keep(clip=clip, aids=aids, optimizer=optimizer)
    while not stage.done:
        for group in optimizer.param_groups:
            group["lr"] = stage.rate(RATE)
        scenes = studio.plan_batch(stage.random, BATCH)
        views = seen(studio.draw(scenes, SIDE), stage.random)
        with autocast():
            hidden = clip.hidden(views)
            pictures = clip.fc2(hidden)
            texts = clip.text_features(*words([scene.caption for scene in scenes]))
            aid = aids.loss(hidden, scenes, studio)
        loss = contrast(functional.normalize(pictures.float(), dim=-1), texts, clip.logit_scale)
        optimizer.zero_grad()
        (loss + aid).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            clip.logit_scale.clamp_(max=math.log(60))
        if stage.finish_step({"contrast": loss.item(), "aids": aid.item()}) and stage.step % 500 == 0 or stage.done:
            print(measures(clip, words, studio), flush=True)
    return clip
