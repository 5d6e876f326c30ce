"""Trains the prior on codes of canonical scenes, which are drawn and encoded once.

Its vectors are compared with the codebook: the nearer a code, the likelier (a softmax of negative squared distances).
Matrices and kernels are trained by Muon (Jordan et al. 2024), which learns what is rare as fast as what is frequent: each
thing is seen in one sample of some four hundred. Its loss after 500 steps was that of AdamW after 2,000.
"""

from pathlib import Path
from random import Random

import torch
import torch.nn as nn
import torch.nn.functional as functional
from torch import Tensor

from checkpoint import Stage, autocast
from clip import Clip, Words
from prior import Prior
from scenes import Studio
from vqgan import Vqgan

BATCH = 64
# Scenes that are drawn for it.
SCENES = 48_000
RATE = 1e-2
SIDE = 128
# The loss is that of one place of so many: neighbours say much the same, and a thousand codes are compared at each.
LOOKED_AT = 4


class Lesson:
    """Captions, choices and codes of canonical scenes; drawn in pieces that are kept."""

    def __init__(self, folder: Path, studio: Studio, vqgan: Vqgan, count: int, seed: int, piece: int = 4000):
        folder.mkdir(parents=True, exist_ok=True)
        self.captions: list[str] = []
        choices, codes = [], []
        piece = min(piece, count)
        for index in range(count // piece):
            kept = folder / f"scenes-{seed}-{piece}-{index}.pt"
            if not kept.exists():
                torch.save(self._draw(studio, vqgan, piece, Random(seed * 1_000_003 + index)), kept)
                print(f"{kept.name} drawn", flush=True)
            saved = torch.load(kept)
            self.captions += saved["captions"]
            choices.append(saved["choices"])
            codes.append(saved["codes"])
        self.choices, self.codes = torch.cat(choices), torch.cat(codes)

    @staticmethod
    @torch.no_grad()
    def _draw(studio: Studio, vqgan: Vqgan, count: int, random: Random) -> dict:
        captions, choices, codes = [], [], []
        while len(captions) < count:
            scenes = [studio.plan_canonical(random) for _ in range(min(50, count - len(captions)))]
            with autocast():
                latents = vqgan.encode(studio.draw(scenes, SIDE))
            codes.append(vqgan.nearest(latents).to(torch.int16))
            captions += [scene.caption for scene in scenes]
            choices.append(torch.stack([scene.choices for scene in scenes]))
        return {"captions": captions, "choices": torch.cat(choices), "codes": torch.cat(codes)}


def train(studio: Studio, words: Words, clip: Clip, vqgan: Vqgan, folder: Path, path: Path, steps: int,
          count: int = SCENES, seed: int = 11) -> Prior:
    """Trains, or goes on training, and gives the network. The CLIP and the VQGAN stay as they are."""
    clip.eval().requires_grad_(False)
    vqgan.eval().requires_grad_(False)
    lesson = Lesson(folder, studio, vqgan, count, seed)
    stage = Stage(path, seed, steps)
    prior = Prior()
    scale = nn.ParameterList([nn.Parameter(torch.tensor(0.0))])
    matrices = [(parameter, nn.Parameter(parameter.data.flatten(1))) for parameter in prior.parameters() if is_matrix(parameter)]
    others = [parameter for parameter in prior.parameters() if not is_matrix(parameter)]
    muon = torch.optim.Muon([flat for _, flat in matrices], lr=RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW([*others, *scale], lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    stage.keep(prior=prior, scale=scale, muon=muon, adam=adam)
    codebook = vqgan.codebook.detach()
    spread = codebook.var(0).sum()
    while not stage.done:
        for group in muon.param_groups + adam.param_groups:
            group["lr"] = stage.rate(RATE, 200)
        chosen = torch.randint(len(lesson.captions), (BATCH,))
        tokens, ends = words([lesson.captions[index] for index in chosen])
        with autocast():
            with torch.no_grad():
                states = clip.states(tokens)
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
