"""Fetches the icon sets the scenes are composed of and renders them.

The sets are npm packages of Iconify's: one `icons.json` with the bodies of all icons. Each archive is checked against
the digest the registry names and kept, so that a second run needs no network.
"""

import base64
import functools
import hashlib
import io
import json
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy
import resvg_py
import torch
from PIL import Image

from vocabulary import Thing, things

SIDE = 128
REGISTRY = "https://registry.npmjs.org"


@dataclass(frozen=True)
class Package:
    """An npm package at a version."""

    name: str
    version: str
    licence: str


# What the embedded model is trained on.
ARTWORK = (
    Package("@iconify-json/fluent-emoji", "1.2.7", "MIT"),
    Package("@iconify-json/fluent-emoji-flat", "1.2.6", "MIT"),
    Package("@iconify-json/noto", "1.2.9", "Apache-2.0"),
)
# What only the judge sees beside it; nothing of the judge is shipped.
JUDGES_ARTWORK = (
    Package("@iconify-json/twemoji", "1.2.5", "CC-BY-4.0"),
    Package("@iconify-json/openmoji", "1.2.29", "CC-BY-SA-4.0"),
    Package("@iconify-json/emojione", "1.2.3", "CC-BY-4.0"),
)
KEYWORDS = Package("emojilib", "4.0.3", "MIT")


@dataclass
class Sprites:
    """Rendered drawings of things.

    `pixels` [count, 4, SIDE, SIDE] uint8 with straight alpha; `thing` and `artist` [count]: whose drawing it is.
    """

    things: list[Thing]
    pixels: torch.Tensor
    thing: torch.Tensor
    artist: torch.Tensor


def fetch(package: Package, folder: Path) -> Path:
    """The package's archive, downloaded and checked where it is not there yet."""
    archive = folder / f"{package.name.replace('/', '-').lstrip('@')}-{package.version}.tgz"
    if archive.exists():
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(f"{REGISTRY}/{package.name}/{package.version}", timeout=60) as answer:
        about = json.load(answer)["dist"]
    with urllib.request.urlopen(about["tarball"], timeout=120) as answer:
        content = answer.read()
    kind, digest = about["integrity"].split("-", 1)
    if base64.b64encode(hashlib.new(kind, content).digest()).decode() != digest:
        raise RuntimeError(f"{package.name} {package.version}: the archive is not the one the registry names")
    part = archive.with_suffix(".part")
    part.write_bytes(content)
    part.rename(archive)
    return archive


def read(package: Package, folder: Path, member: str) -> dict:
    """A JSON file of the package."""
    with tarfile.open(fetch(package, folder)) as archive:
        return json.load(archive.extractfile(f"package/{member}"))


def keywords(folder: Path) -> list[str]:
    """The words people use for emoji, in alphabetic order."""
    entries = read(KEYWORDS, folder, "dist/emoji-en-US.json").values()
    words = {word for entry in entries for keyword in entry for word in keyword.lower().replace("_", " ").split()}
    return sorted(word for word in words if word.isascii() and word.isalpha() and len(word) > 2)


def _icon(icons: dict, names: str) -> dict | None:
    """The first icon of these names (a|b), through aliases."""
    for name in names.split("|"):
        name = icons.get("aliases", {}).get(name, {}).get("parent", name)
        if name in icons["icons"]:
            return icons["icons"][name]
    return None


def _rendered(icon: dict, icons: dict, side: int = SIDE) -> numpy.ndarray | None:
    """[4, side, side] uint8, or nothing where the drawing is all but empty."""
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{side}" '
        f'height="{side}" viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}">{icon["body"]}</svg>'
    )
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side))
    pixels = numpy.array(Image.open(io.BytesIO(png)).convert("RGBA").resize((side, side)))
    return pixels.transpose(2, 0, 1) if (pixels[..., 3] > 64).mean() > 0.02 else None


def sprites(folder: Path, packages: tuple[Package, ...] = ARTWORK) -> Sprites:
    """The drawings of all things in these sets, rendered once and kept in the folder."""
    named = "+".join(package.name.split("/")[-1] for package in packages)
    kept = folder / f"sprites-{named}.pt"
    wanted = things()
    if kept.exists():
        saved = torch.load(kept)
        if saved["icons"] == [thing.icon for thing in wanted]:
            return Sprites(wanted, saved["pixels"], saved["thing"], saved["artist"])
    pixels, owners, artists = [], [], []
    for artist, package in enumerate(packages):
        icons = read(package, folder, "icons.json")
        for index, thing in enumerate(wanted):
            icon = _icon(icons, thing.icon)
            drawing = None if icon is None else _rendered(icon, icons)
            if drawing is not None:
                pixels.append(drawing)
                owners.append(index)
                artists.append(artist)
    drawn = Sprites(wanted, torch.from_numpy(numpy.stack(pixels)), torch.tensor(owners), torch.tensor(artists))
    torch.save(
        {"icons": [thing.icon for thing in wanted], "pixels": drawn.pixels, "thing": drawn.thing, "artist": drawn.artist},
        kept,
    )
    return drawn


class LargeSprites:
    """The same drawings at another side, rendered when they are asked for: all of them would take gigabytes."""

    # How many are kept, for scenes that show them again.
    KEPT = 200

    def __init__(self, folder: Path, packages: tuple[Package, ...], drawn: Sprites, side: int):
        self.icons = []
        sets = [read(package, folder, "icons.json") for package in packages]
        for thing, artist in zip(drawn.thing.tolist(), drawn.artist.tolist()):
            icons = sets[artist]
            size = {name: icons[name] for name in ("width", "height") if name in icons}
            self.icons.append((_icon(icons, drawn.things[thing].icon), size))
        self.one = functools.lru_cache(self.KEPT)(lambda index: torch.from_numpy(_rendered(*self.icons[index], side)))

    def __getitem__(self, chosen: list[int]) -> torch.Tensor:
        """[count, 4, side, side] uint8."""
        return torch.stack([self.one(index) for index in chosen])
