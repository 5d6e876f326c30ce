"""Differentiable picture filters: what styles and augmentations are made of. Pictures are [N, C, H, W] in 0..1."""

import math

import torch
import torch.nn.functional as functional
from torch import Tensor

# ITU-R BT.601
LUMA = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)


def blur(picture: Tensor, sigma: float) -> Tensor:
    """Gaussian blur; sigma in pixels."""
    reach = math.ceil(2 * sigma)
    at = torch.arange(-reach, reach + 1, dtype=picture.dtype)
    kernel = torch.exp(-at * at / (2 * sigma * sigma))
    kernel = kernel / kernel.sum()
    channels = picture.shape[1]
    picture = functional.pad(picture, (reach,) * 4, mode="reflect")
    picture = functional.conv2d(picture, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return functional.conv2d(picture, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def luma(picture: Tensor) -> Tensor:
    """[N, 1, H, W]"""
    return (picture * LUMA).sum(1, keepdim=True)


def edges(picture: Tensor) -> Tensor:
    """Length of the gradient by central differences."""
    across = functional.pad(picture, (1, 1, 0, 0), mode="replicate")
    down = functional.pad(picture, (0, 0, 1, 1), mode="replicate")
    across, down = across[..., 2:] - across[..., :-2], down[..., 2:, :] - down[..., :-2, :]
    return (across.square() + down.square() + 1e-8).sqrt()


def smooth_noise(count: int, cells: int, side: int, random: torch.Generator | None = None) -> Tensor:
    """[count, 1, side, side]"""
    noise = torch.rand(count, 1, cells, cells, generator=random)
    return functional.interpolate(noise, (side, side), mode="bilinear", align_corners=True)


def grid(side: int) -> Tensor:
    """[side, side, 2]: the places (x, y) of pixels' centres, from -1 to 1."""
    at = (torch.arange(side) * 2 + 1) / side - 1
    y, x = torch.meshgrid(at, at, indexing="ij")
    return torch.stack([x, y], -1)


def displaced(picture: Tensor, field: Tensor) -> Tensor:
    """The picture with each place moved by a field [N, 2, k, k], in shares of half the side."""
    side = picture.shape[-1]
    field = functional.interpolate(field, (side, side), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    return functional.grid_sample(picture, grid(side) + field, padding_mode="reflection", align_corners=False)
