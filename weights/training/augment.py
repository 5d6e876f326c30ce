"""Changes of pictures that leave what they show: what the towers learn to look through."""

import math
from random import Random

import torch
import torch.nn.functional as functional
from torch import Tensor

from filters import blur, grid, luma


def homographies(count: int, side: int, scale: tuple[float, float], rotation: float, perspective: float) -> Tensor:
    """[count, side, side, 2]: places that a random view shows; `scale`: the share of the picture's side it sees,
    `rotation` in degrees."""
    size = torch.empty(count).uniform_(*scale)
    angle = torch.empty(count).uniform_(-rotation, rotation) * math.pi / 180
    aspect = torch.exp(torch.empty(count).uniform_(-0.08, 0.08))
    reach = (1 - size).clamp(min=0) + 0.05
    left, top = (torch.rand(count) * 2 - 1) * reach, (torch.rand(count) * 2 - 1) * reach
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    matrix = torch.zeros(count, 3, 3)
    matrix[:, 0] = torch.stack([cosine * aspect, -sine, left], 1)
    matrix[:, 1] = torch.stack([sine * aspect, cosine, top], 1)
    matrix[:, 2, :2] = (torch.rand(count, 2) * 2 - 1) * perspective
    matrix[:, 2, 2] = 1
    places = torch.cat([grid(side), torch.ones(side, side, 1)], -1).view(1, -1, 3) @ matrix.transpose(1, 2)
    return (places[..., :2] / places[..., 2:].clamp(min=0.3)).view(count, side, side, 2)


def seen(pictures: Tensor, random: Random, side: int = 64, noise: float = 0.1, erase: float = 0.3,
         scale: tuple[float, float] = (0.65, 1.05), jitter: float = 0.12) -> Tensor:
    """Views [N, 3, side, side] of pictures [N, 3, S, S]: moved, recoloured, blurred, partly covered, noisy."""
    count = len(pictures)
    places = homographies(count, side, scale, 12, 0.12)
    padding = random.choice(("border", "reflection"))
    views = functional.grid_sample(pictures, places, padding_mode=padding, align_corners=False)
    if jitter:
        def around(spread: float, channels: int = 1) -> Tensor:
            return (torch.rand(count, channels, 1, 1) * 2 - 1) * spread

        mean = views.mean((2, 3), keepdim=True)
        views = (views - mean) * (1 + around(jitter * 1.2)) + mean + around(jitter * 0.6)
        gray = luma(views)
        views = gray + (views - gray) * (1 + around(jitter * 1.5)) + around(jitter * 0.2, 3)
    if random.random() < 0.25:
        views = blur(views, random.uniform(0.4, 1.1))
    if erase:
        chosen = (torch.rand(count) < erase).float().view(count, 1, 1, 1)
        half = torch.rand(2, count, 1, 1) * 0.3 + 0.1
        middle = torch.rand(2, count, 1, 1) * 2 - 1
        place = grid(side)
        inside = ((place[..., 0] - middle[0]).abs() < half[0]) & ((place[..., 1] - middle[1]).abs() < half[1])
        mask = inside.float().unsqueeze(1) * chosen
        views = views * (1 - mask) + torch.rand(count, 3, 1, 1) * mask
    if noise:
        views = views + torch.randn_like(views) * (torch.rand(count, 1, 1, 1) * noise)
    return views
