"""Paints the scenes things stand in: a bank of variants of each, from a seed."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy
import torch
import torch.nn.functional as functional

from vocabulary import SCENE_NAMES

# A bank's pictures are larger than a scene, which shows a part of one.
MARGIN = 1.25


class Canvas:
    """A square picture [side, side, 3] in 0..1 and the brushes that scenes are painted with.

    Places and lengths are shares of the side; y points down.
    """

    def __init__(self, side: int, random: numpy.random.Generator):
        self.side, self.random = side, random
        self.y, self.x = numpy.mgrid[0:side, 0:side] / (side - 1.0)
        self.picture = numpy.zeros((side, side, 3))

    def colour(self, red: int, green: int, blue: int, spread: float = 0.08) -> numpy.ndarray:
        """A colour near this one."""
        return numpy.clip(numpy.array([red, green, blue]) / 255 + self.random.uniform(-spread, spread, 3), 0, 1)

    def gradient(self, top: numpy.ndarray, bottom: numpy.ndarray, bend: float = 1.0) -> None:
        along = (self.y**bend)[..., None]
        self.picture = top * (1 - along) + bottom * along

    def paint(self, mask: numpy.ndarray, colour) -> None:
        """Lays a colour, or a picture, over the mask [side, side] of 0..1."""
        mask = mask.astype(float)[..., None]
        self.picture = self.picture * (1 - mask) + colour * mask

    def disk(self, x: float, y: float, radius: float, colour, opacity: float = 1.0, edge: float = 0.02) -> None:
        inside = (radius - numpy.hypot(self.x - x, self.y - y)) / edge + 0.5
        self.paint(numpy.clip(inside, 0, 1) * opacity, numpy.array(colour))

    def stars(self, count: int) -> None:
        for _ in range(count):
            x, y, radius = self.random.random(), self.random.random(), self.random.uniform(0.006, 0.018)
            colour = (1, 1, self.random.uniform(0.7, 1))
            self.disk(x, y, radius, colour, self.random.uniform(0.6, 1), 0.012)

    def ground(self, horizon: float, near: numpy.ndarray, far: numpy.ndarray, roughness: float = 0.03) -> None:
        """All below a horizon with hills of this height."""
        heights = self.random.uniform(-1, 1, 5) * roughness
        line = horizon + numpy.interp(numpy.linspace(0, 4, self.side), numpy.arange(5), heights)
        depth = numpy.clip((self.y - horizon) / (1 - horizon), 0, 1)[..., None]
        self.paint(numpy.clip((self.y - line) / 0.02 + 0.5, 0, 1), near * (1 - depth) + far * depth)

    def clouds(self, count: int, lowest: float = 0.4, highest: float = 0.05, colour=(1, 1, 1)) -> None:
        for _ in range(count):
            x, y = self.random.random(), self.random.uniform(highest, max(lowest, highest + 0.01))
            radius = self.random.uniform(0.05, 0.1)
            for part in range(4):
                size = radius * self.random.uniform(0.6, 1)
                self.disk(x + (part - 1.5) * radius, y + self.random.uniform(-0.02, 0.02), size, colour, 0.9)

    def noise(self, cells: int) -> numpy.ndarray:
        """[side, side] smooth noise in about 0..1."""
        values = torch.from_numpy(self.random.random((1, 1, cells, cells)))
        return functional.interpolate(values, (self.side, self.side), mode="bicubic", align_corners=True)[0, 0].numpy()


def _night_sky(canvas: Canvas) -> None:
    random = canvas.random
    canvas.gradient(canvas.colour(8, 10, 45, 0.04), canvas.colour(35, 35, 100, 0.06))
    canvas.stars(random.integers(15, 40))
    if random.random() < 0.4:
        canvas.disk(random.uniform(0.1, 0.9), random.uniform(0.08, 0.3), 0.08, (1, 0.97, 0.8))
    if random.random() < 0.5:
        canvas.ground(random.uniform(0.75, 0.92), canvas.colour(10, 20, 25, 0.03), canvas.colour(5, 10, 15, 0.03))


def _sunset(canvas: Canvas) -> None:
    random = canvas.random
    canvas.gradient(canvas.colour(110, 60, 140), canvas.colour(255, 160, 60), 0.8)
    horizon = random.uniform(0.6, 0.8)
    sun = random.uniform(0.2, 0.8), horizon - random.uniform(0, 0.12)
    canvas.disk(*sun, random.uniform(0.08, 0.16), (1, 0.85, 0.4))
    canvas.ground(horizon, canvas.colour(90, 45, 60), canvas.colour(40, 20, 40), random.uniform(0, 0.04))


def _sea(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    horizon = random.uniform(0.25, 0.55)
    canvas.gradient(canvas.colour(110, 180, 245), canvas.colour(190, 225, 250))
    canvas.clouds(random.integers(0, 3), horizon - 0.05)
    canvas.ground(horizon, canvas.colour(30, 110, 200), canvas.colour(15, 60, 140), 0)
    bend = numpy.sin(x * random.uniform(8, 20) + random.random() * 6) * 1.5
    crests = (numpy.sin((y - horizon) * random.uniform(60, 110) + bend) > 0.75) & (y > horizon + 0.02)
    canvas.paint(crests, numpy.clip(canvas.picture + 0.18, 0, 1))


def _meadow(canvas: Canvas) -> None:
    horizon = canvas.random.uniform(0.4, 0.7)
    canvas.gradient(canvas.colour(110, 190, 250), canvas.colour(200, 230, 250))
    canvas.clouds(canvas.random.integers(0, 4), horizon - 0.1)
    canvas.ground(horizon, canvas.colour(110, 190, 70), canvas.colour(50, 140, 50))
    blades = (canvas.noise(30) - 0.5) * 0.15 * (canvas.y > horizon)
    canvas.picture = canvas.picture + blades[..., None]


def _snow(canvas: Canvas) -> None:
    random = canvas.random
    canvas.gradient(canvas.colour(150, 185, 215, 0.05), canvas.colour(205, 225, 240, 0.04))
    canvas.ground(random.uniform(0.4, 0.7), canvas.colour(250, 250, 255, 0.02), canvas.colour(225, 235, 248, 0.03), 0.04)
    for _ in range(random.integers(15, 40)):
        canvas.disk(random.random(), random.random(), random.uniform(0.008, 0.018), (1, 1, 1))


def _desert(canvas: Canvas) -> None:
    random = canvas.random
    horizon = random.uniform(0.4, 0.7)
    canvas.gradient(canvas.colour(120, 195, 245), canvas.colour(250, 235, 200))
    canvas.ground(horizon, canvas.colour(240, 205, 125), canvas.colour(215, 160, 80), 0.07)
    if random.random() < 0.6:
        canvas.ground(horizon + 0.15, canvas.colour(230, 190, 105), canvas.colour(200, 145, 70), 0.06)


def _mountains(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    canvas.gradient(canvas.colour(120, 185, 245), canvas.colour(215, 230, 245))
    canvas.clouds(random.integers(0, 3), 0.25)
    for _ in range(random.integers(2, 5)):
        peak, top, width = random.random(), random.uniform(0.15, 0.4), random.uniform(0.25, 0.5)
        rock = y > top + numpy.abs(x - peak) / width * 0.6
        shade = 0.8 + 0.2 * (x < peak)[..., None]
        canvas.paint(rock, canvas.colour(110, 110, 130) * shade)
        canvas.paint(rock & (y < top + 0.1 + 0.03 * numpy.sin(x * 60)), 0.95)
    canvas.ground(random.uniform(0.75, 0.9), canvas.colour(90, 150, 80), canvas.colour(50, 110, 55))


def _beach(canvas: Canvas) -> None:
    horizon = canvas.random.uniform(0.25, 0.4)
    shore = horizon + canvas.random.uniform(0.15, 0.25)
    canvas.gradient(canvas.colour(100, 190, 250), canvas.colour(190, 230, 250))
    canvas.ground(horizon, canvas.colour(40, 150, 210), canvas.colour(60, 190, 210), 0)
    canvas.ground(shore, canvas.colour(245, 225, 170), canvas.colour(230, 195, 130), 0.02)


def _forest(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    canvas.gradient(canvas.colour(150, 200, 170), canvas.colour(60, 110, 70))
    for _ in range(random.integers(8, 16)):
        trunk, top = random.random(), random.uniform(0, 0.35)
        width, height = random.uniform(0.08, 0.16), random.uniform(0.45, 0.7)
        crown = (y > top) & (y < top + height) & (numpy.abs(x - trunk) < (y - top) / height * width)
        canvas.paint(crown, canvas.colour(20, 85, 40, 0.07))
        stem = (y >= top + height) & (y < top + height + 0.1) & (numpy.abs(x - trunk) < 0.015)
        canvas.paint(stem, numpy.array([0.3, 0.2, 0.1]))
    canvas.ground(random.uniform(0.78, 0.9), canvas.colour(50, 90, 40), canvas.colour(35, 65, 30), 0.02)


def _city(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    night = random.random() < 0.3
    if night:
        canvas.gradient(canvas.colour(20, 25, 60), canvas.colour(60, 50, 100))
    else:
        canvas.gradient(canvas.colour(130, 190, 240), canvas.colour(220, 230, 240))
    left = 0.0
    while left < 1:
        width, top = random.uniform(0.08, 0.2), random.uniform(0.15, 0.6)
        gray = random.uniform(0.15, 0.35) if night else random.uniform(0.35, 0.65)
        house = (x >= left) & (x < left + width - 0.01) & (y > top)
        wall = numpy.clip(numpy.array([gray, gray, gray * 1.1]) + random.uniform(-0.05, 0.05, 3), 0, 1)
        canvas.paint(house, wall)
        grid = (numpy.sin((x - left) * 2 * math.pi / 0.045) > 0.2) & (numpy.sin(y * 2 * math.pi / 0.06) > 0.3)
        lit = night or random.random() < 0.4
        canvas.paint(house & grid & (y < 0.9), numpy.array([1, 0.9, 0.5] if lit else [0.7, 0.85, 0.95]))
        left += width
    canvas.ground(0.92, canvas.colour(80, 80, 85, 0.03), canvas.colour(60, 60, 65, 0.03), 0)


def _rain(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    canvas.gradient(canvas.colour(75, 85, 100, 0.04), canvas.colour(135, 145, 155, 0.05))
    canvas.clouds(random.integers(2, 5), 0.15, 0, (0.35, 0.37, 0.42))
    slant = numpy.sin((x + y * 0.25) * random.uniform(90, 120)) > 0.9
    broken = numpy.sin(y * random.uniform(25, 40) + numpy.floor(x * 20) * 2.3) > 0.1
    canvas.paint(slant & broken, numpy.array([0.7, 0.8, 0.95]))


def _space(canvas: Canvas) -> None:
    random = canvas.random
    canvas.gradient(canvas.colour(5, 5, 15, 0.02), canvas.colour(20, 8, 35, 0.04))
    nebula = numpy.clip(canvas.noise(4) - 0.5, 0, 1)[..., None] * canvas.colour(120, 40, 160, 0.2) * 1.2
    canvas.picture = numpy.clip(canvas.picture + nebula, 0, 1)
    canvas.stars(random.integers(20, 45))
    if random.random() < 0.6:
        x, y, radius = random.random(), random.random(), random.uniform(0.06, 0.14)
        colour = canvas.colour(*random.integers(60, 255, 3))
        canvas.disk(x, y, radius, colour)
        canvas.disk(x - radius * 0.3, y - radius * 0.3, radius * 0.5, numpy.clip(colour + 0.15, 0, 1), 0.5, 0.1)


def _underwater(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    canvas.gradient(canvas.colour(60, 180, 220), canvas.colour(10, 60, 130))
    for _ in range(random.integers(6, 15)):
        left, top, radius = random.random(), random.random(), random.uniform(0.01, 0.035)
        canvas.disk(left, top, radius, (0.8, 0.95, 1), 0.6)
        canvas.disk(left, top, radius * 0.6, (0.35, 0.7, 0.85), 0.6)
    if random.random() < 0.6:
        for _ in range(random.integers(3, 7)):
            root, height = random.random(), random.uniform(0.15, 0.35)
            weed = (numpy.abs(x - root - 0.02 * numpy.sin(y * 25 + root * 9)) < 0.015) & (y > 1 - height)
            canvas.paint(weed, canvas.colour(30, 140, 70))
    canvas.ground(random.uniform(0.86, 0.95), canvas.colour(210, 190, 140), canvas.colour(190, 165, 110), 0.02)


def _room(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    walls = ((240, 225, 205), (200, 220, 230), (225, 205, 220), (215, 230, 205))
    wall = canvas.colour(*walls[random.integers(4)])
    horizon = random.uniform(0.6, 0.8)
    canvas.gradient(wall, wall * 0.92)
    canvas.ground(horizon, canvas.colour(165, 110, 65), canvas.colour(120, 75, 40), 0)
    boards = numpy.sin((x - 0.5) / numpy.maximum(y - horizon + 0.3, 0.05) * random.uniform(9, 14)) > 0.93
    canvas.paint(boards & (y > horizon), canvas.picture * 0.75)


def _sky(canvas: Canvas) -> None:
    canvas.gradient(canvas.colour(70, 150, 240), canvas.colour(190, 225, 250))
    canvas.clouds(canvas.random.integers(3, 7), 0.95)


def _road(canvas: Canvas) -> None:
    random, x, y = canvas.random, canvas.x, canvas.y
    horizon = random.uniform(0.4, 0.6)
    canvas.gradient(canvas.colour(120, 190, 250), canvas.colour(210, 230, 245))
    canvas.ground(horizon, canvas.colour(110, 180, 80), canvas.colour(70, 140, 60), 0)
    middle = 0.5 + random.uniform(-0.1, 0.1)
    below = numpy.clip(y - horizon, 0, 1)
    canvas.paint((y > horizon) & (numpy.abs(x - middle) < 0.05 + below), canvas.colour(85, 85, 90, 0.03))
    dashes = numpy.sin(below**0.7 * 30) > 0
    canvas.paint((y > horizon) & (numpy.abs(x - middle) < 0.008 + below * 0.03) & dashes, 0.95)


PAINTERS: dict[str, Callable[[Canvas], None]] = {
    "night sky": _night_sky, "sunset": _sunset, "sea": _sea, "meadow": _meadow, "snow": _snow, "desert": _desert,
    "mountains": _mountains, "beach": _beach, "forest": _forest, "city": _city, "rain": _rain, "space": _space,
    "underwater": _underwater, "room": _room, "sky": _sky, "road": _road,
}


def bank(folder: Path, side: int, variants: int, seed: int) -> torch.Tensor:
    """[scenes, variants, 3, S, S] uint8 with S = MARGIN * side, in the order of SCENE_NAMES; kept in the folder."""
    kept = folder / f"backgrounds-{side}-{variants}-{seed}.pt"
    if kept.exists():
        return torch.load(kept)
    painted = []
    for index, scene in enumerate(SCENE_NAMES):
        for variant in range(variants):
            canvas = Canvas(round(MARGIN * side), numpy.random.default_rng((seed, index, variant)))
            PAINTERS[scene](canvas)
            painted.append(numpy.clip(canvas.picture * 255 + 0.5, 0, 255).astype(numpy.uint8).transpose(2, 0, 1))
    pictures = torch.from_numpy(numpy.stack(painted)).view(len(SCENE_NAMES), variants, 3, *painted[0].shape[1:])
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(pictures, kept)
    return pictures
