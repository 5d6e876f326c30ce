"""The program's loop in small, for pictures to learn from: latents moved by Adam until the CLIP finds the captions."""

from random import Random

import torch
from torch import Tensor

from augment import seen
from checkpoint import autocast
from clip import Clip
from vqgan import Vqgan


def distance(pictures: Tensor, texts: Tensor) -> Tensor:
    """Half the squared angle between unit vectors, as VQGAN+CLIP measures it (Crowson's spherical distance)."""
    return (pictures - texts).norm(dim=-1).clamp(max=1.9999).div(2).arcsin().square().mul(2)


def guided(clip: Clip, vqgan: Vqgan, texts: Tensor, latents: Tensor, steps: int, random: Random, rate: float = 0.1,
           cutouts: int = 2) -> tuple[list[Tensor], Tensor]:
    """Pictures halfway and at the end, and the last latents; `texts` [N, features], `latents` [N, 32, h, w]. The networks
    are to be frozen."""
    codebook = vqgan.codebook
    lowest, highest = (bound.view(1, -1, 1, 1) for bound in (codebook.amin(0), codebook.amax(0)))
    latents = latents.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([latents], lr=rate)
    kept = []
    for step in range(steps):
        with autocast():
            drawn = vqgan.decode(vqgan.quantised(latents)).float()
        # Clamped, with the gradient of what is not.
        drawn = drawn + (drawn.clamp(0, 1) - drawn).detach()
        views = seen(drawn.repeat(cutouts, 1, 1, 1), random, noise=0.15, erase=0.2, scale=(0.7, 1.05), jitter=0.1)
        with autocast():
            features = clip.image_features(views)
        optimizer.zero_grad()
        distance(features, texts.repeat(cutouts, 1)).sum().backward()
        optimizer.step()
        with torch.no_grad():
            latents.data.clamp_(lowest, highest)
        if step + 1 in (steps // 2, steps):
            kept.append(drawn.detach().clamp(0, 1))
    return kept, latents.detach()
