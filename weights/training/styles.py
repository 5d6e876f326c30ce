"""Styles as filters on finished scenes. Each takes pictures [N, 3, S, S] in 0..1, the things' coverage [N, 1, S, S] and a
generator, whose state decides all that is random; strokes and cells have sizes in shares of the side."""

from collections.abc import Callable

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from filters import blur, displaced, edges, luma, smooth_noise


def _between(low: float, high: float, random: Generator) -> float:
    return low + (high - low) * torch.rand((), generator=random).item()


def _pencil_sketch(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    count, _, side, _ = picture.shape
    gray = luma(picture)
    lines = 1 - (edges(blur(gray, 0.6 * side / 64)) * _between(2.2, 3.5, random) * side / 64).clamp(0, 1)
    value = lines * (0.75 + 0.25 * gray)
    at = torch.arange(side) * 64 // side
    hatching = ((at.view(1, side) + at.view(side, 1)) % 4 < 1).float()
    strength = torch.rand(count, 1, side, side, generator=random) * 0.6 + 0.4
    value = value - hatching * 0.18 * ((gray < 0.5).float() * 0.9 + 0.1) * strength
    paper = torch.tensor([0.97, 0.96, 0.93]).view(1, 3, 1, 1)
    return (value * 0.92 + 0.04 + torch.randn(count, 1, side, side, generator=random) * 0.02) * paper


def _pixel_art(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    side = picture.shape[-1]
    cells = (16, 16, 32, 32)[int(torch.randint(4, (), generator=random))]
    small = functional.interpolate(picture, (cells, cells), mode="area")
    return functional.interpolate((small * 5).round() / 5, (side, side), mode="nearest")


def _watercolor(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    count, _, side, _ = picture.shape
    wash = blur(picture, 0.4 * side / 64)
    wash = displaced(wash, (torch.rand(count, 2, 5, 5, generator=random) - 0.5) * 0.08)
    rim = edges(luma(blur(wash, 0.7 * side / 64))) * side / 64
    return (wash * 0.75 + 0.25 * 0.98 - rim * 0.35) * (0.88 + 0.24 * smooth_noise(count, 12, side, random))


def _oil_painting(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    count, _, side, _ = picture.shape
    dabs = displaced(picture, (torch.rand(count, 2, 20, 20, generator=random) - 0.5) * 0.16)
    dabs = (dabs - 0.5) * 1.15 + 0.5
    mean = dabs.mean(1, keepdim=True)
    canvas = functional.interpolate(torch.rand(count, 1, 32, 32, generator=random), (side, side), mode="bilinear")
    return mean + (dabs - mean) * 1.3 + (canvas - 0.5) * 0.22


def _low_poly(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    count, _, side, _ = picture.shape
    facets = 160 + int(torch.randint(140, (), generator=random))
    small = functional.interpolate(picture, (64, 64), mode="area") if side != 64 else picture
    centres = torch.rand(count, facets, 2, generator=random) * side
    at = torch.arange(side).float()
    places = torch.stack(torch.meshgrid(at, at, indexing="ij"), -1).view(1, -1, 2)
    # One facet's colour is the mean of what its place shows.
    nearest = torch.cdist(places.expand(count, -1, -1), centres).argmin(-1)
    index = nearest.unsqueeze(-1).expand(-1, -1, 3)
    flat = functional.interpolate(small, (side, side), mode="nearest").flatten(2).transpose(1, 2)
    sums = torch.zeros(count, facets, 3).scatter_add_(1, index, flat)
    sizes = torch.zeros(count, facets).scatter_add_(1, nearest, torch.ones(count, side * side))
    colours = sums / sizes.clamp(min=1).unsqueeze(-1)
    return colours.gather(1, index).transpose(1, 2).reshape(count, 3, side, side)


def _black_and_white(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    return ((luma(picture) - 0.5) * 1.1 + 0.5).expand(-1, 3, -1, -1)


def _neon(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    scale = picture.shape[-1] / 64
    soft = blur(picture, 0.7 * scale)
    outline = torch.maximum(edges(soft.amax(1, keepdim=True)), edges(soft).amax(1, keepdim=True)) * scale
    mean = picture.mean(1, keepdim=True)
    light = (mean + (picture - mean) * 3).clamp(0.05, 1)
    light = blur(light / light.amax(1, keepdim=True), 1.5 * scale)
    glow = (outline * 2.6).clamp(0, 1) * light
    return glow + blur(glow, 2 * scale) * 0.8 + torch.tensor([0.03, 0.02, 0.08]).view(1, 3, 1, 1)


def _photo(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    """What is behind the things out of focus, light from one side, a shadow, dark corners, grain."""
    count, _, side, _ = picture.shape
    scale = side / 64
    behind = blur(picture, _between(1.5, 2.5, random) * scale)
    shadow = torch.roll(blur(coverage, 2 * scale), (round(3 * scale), round(2 * scale)), (2, 3))
    behind = behind * (1 - 0.35 * shadow)
    light = (blur(coverage, 3 * scale) - torch.roll(blur(coverage, 3 * scale), (round(4 * scale),) * 2, (2, 3))) * 0.35
    lit = behind * (1 - coverage) + (picture + light) * coverage
    mean = lit.mean(1, keepdim=True)
    at = torch.linspace(-1, 1, side)
    corners = 1 - 0.22 * (at.view(1, side) ** 2 + at.view(side, 1) ** 2) / 2
    grain = torch.randn(count, 1, side, side, generator=random) * 0.015
    return (mean + (lit - mean) * 0.85) * corners + grain


def _sepia(picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    return ((luma(picture) - 0.5) * 0.9 + 0.5) * torch.tensor([1.05, 0.85, 0.62]).view(1, 3, 1, 1) + 0.03


FILTERS: dict[str, Callable[[Tensor, Tensor, Generator], Tensor]] = {
    "pencil sketch": _pencil_sketch, "pixel art": _pixel_art, "watercolor": _watercolor, "oil painting": _oil_painting,
    "low poly": _low_poly, "black and white": _black_and_white, "neon": _neon, "photo": _photo, "sepia": _sepia,
}


def styled(style: str, picture: Tensor, coverage: Tensor, random: Generator) -> Tensor:
    """The pictures in a style, in 0..1."""
    return FILTERS[style](picture, coverage, random).clamp(0, 1)
