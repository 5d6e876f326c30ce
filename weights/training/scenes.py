"""Composes captioned scenes: things on a background, in a style, with a sentence that says so.

A `Scene` is a plan; `Studio.draw` makes pictures of plans, at any side. `Studio.plan` plans as varied as the tower that
judges must know it; `Studio.plan_canonical` plans what differs only in the few numbers of `Scene.choices`, so that a
network that is told them can learn the picture as a function of the caption; so does `Studio.plan_alone`, which plans only
what the program asks the prior for.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

import backgrounds
import vocabulary
from artwork import ARTWORK, LargeSprites, Package, Sprites, sprites
from filters import grid, luma
from styles import styled
from vocabulary import COLOUR_NAMES, COLOURS, RELATIONS, SCENE_NAMES, SCENES, STYLE_NAMES, STYLES, THING_COLOURS

COLOUR_VALUES = torch.tensor([COLOURS[name] for name in COLOUR_NAMES]) / 255.0
# Variants of backgrounds and of styles' random strokes in canonical scenes.
VARIANTS = 8
# Length of a canonical scene's choices: artist and variant.
CHOICES = len(ARTWORK) + VARIANTS

# The artists of canonical scenes, of those of ARTWORK: the flat one. A second one would be as much to learn again.
CANONICAL_ARTISTS = (1,)
# The artists of things alone: all of ARTWORK.
ARTISTS = (0, 1, 2)
# Shares of the backgrounds of single things that are not white: blue, as the program asks, or any color.
BLUE_BEHIND, COLOUR_BEHIND = 0.45, 0.07
# By count and relation: each thing's scale and middle.
CANONICAL_LAYOUTS = {
    (0, "beside"): [],
    (1, "beside"): [(0.88, 0.0, 0.03)],
    (2, "beside"): [(0.5, -0.45, 0.1), (0.5, 0.45, 0.1)],
    (2, "above"): [(0.46, 0.0, -0.46), (0.46, 0.0, 0.46)],
    (2, "under"): [(0.46, 0.0, 0.46), (0.46, 0.0, -0.46)],
    (3, "beside"): [(0.38, -0.62, 0.1), (0.38, 0.0, 0.1), (0.38, 0.62, 0.1)],
}
# What scenes are planned from, each from a seed of its own.
PARTS = ("background", "things", "colours", "layout", "drawing", "style", "words")


def part_seeds(random: Random) -> dict[str, int]:
    """A seed for each of PARTS."""
    return {part: random.randrange(2**31) for part in PARTS}


@dataclass
class Placed:
    """A drawing in a scene: its middle (x, y) from -1 to 1, its scale as a share of the scene's side, its angle in
    degrees, the index of the colour it is dyed."""

    sprite: int
    scale: float
    x: float
    y: float
    angle: float = 0.0
    flip: bool = False
    colour: int | None = None


@dataclass
class Background:
    """One colour, a passage between two, or a painted scene: a variant of the bank, which part of it, mirrored or not."""

    colours: tuple[int, ...] = ()
    tilt: float = 0.0
    shade: float = 0.0
    jitter: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scene: int | None = None
    variant: int = 0
    part: tuple[float, float] = (0.5, 0.5)
    flip: bool = False


@dataclass
class Scene:
    """The plan of a picture, and what it is called. `choices` [CHOICES] of a canonical scene; `thing` where it shows one."""

    caption: str
    background: Background
    placed: list[Placed] = field(default_factory=list)
    style: str = "none"
    stroke_seed: int = 0
    thing: int | None = None
    choices: Tensor | None = None


class Studio:
    """Everything scenes are made of. Drawings and backgrounds are as sharp as scenes of `side` need."""

    def __init__(self, folder: Path, packages: tuple[Package, ...] = ARTWORK, variants: int = 48, seed: int = 0,
                 side: int = 128):
        self.sprites: Sprites = sprites(folder, packages)
        self.things = self.sprites.things
        self.names = sorted({thing.name for thing in self.things})
        self.name_of = torch.tensor([self.names.index(thing.name) for thing in self.things])
        self.drawings = [(self.sprites.thing == index).nonzero()[:, 0].tolist() for index in range(len(self.things))]
        # A name's first drawing is the one that canonical scenes show.
        self.first_of_name = [min(i for i, thing in enumerate(self.things) if thing.name == name) for name in self.names]
        self.bank = backgrounds.bank(folder, side, variants, seed)
        pixels = self.sprites.pixels
        self.levels: dict[int, Tensor | LargeSprites] = {pixels.shape[-1]: pixels}
        while max(self.levels) < side:
            larger = 2 * max(self.levels)
            self.levels[larger] = LargeSprites(folder, packages, self.sprites, larger)
        for side in (64, 32):
            straight = pixels.float() / 255
            coverage = straight[:, 3:]
            mixed = functional.interpolate(torch.cat([straight[:, :3] * coverage, coverage], 1), (side, side), mode="area")
            mixed[:, :3] /= mixed[:, 3:].clamp(min=1e-3)
            self.levels[side] = (mixed * 255).round().clamp(0, 255).to(torch.uint8)
        self._find_own_colours()

    def _find_own_colours(self) -> None:
        """The colour most of each drawing has, and how much of it."""
        small = self.levels[32].float() / 255
        inside = (small[:, 3] > 0.5).float().flatten(1)
        colours = small[:, :3].flatten(2).transpose(1, 2)
        weight = inside * (0.15 + colours.amax(-1) - colours.amin(-1))
        named = len(THING_COLOURS)
        nearest = torch.cdist(colours, COLOUR_VALUES[:named].expand(len(colours), -1, -1)).argmin(-1)
        shares = torch.zeros(len(colours), named).scatter_add_(1, nearest, weight)
        shares = shares / shares.sum(1, keepdim=True).clamp(min=1e-6)
        self.own_colour, self.own_share = shares.argmax(1), shares.amax(1)

    # Plans

    def plan(self, random: Random, things: list[int] | None = None, seeds: dict[str, int] | None = None) -> Scene:
        """A scene as varied as can be. `things` fixes what it shows, on a plain background and without a style.
        `seeds` decides each of PARTS; scenes that share all but one are what is hard to tell apart."""
        seeds = seeds or part_seeds(random)
        of = {part: Random(seed) for part, seed in seeds.items()}
        fixed = things is not None
        background, words = self._background(of["background"], plain=fixed)
        if not fixed:
            things = self._some_things(of["things"], background)
        if things and of["words"].random() < 0.15:
            words = None
        count = len(things)
        same = count > 1 and len(set(things)) == 1
        relation = "beside"
        if count == 2 and not same:
            relation = of["layout"].choice(("beside", "beside", "above", "under"))
        dye = of["colours"]
        colours = [dye.randrange(len(THING_COLOURS)) if not fixed and dye.random() < 0.3 else None for _ in things]
        if same:
            colours = colours[:1] * count
        placed = []
        for thing, colour, (scale, x, y) in zip(things, colours, self._layout(of["layout"], count, relation)):
            sprite = of["drawing"].choice(self.drawings[thing])
            angle = of["layout"].uniform(-15, 15) * (of["layout"].random() < 0.6)
            placed.append(Placed(sprite, scale, x, y, angle, of["layout"].random() < 0.4, colour))
        styled = not fixed and of["style"].random() < 0.35
        style = of["style"].choice(STYLE_NAMES[1:]) if styled else "none"
        caption = self._caption(of["words"], things, placed, same, relation, words, style)
        one = things[0] if count == 1 else None
        return Scene(caption, background, placed, style, of["drawing"].randrange(2**31), one)

    def plan_batch(self, random: Random, count: int, pairs: float = 0.5) -> list[Scene]:
        """Scenes of which this share comes in pairs that differ in one part."""
        seeds = [part_seeds(random) for _ in range(count)]
        for index in range(1, int(count * pairs), 2):
            part = random.choice(("background", "things", "things", "colours", "colours", "style", "layout"))
            again = {name: random.randrange(2**31) for name in (part, "words", "drawing")}
            seeds[index] = seeds[index - 1] | again
        return [self.plan(random, seeds=own) for own in seeds]

    def plan_canonical(self, random: Random) -> Scene:
        """A scene whose picture follows from its caption and its choices: a name's first drawing, by one of CANONICAL_ARTISTS,
        at its place; white behind it where the caption says nothing."""
        artist, variant, choices = self._choices(random, CANONICAL_ARTISTS)
        background, words = self._background(random)
        background.shade, background.jitter, background.part = 0.0, (0.0, 0.0, 0.0), (0.5, 0.5)
        background.variant, background.flip = variant, False
        things = [self.first_of_name[int(self.name_of[thing])] for thing in self._some_things(random, background)]
        if things and random.random() < 0.15:
            background, words = Background((COLOUR_NAMES.index("white"),)), None
        count = len(things)
        same = count > 1 and len(set(things)) == 1
        relation = random.choice(("beside", "beside", "above", "under")) if count == 2 and not same else "beside"
        colours = [random.randrange(len(THING_COLOURS)) if random.random() < 0.35 else None for _ in things]
        if same:
            colours = colours[:1] * count
        placed = []
        for thing, colour, (scale, left, top) in zip(things, colours, CANONICAL_LAYOUTS[count, relation]):
            placed.append(Placed(self._drawing(thing, artist), scale, left, top, colour=colour))
        style = random.choice(STYLE_NAMES[1:]) if random.random() < 0.3 else "none"
        caption = self._caption(random, things, placed, same, relation, words, style)
        return Scene(caption, background, placed, style, variant, things[0] if count == 1 else None, choices)

    def plan_alone(self, random: Random) -> Scene:
        """What the program asks the prior for (`src/prior/composing`): a thing alone in front of white or blue, or a scene
        without things; some in a style. A few things stand in front of other colors or in scenes, or have another color: such
        prompts in a style are drawn as a whole. Its picture follows from its caption and its choices."""
        artist, variant, choices = self._choices(random, ARTISTS)
        style = random.choice(STYLE_NAMES[1:]) if random.random() < 0.3 else "none"
        background, words, things, placed = Background((COLOUR_NAMES.index("white"),)), None, [], []
        kind = random.choices(("thing", "scene", "thing in a scene"), (0.86, 0.1, 0.04))[0]
        if kind == "thing":
            behind = random.random()
            if behind < BLUE_BEHIND + COLOUR_BEHIND:
                colour, word = COLOUR_NAMES.index("blue"), "blue"
                if behind >= BLUE_BEHIND:
                    colour = random.randrange(len(COLOUR_NAMES))
                    word = vocabulary.colour_word(COLOUR_NAMES[colour], random)
                one = vocabulary.with_article(word)
                background, words = Background((colour,)), (f"on {one} background", f"{one} background")
        else:
            scene = random.randrange(len(SCENE_NAMES))
            beside, alone = SCENES[SCENE_NAMES[scene]]
            background, words = Background(scene=scene, variant=variant), (random.choice(beside), random.choice(alone))
        if kind != "scene":
            thing = self.first_of_name[random.randrange(len(self.names))]
            colour = random.randrange(len(THING_COLOURS)) if random.random() < 0.08 else None
            scale, left, top = CANONICAL_LAYOUTS[1, "beside"][0]
            things, placed = [thing], [Placed(self._drawing(thing, artist), scale, left, top, colour=colour)]
        caption = self._caption(random, things, placed, False, "beside", words, style)
        return Scene(caption, background, placed, style, variant, things[0] if things else None, choices)

    def _choices(self, random: Random, artists: tuple[int, ...]) -> tuple[int, int, Tensor]:
        """An artist, a variant, and the numbers that say them."""
        artist, variant = random.choice(artists), random.randrange(VARIANTS)
        choices = torch.zeros(CHOICES)
        choices[artist] = choices[len(ARTWORK) + variant] = 1
        return artist, variant, choices

    def _drawing(self, thing: int, artist: int) -> int:
        """The artist's first drawing of a thing, or another artist's if there is none."""
        drawings = self.drawings[thing]
        return next((sprite for sprite in drawings if self.sprites.artist[sprite] == artist), drawings[0])

    def _some_things(self, random: Random, background: Background) -> list[int]:
        """None, one, two or three; of more than one, the same ones in every third scene."""
        if random.random() < (0.06 if background.scene is not None else 0.03):
            return []
        count = random.choices((1, 2, 3), (0.8, 0.15, 0.05))[0]
        if count > 1 and random.random() < 0.4:
            return [random.randrange(len(self.things))] * count
        return [random.randrange(len(self.things)) for _ in range(count)]

    def _layout(self, random: Random, count: int, relation: str) -> list[tuple[float, float, float]]:
        """For each thing its scale and middle."""
        uniform = random.uniform
        if count == 1:
            return [(uniform(0.6, 1.0), uniform(-0.2, 0.2), uniform(-0.12, 0.2))]
        if count == 2 and relation == "beside":
            return [(uniform(0.38, 0.55), side * uniform(0.35, 0.5), uniform(-0.3, 0.35)) for side in (-1, 1)]
        if count == 2:
            rows = (-1, 1) if relation == "above" else (1, -1)
            return [(uniform(0.38, 0.5), uniform(-0.25, 0.25), row * uniform(0.4, 0.5)) for row in rows]
        return [(uniform(0.3, 0.42), x + uniform(-0.08, 0.08), uniform(-0.45, 0.45)) for x in (-0.6, 0, 0.6)[:count]]

    def _background(self, random: Random, plain: bool = False) -> tuple[Background, tuple[str, str]]:
        """A background, and its words beside things and alone."""
        kind = "plain" if plain else random.choices(("plain", "passage", "scene"), (0.42, 0.06, 0.52))[0]
        if kind == "plain":
            colour = random.randrange(len(COLOUR_NAMES))
            word = vocabulary.colour_word(COLOUR_NAMES[colour], random)
            one = vocabulary.with_article(word)
            beside = random.choice((f"on {one} background", f"with {one} background", f"on {word}",
                                    f", {word} background", f"against {one} background", f"on {one} background"))
            jitter = tuple(random.uniform(-0.06, 0.06) for _ in range(3))
            return Background((colour,), shade=random.uniform(-0.08, 0.08), jitter=jitter), (beside, f"{one} background")
        if kind == "passage":
            colours = tuple(random.sample(range(len(COLOUR_NAMES)), 2))
            first, last = (vocabulary.colour_word(COLOUR_NAMES[colour], random) for colour in colours)
            words = f"{vocabulary.with_article(first)} and {last} {random.choice(('background', 'gradient'))}"
            return Background(colours, tilt=random.choice((0, 0, math.pi / 2))), (f"on {words}", words)
        scene = random.randrange(len(SCENE_NAMES))
        beside, alone = SCENES[SCENE_NAMES[scene]]
        part = random.random(), random.random()
        variant = random.randrange(self.bank.shape[1])
        background = Background(scene=scene, variant=variant, part=part, flip=random.random() < 0.5)
        return background, (random.choice(beside), random.choice(alone))

    def _caption(self, random: Random, things: list[int], placed: list[Placed], same: bool, relation: str,
                 words: tuple[str, str] | None, style: str) -> str:
        """`words`: the background's, beside things and alone; nothing where the caption leaves it out."""
        beside, alone = words or ("", "")
        if not things:
            return random.choice(STYLES[style]).format(alone)
        if same:
            sentence = {2: "two", 3: "three"}[len(things)] + " " + self._name(random, things[0], placed[0], count=len(things))
        else:
            named = [self._name(random, thing, where) for thing, where in zip(things, placed)]
            if len(named) == 2:
                sentence = f"{named[0]} {random.choice(RELATIONS[relation])} {named[1]}"
            else:
                sentence = ", ".join(named[:-1]) + (" and " if len(named) > 1 else "") + named[-1]
        if beside:
            if relation == "beside" and random.random() < 0.06 and not beside.startswith(","):
                sentence = f"{beside}, {sentence}"
            else:
                sentence += beside if beside.startswith(",") else f" {beside}"
        return random.choice(STYLES[style]).format(sentence)

    def _name(self, random: Random, thing: int, placed: Placed, count: int = 1) -> str:
        """The thing's name with its colour and size, as people say them, and its article or plural."""
        names = self.things[thing].names
        bare = name = random.choice(names) if random.random() < 0.5 else names[0]
        own = None
        if placed.colour is not None:
            own = placed.colour
            first, _, rest = name.partition(" ")
            name = rest if first in COLOURS and rest else name
        elif self.own_share[placed.sprite] > 0.45 and random.random() < 0.3 and name.split()[0] not in COLOURS:
            own = int(self.own_colour[placed.sprite])
        if own is not None:
            name = f"{vocabulary.colour_word(COLOUR_NAMES[own], random)} {name}"
        if count > 1:
            return vocabulary.plural(name)
        if placed.scale > 0.85 and random.random() < 0.1:
            name = random.choice(("big ", "large ")) + name
        elif placed.scale < 0.62 and random.random() < 0.05:
            name = random.choice(("small ", "tiny ")) + name
        return name if random.random() < 0.15 else vocabulary.with_article(name, bare)

    # Pictures

    def draw(self, scenes: list[Scene], side: int) -> Tensor:
        """[N, 3, side, side] in 0..1."""
        pictures = torch.stack([self._draw_background(scene.background, side) for scene in scenes])
        coverage = torch.zeros(len(scenes), 1, side, side)
        jobs = [(index, placed) for index, scene in enumerate(scenes) for placed in scene.placed]
        if jobs:
            for (index, _), layer in zip(jobs, self._draw_things([placed for _, placed in jobs], side)):
                opaque = layer[3:]
                pictures[index] = pictures[index] * (1 - opaque) + layer[:3]
                coverage[index] = torch.maximum(coverage[index], opaque)
        groups: dict[tuple[str, int], list[int]] = {}
        for index, scene in enumerate(scenes):
            if scene.style != "none":
                seed = scene.stroke_seed if scene.choices is not None else 0
                groups.setdefault((scene.style, seed), []).append(index)
        for (style, _), members in groups.items():
            strokes = Generator().manual_seed(scenes[members[0]].stroke_seed)
            if scenes[members[0]].choices is None:
                pictures[members] = styled(style, pictures[members], coverage[members], strokes)
            else:
                # The same strokes, whoever is beside it in the batch.
                for member in members:
                    one = slice(member, member + 1)
                    strokes.manual_seed(scenes[member].stroke_seed)
                    pictures[one] = styled(style, pictures[one], coverage[one], strokes)
        return pictures.clamp(0, 1)

    def _draw_background(self, background: Background, side: int) -> Tensor:
        if background.scene is not None:
            painted = self.bank[background.scene, background.variant]
            size = painted.shape[-1]
            shown = round(size / backgrounds.MARGIN)
            left, top = (round(share * (size - shown)) for share in background.part)
            picture = painted[:, top:top + shown, left:left + shown].float() / 255
            if shown != side:
                picture = functional.interpolate(picture[None], (side, side), mode="area")[0]
            return picture.flip(-1) if background.flip else picture
        place = grid(side)
        first = COLOUR_VALUES[background.colours[0]].view(3, 1, 1)
        if len(background.colours) == 1:
            jitter = torch.tensor(background.jitter).view(3, 1, 1)
            return (first + jitter).clamp(0, 1) * (1 + background.shade * place[..., 1])
        last = COLOUR_VALUES[background.colours[1]].view(3, 1, 1)
        along = place[..., 1] * math.cos(background.tilt) + place[..., 0] * math.sin(background.tilt)
        along = (along * 0.5 + 0.5).clamp(0, 1)
        return first * (1 - along) + last * along

    def _draw_things(self, placed: list[Placed], side: int) -> Tensor:
        """[count, 4, side, side], colours multiplied by their coverage."""
        layers = torch.empty(len(placed), 4, side, side)
        sharp_enough = lambda thing: min(level for level in self.levels if level >= min(thing.scale * side, max(self.levels)))
        levels = [sharp_enough(thing) for thing in placed]
        for level in set(levels):
            members = [index for index, own in enumerate(levels) if own == level]
            matrices = torch.tensor([_matrix(placed[index]) for index in members])
            drawings = self.levels[level][[placed[index].sprite for index in members]].float() / 255
            for row, index in enumerate(members):
                if placed[index].colour is not None:
                    drawings[row, :3] = dyed(drawings[row], COLOUR_VALUES[placed[index].colour])
            drawings[:, :3] *= drawings[:, 3:]
            places = functional.affine_grid(matrices, (len(members), 4, side, side), align_corners=False)
            layers[members] = functional.grid_sample(drawings, places, align_corners=False)
        return layers


def _matrix(thing: Placed) -> list[list[float]]:
    """From places in the scene to places in the drawing."""
    angle = math.radians(thing.angle)
    cosine, sine = math.cos(angle) / thing.scale, math.sin(angle) / thing.scale
    mirror = -1.0 if thing.flip else 1.0
    return [
        [cosine * mirror, sine * mirror, -(cosine * thing.x + sine * thing.y) * mirror],
        [-sine, cosine, sine * thing.x - cosine * thing.y],
    ]


def dyed(drawing: Tensor, colour: Tensor) -> Tensor:
    """[3, H, W]: the drawing [4, H, W] in one colour that keeps its light and shade."""
    colours, coverage = drawing[:3], drawing[3:]
    light = luma(colours[None])[0]
    middle = (light * coverage).sum() / coverage.sum().clamp(min=1)
    difference = light - middle
    colour = colour.view(3, 1, 1)
    reach = torch.where(difference > 0, (1 - colour * 0.6) * 0.9, colour * 0.7 + 0.3)
    return ((colour + difference * reach) * 0.93 + colours * 0.07).clamp(0, 1)
