"""Trains the VQGAN on scenes of 128 pixels, whole, and parts of them drawn larger.

The codebook follows the encoder by moving averages (van den Oord et al. 2017, appendix A.1), begun by k-means on latents
of a warmed-up encoder; codes that are not used come back where latents are. Some codes are exchanged while the decoder
learns, because guidance will ask it for neighbours it never saw. In place of a discriminator, differences of edges count
as well as of colours.
"""

import math
from pathlib import Path
from random import Random

import torch
import torch.nn as nn
import torch.nn.functional as functional
from torch import Tensor

from checkpoint import Stage, autocast
from scenes import Studio
from vqgan import Vqgan

BATCH = 8
RATE = 4e-4
SIDE = 128
WARM_UP = 300
# Steps after which a code that no latent chose is given a new place.
IDLE = 150
DECAY = 0.98
EXCHANGED = 0.25
# From this share of the steps on encoder and codebook stay, and the decoder alone learns.
SETTLED = 0.8


def _k_means(points: Tensor, count: int, rounds: int = 12) -> Tensor:
    centres = points[torch.randperm(len(points))[:count]].clone()
    for _ in range(rounds):
        nearest = torch.cdist(points, centres).argmin(1)
        sizes = torch.zeros(count).index_add_(0, nearest, torch.ones(len(points)))
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        centres = sums / sizes.clamp(min=1).unsqueeze(1)
        empty = sizes < 1
        centres[empty] = points[torch.randperm(len(points))[: int(empty.sum())]]
    return centres


class MovingCodebook(nn.Module):
    """The averages that the codebook is made of."""

    def __init__(self, codebook: Tensor):
        super().__init__()
        self.register_buffer("sizes", torch.ones(len(codebook)))
        self.register_buffer("sums", codebook.clone())
        self.register_buffer("idle", torch.zeros(len(codebook)))

    @torch.no_grad()
    def begin(self, codebook: Tensor, latents: Tensor) -> None:
        codebook.copy_(_k_means(latents, len(codebook)))
        self.sums.copy_(codebook)
        self.sizes.fill_(1)

    @torch.no_grad()
    def follow(self, codebook: Tensor, latents: Tensor, numbers: Tensor) -> None:
        """`latents` [M, 32] and the numbers [M] of their codes."""
        used = torch.zeros(len(codebook)).index_add_(0, numbers, torch.ones(len(numbers)))
        sums = torch.zeros_like(codebook).index_add_(0, numbers, latents)
        self.sizes.mul_(DECAY).add_(used, alpha=1 - DECAY)
        self.sums.mul_(DECAY).add_(sums, alpha=1 - DECAY)
        self.idle.add_(1)[used > 0] = 0
        alive = (self.sizes > 1e-3).unsqueeze(1)
        codebook.copy_(torch.where(alive, self.sums / self.sizes.clamp(min=1e-3).unsqueeze(1), codebook))
        idle = (self.idle > IDLE).nonzero()[:8, 0]
        if len(idle):
            fresh = latents[torch.randint(len(latents), (len(idle),))]
            codebook[idle] = fresh
            self.sums[idle], self.sizes[idle], self.idle[idle] = fresh * 0.3, 0.3, 0


def _pictures(studio: Studio, random: Random, count: int) -> Tensor:
    """Whole scenes, and for a third parts of scenes at twice the size."""
    parts = count // 3
    scenes = [studio.plan(random) for _ in range(count)]
    whole = studio.draw(scenes[parts:], SIDE)
    large = studio.draw(scenes[:parts], 2 * SIDE)
    left, top = (random.randrange(SIDE + 1) for _ in range(2))
    pictures = torch.cat([large[..., top : top + SIDE, left : left + SIDE], whole])
    return pictures.flip(-1) if random.random() < 0.5 else pictures


def _differences(x: Tensor, y: Tensor) -> Tensor:
    """Of colours, of edges, and of means over 4x4 pixels."""
    across = (x[..., 1:] - x[..., :-1]) - (y[..., 1:] - y[..., :-1])
    down = (x[..., 1:, :] - x[..., :-1, :]) - (y[..., 1:, :] - y[..., :-1, :])
    means = functional.avg_pool2d(x - y, 4)
    return (x - y).abs().mean() + across.abs().mean() + down.abs().mean() + 2 * means.abs().mean() + 2 * means.square().mean()


def _exchanged(codes: Tensor, vqgan: Vqgan) -> Tensor:
    """For half of the pictures, some codes exchanged by others of the batch or of the codebook."""
    count, width, height, breadth = codes.shape
    share = (torch.rand(count, 1, 1, 1) < 0.5) * torch.rand(count, 1, 1, 1) * EXCHANGED
    chosen = torch.rand(count, 1, height, breadth) < share
    others = codes[torch.randperm(count)].flatten(2)[:, :, torch.randperm(height * breadth)].view_as(codes)
    random = vqgan.codes(torch.randint(len(vqgan.codebook), (count, height, breadth)))
    return torch.where(chosen, torch.where(torch.rand(count, 1, height, breadth) < 0.5, others, random), codes)


@torch.no_grad()
def measures(vqgan: Vqgan, studio: Studio) -> dict[str, float]:
    """Peak signal-to-noise ratio over 32 scenes in dB, and how many codes they use."""
    random = Random(98)
    pictures = studio.draw([studio.plan(random) for _ in range(32)], SIDE)
    with autocast():
        numbers = vqgan.nearest(vqgan.encode(pictures))
        again = vqgan.decode(vqgan.codes(numbers)).float().clamp(0, 1)
    return {"decibels": -10 * math.log10((pictures - again).square().mean().item()), "codes": len(numbers.unique())}


def train(studio: Studio, path: Path, steps: int, seed: int = 5) -> Vqgan:
    """Trains, or goes on training, and gives the network."""
    stage = Stage(path, seed, steps)
    vqgan = Vqgan()
    moving = MovingCodebook(vqgan.codebook)
    parameters = [parameter for parameter in vqgan.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=RATE, betas=(0.9, 0.99))
    stage.keep(vqgan=vqgan, moving=moving, optimizer=optimizer)
    seen: list[Tensor] = []
    while not stage.done:
        for group in optimizer.param_groups:
            group["lr"] = stage.rate(RATE)
        pictures = _pictures(studio, stage.random, BATCH)
        settled = stage.step >= SETTLED * steps
        with autocast(), torch.set_grad_enabled(not settled):
            latents = vqgan.encode(pictures)
        latents = latents.float()
        flat = latents.detach().permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
        commitment = torch.zeros(())
        if stage.step < WARM_UP:
            codes = latents
            seen = [*seen[-60:], flat]
        else:
            if seen:
                moving.begin(vqgan.codebook, torch.cat(seen)[torch.randperm(len(seen) * len(flat))[:40_000]])
                seen = []
            numbers = vqgan.nearest(latents.detach())
            chosen = vqgan.codes(numbers)
            if not settled:
                commitment = functional.mse_loss(latents, chosen)
                moving.follow(vqgan.codebook, flat, numbers.flatten())
            codes = latents + (_exchanged(chosen, vqgan) - latents).detach()
        with autocast():
            again = vqgan.decode(codes)
        loss = _differences(pictures, again.float()) + 0.25 * commitment
        # Without gradients the optimiser leaves the encoder as it is.
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if stage.finish_step({"loss": loss.item(), "commitment": commitment.item()}) and stage.step % 250 == 0 or stage.done:
            print(measures(vqgan, studio), flush=True)
    return vqgan
