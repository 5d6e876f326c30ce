"""The words of the embedded model: things, colours, scenes and styles, and the phrases people use for them."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

HERE = Path(__file__).parent

# Colours of things and backgrounds, in sRGB.
COLOURS = {
    "red": (220, 35, 40),
    "orange": (250, 140, 30),
    "yellow": (250, 215, 50),
    "green": (50, 165, 70),
    "blue": (40, 95, 220),
    "purple": (130, 60, 185),
    "pink": (250, 140, 185),
    "brown": (125, 75, 40),
    "black": (25, 25, 30),
    "white": (245, 245, 245),
    "gray": (135, 135, 140),
    "turquoise": (50, 200, 200),
    "beige": (230, 210, 170),
    "dark blue": (20, 30, 95),
    "light blue": (150, 205, 250),
    "dark green": (15, 80, 40),
}
COLOUR_NAMES = list(COLOURS)
# What a recoloured thing may be called; a dark blue apple is asked for less often than a red one.
THING_COLOURS = COLOUR_NAMES[:14]

_COLOUR_SYNONYMS = {
    "gray": ("gray", "grey"),
    "purple": ("purple", "purple", "violet"),
    "turquoise": ("turquoise", "teal", "cyan"),
    "red": ("red", "red", "crimson"),
    "yellow": ("yellow", "yellow", "golden"),
    "light blue": ("light blue", "sky blue"),
    "dark blue": ("dark blue", "navy blue", "navy"),
}

# Where a thing stands, by scene; and the scene by itself.
SCENES = {
    "night sky": (
        ("under a night sky", "at night", "under the stars", "in a starry night", "in the night", "with a night sky"),
        ("a night sky", "a starry night", "stars in the night sky"),
    ),
    "sunset": (
        ("at sunset", "with a sunset", "in front of a sunset", "at dusk", "under a sunset sky"),
        ("a sunset", "a sunset over the horizon"),
    ),
    "sea": (
        ("on the sea", "in the ocean", "on the water", "in the sea", "at sea"),
        ("the sea", "the ocean", "a calm sea"),
    ),
    "meadow": (
        ("in a meadow", "on the grass", "in a green field", "on a meadow", "in the garden"),
        ("a meadow", "a green field", "grass"),
    ),
    "snow": (
        ("in the snow", "in a snowy landscape", "in winter", "on the snow"),
        ("a snowy landscape", "snow", "a winter landscape"),
    ),
    "desert": (
        ("in the desert", "on the sand", "in a desert"),
        ("a desert", "sand dunes"),
    ),
    "mountains": (
        ("in front of mountains", "in the mountains", "with mountains", "with mountains in the background"),
        ("mountains", "a mountain landscape"),
    ),
    "beach": (
        ("on the beach", "at the beach", "on a beach by the sea"),
        ("a beach", "a sandy beach"),
    ),
    "forest": (
        ("in the forest", "in the woods", "in a forest"),
        ("a forest", "the woods"),
    ),
    "city": (
        ("in the city", "in a city", "in front of buildings", "in town"),
        ("a city", "buildings", "a city skyline"),
    ),
    "rain": (
        ("in the rain", "on a rainy day", "in a storm"),
        ("rain", "a rainy day"),
    ),
    "space": (
        ("in space", "in outer space", "in the galaxy"),
        ("outer space", "a galaxy", "space"),
    ),
    "underwater": (
        ("underwater", "under the sea", "under water"),
        ("an underwater scene", "the bottom of the sea"),
    ),
    "room": (
        ("in a room", "on a wooden floor", "indoors", "on a table"),
        ("a room", "a wooden floor"),
    ),
    "sky": (
        ("in the sky", "in a cloudy sky", "among clouds", "under a blue sky"),
        ("clouds", "a cloudy sky", "a blue sky"),
    ),
    "road": (
        ("on the road", "on a street", "on a road"),
        ("a road", "a street"),
    ),
}
SCENE_NAMES = list(SCENES)

# Styles, by how they are asked for.
STYLES = {
    "none": (
        "{}", "{}", "{}", "{}", "{}", "{}", "{}", "{}", "a picture of {}", "an image of {}", "an illustration of {}",
        "a drawing of {}", "an emoji of {}", "{}, cartoon", "a cartoon of {}", "digital art of {}",
    ),
    "pencil sketch": (
        "pencil sketch of {}", "a pencil drawing of {}", "{}, pencil sketch", "a sketch of {}", "{} drawn in pencil",
        "a line drawing of {}",
    ),
    "pixel art": ("pixel art of {}", "{}, pixel art", "{} in pixel art style", "8-bit {}"),
    "watercolor": (
        "watercolor of {}", "a watercolor painting of {}", "{}, watercolor", "{} in watercolor style",
        "a watercolour of {}",
    ),
    "oil painting": (
        "oil painting of {}", "an oil painting of {}", "a painting of {}", "{}, oil painting", "{} painted in oil",
    ),
    "low poly": ("low poly {}", "{}, low poly", "a low poly picture of {}", "{} in low poly style"),
    "black and white": (
        "black and white photo of {}", "{} in black and white", "{}, black and white", "a black and white picture of {}",
    ),
    "neon": ("neon {}", "{}, neon", "a neon sign of {}", "{} in neon lights"),
    "photo": ("a photo of {}", "photo of {}", "{}, photo", "a photograph of {}", "{}, photograph"),
    "sepia": ("sepia photo of {}", "{}, sepia", "an old photo of {}"),
}
STYLE_NAMES = list(STYLES)

# How two things stand: the words between them, of which the first is beside, above or under the second.
RELATIONS = {
    "beside": ("and", "and", "next to", "beside", "with"),
    "above": ("above", "over", "on top of"),
    "under": ("under", "below", "beneath"),
}
RELATION_NAMES = list(RELATIONS)

# Names that take no article.
_UNCOUNTED = set(
    """spaghetti sushi bacon broccoli popcorn corn garlic bread cheese lightning fire glasses sunglasses jeans scissors
    socks gloves blueberries grapes cherries pancakes fries santa chocolate honey coffee wine milk beer trousers pasta
    saturn lips earth poop rice""".split()
) | {"french fries", "mount fuji", "santa claus"}


@dataclass(frozen=True)
class Thing:
    """A thing's drawings in the icon sets and its names, of which the first is its own."""

    icon: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.names[0]


def things(path: Path = HERE / "things.txt") -> list[Thing]:
    """The things of the list, in its order."""
    lines = (line.strip() for line in path.read_text().splitlines())
    parts = (line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    return [Thing(icon, tuple(names.split("|"))) for icon, names in parts]


def synonyms(colour: str) -> tuple[str, ...]:
    """The words for a colour; the commonest more than once."""
    return _COLOUR_SYNONYMS.get(colour, (colour,))


def colour_word(colour: str, random: Random) -> str:
    """A word for a colour."""
    return random.choice(synonyms(colour))


def with_article(name: str, of: str | None = None) -> str:
    """"an apple"; names of what is not counted stay as they are. `of` is the name without its adjectives."""
    if name in _UNCOUNTED or of in _UNCOUNTED:
        return name
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def plural(name: str) -> str:
    """"cherries" of "cherry"; of "glass of milk", "glasses of milk"."""
    head, separator, rest = name.partition(" of ")
    if head in _UNCOUNTED:
        return name
    if head in ("man", "woman") or head.endswith((" man", " woman")):
        head = head[:-2] + "en"
    elif head in ("mouse", "fish", "sheep", "deer", "squid", "shrimp"):
        head = {"mouse": "mice"}.get(head, head)
    elif head.endswith("leaf") or head in ("wolf",):
        head = head[:-1] + "ves"
    elif head.endswith(("s", "x", "ch", "sh")):
        head += "es"
    elif head.endswith("y") and head[-2] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "s"
    return head + separator + rest
