"""Trains the prior in two courses, on codes of scenes that are drawn and encoded once.

The first course has all kinds of canonical scenes by one artist. The second, "alone", goes on from its weights with a wider
map, and has what the program asks for: things alone and scenes without things, by three artists.

The prior's vectors are compared with the codebook: the nearer a code, the likelier (a softmax of negative squared distances).
Matrices and kernels are trained by Muon (Jordan et al. 2024), which learns what is rare as fast as what is frequent: each
thing is seen in one sample of some four hundred. In the first course, its loss after 500 steps was that of AdamW after 2,000.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
import torch.nn as nn
import torch.nn.functional as functional
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from checkpoint import Stage, autocast
from clip import Clip, Words
from muon import Muon
from prior import FIRST_MAP, MAP, Prior
from scenes import Scene, Studio
from vqgan import Vqgan

BATCH = 64
SIDE = 128
# Captions whose states are computed at once.
AT_ONCE = 256
# The loss is that of one place of so many: neighbours say much the same, and a thousand codes are compared at each.
LOOKED_AT = 4


@dataclass(frozen=True)
class Course:
    """What a stage of the prior learns from, and how: the plan of a scene, how many are drawn, how many in one file, the
    learning rate and the steps in which it rises, the seeds of scenes and of training, and the channels of the map."""

    plan: Callable[[Studio, Random], Scene]
    scenes: int
    piece: int
    rate: float
    warm_up: int
    scenes_seed: int
    seed: int
    channels: int


# By stage name.
COURSES = {
    "prior": Course(Studio.plan_canonical, 48_000, 4000, 1e-2, 200, 11, 11, FIRST_MAP),
    "alone": Course(Studio.plan_alone, 24_000, 2000, 4e-3, 100, 11, 12, MAP),
}


class Lesson:
    """Captions, choices and codes of a course's scenes; drawn in pieces that are kept."""

    def __init__(self, folder: Path, studio: Studio, vqgan: Vqgan, course: Course, count: int):
        folder.mkdir(parents=True, exist_ok=True)
        self.captions: list[str] = []
        choices, codes = [], []
        piece, seed = min(course.piece, count), course.scenes_seed
        for index in range(count // piece):
            kept = folder / f"scenes-{seed}-{piece}-{index}.pt"
            if not kept.exists():
                torch.save(self._draw(studio, vqgan, course, piece, Random(seed * 1_000_003 + index)), kept)
                print(f"{kept.name} drawn", flush=True)
            saved = torch.load(kept)
            self.captions += saved["captions"]
            choices.append(saved["choices"])
            codes.append(saved["codes"])
        self.choices, self.codes = torch.cat(choices), torch.cat(codes)

    @staticmethod
    @torch.no_grad()
    def _draw(studio: Studio, vqgan: Vqgan, course: Course, count: int, random: Random) -> dict:
        captions, choices, codes = [], [], []
        while len(captions) < count:
            scenes = [course.plan(studio, random) for _ in range(min(50, count - len(captions)))]
            with autocast():
                latents = vqgan.encode(studio.draw(scenes, SIDE))
            codes.append(vqgan.nearest(latents).to(torch.int16))
            captions += [scene.caption for scene in scenes]
            choices.append(torch.stack([scene.choices for scene in scenes]))
        return {"captions": captions, "choices": torch.cat(choices), "codes": torch.cat(codes)}


class Sayings:
    """The states of captions. Each distinct caption is read once, and its states are kept without those after its end."""

    @torch.no_grad()
    def __init__(self, words: Words, clip: Clip, captions: list[str]):
        places = {caption: place for place, caption in enumerate(dict.fromkeys(captions))}
        distinct, self.states = list(places), []
        for start in range(0, len(distinct), AT_ONCE):
            tokens, ends = words(distinct[start:start + AT_ONCE])
            with autocast():
                states = clip.states(tokens)
            self.states += [own[:end + 1].clone() for own, end in zip(states, ends.tolist())]
        self.which = [places[caption] for caption in captions]

    def __call__(self, chosen: list[int]) -> tuple[Tensor, Tensor]:
        """States [N, length, STATES] of the captions with these numbers, and the places of their ends [N]."""
        states = [self.states[self.which[index]] for index in chosen]
        return pad_sequence(states, batch_first=True), torch.tensor([len(own) - 1 for own in states])


def train(studio: Studio, words: Words, clip: Clip, vqgan: Vqgan, course: Course, folder: Path, path: Path, steps: int,
          start: dict[str, Tensor] | None = None) -> Prior:
    """Trains, or continues training, and returns the network. `start`: parameters that it starts from. `folder` keeps the
    scenes, `path` the checkpoint. The CLIP and the VQGAN stay as they are."""
    clip.eval().requires_grad_(False)
    vqgan.eval().requires_grad_(False)
    lesson = Lesson(folder, studio, vqgan, course, min(course.scenes, steps * BATCH))
    stage = Stage(path, course.seed, steps)
    prior = Prior(course.channels)
    if start:
        prior.take(start)
    scale = nn.ParameterList([nn.Parameter(torch.tensor(0.0))])
    matrices = [(parameter, nn.Parameter(parameter.data.flatten(1))) for parameter in prior.parameters() if is_matrix(parameter)]
    others = [parameter for parameter in prior.parameters() if not is_matrix(parameter)]
    muon = Muon([flat for _, flat in matrices], lr=course.rate, weight_decay=0.01)
    adam = torch.optim.AdamW([*others, *scale], lr=course.rate, betas=(0.9, 0.98), weight_decay=0.01)
    stage.keep(prior=prior, scale=scale, muon=muon, adam=adam)
    if stage.done:
        return prior
    sayings = Sayings(words, clip, lesson.captions)
    codebook = vqgan.codebook.detach()
    spread = codebook.var(0).sum()
    while not stage.done:
        for group in muon.param_groups + adam.param_groups:
            group["lr"] = stage.rate(course.rate, course.warm_up)
        chosen = torch.randint(len(lesson.captions), (BATCH,))
        states, ends = sayings(chosen.tolist())
        with autocast():
            vectors = prior(states, ends, lesson.choices[chosen])
        loss, right = fits(vectors.float(), lesson.codes[chosen].long(), codebook, scale[0].exp() * 8 / spread)
        prior.zero_grad()
        scale.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        for parameter, flat in matrices:
            flat.grad = parameter.grad.flatten(1)
        muon.step()
        adam.step()
        stage.finish_step({"loss": loss.item(), "right": right.item()}, 100)
    return prior


def is_matrix(parameter: Tensor) -> bool:
    """Whether it is a layer's matrix or a convolution's kernels; not a bias, a scale or what lies at places."""
    return parameter.dim() > 1 and parameter.shape[0] > 1


def fits(vectors: Tensor, numbers: Tensor, codebook: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """The cross-entropy of codes [N, h, w] given vectors [N, CODE, h, w], and how often the nearest is the right one."""
    flat, wanted = vectors.permute(0, 2, 3, 1).reshape(-1, codebook.shape[1]), numbers.flatten()
    chosen = torch.randperm(len(flat))[: len(flat) // LOOKED_AT]
    flat, wanted = flat[chosen], wanted[chosen]
    distances = flat.square().sum(1, keepdim=True) - 2 * flat @ codebook.T + codebook.square().sum(1)
    loss = functional.cross_entropy(-scale * distances, wanted)
    return loss, (distances.argmin(1) == wanted).float().mean()
