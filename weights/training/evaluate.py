"""R-precision: draws the hundred prompts of `prompts.txt` with the program at its default settings, and asks the judge which
of them each picture was drawn from. Beside it: the untouched start, the first picture without guidance, and composed scenes.

    python evaluate.py --work FOLDER --program target/release/text2art --out FOLDER
"""

import argparse
import subprocess
from pathlib import Path
from random import Random

import torch
from PIL import Image

import judge
from judge import Judge
from scenes import Studio

HERE = Path(__file__).parent


def prompts() -> list[str]:
    return HERE.joinpath("prompts.txt").read_text().split("\n")[:-1]


def draw(program: Path, folder: Path, options: list[str], chosen: list[int] | None = None) -> list[Path]:
    """One picture of each prompt, or of the chosen ones; those that are there already are not drawn again."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, texts = [], prompts()
    for index in range(len(texts)) if chosen is None else chosen:
        prompt = texts[index]
        picture = folder / f"{index:03}.png"
        if not picture.exists():
            subprocess.run([program.resolve(), prompt, *options, "-q", "-o", picture], check=True, stdout=subprocess.DEVNULL)
        pictures.append(picture)
    return pictures


def sheet(pictures: list[Path], path: Path, columns: int = 8, side: int = 128) -> None:
    """All pictures in one."""
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * side, rows * side), "white")
    for index, picture in enumerate(pictures):
        small = Image.open(picture).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        whole.paste(small, (index % columns * side, index // columns * side))
    whole.save(path, optimize=True)


def composed(network: Judge, folder: Path) -> torch.Tensor:
    """The places of a hundred composed scenes' captions: the most that can be expected."""
    random = Random(123)
    studio = Studio(folder)
    scenes = [studio.plan_canonical(random) for _ in range(100)]
    return judge.ranks(network, studio.draw(scenes, 128), [scene.caption for scene in scenes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder of the training")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where pictures are drawn")
    arguments = parser.parse_args()
    network = Judge()
    network.load_state_dict(torch.load(arguments.work / "judge.pt", weights_only=False)["judge"])
    network.eval()
    print(judge.summary("composed scenes", composed(network, arguments.work / "artwork")), flush=True)
    kinds = {
        "grey start": ["--init-noise", "none", "--iterations", "0"],
        "first picture": ["--iterations", "0"],
        "default": [],
        "guided from grey": ["--init-noise", "none"],
    }
    found = {}
    for name, options in kinds.items():
        pictures = draw(arguments.program, arguments.out / name.replace(" ", "-"), options)
        found[name] = pictures, judge.ranks(network, judge.read(pictures), prompts())
        print(judge.summary(name, found[name][1]), flush=True)
    pictures, places = found["default"]
    missed = [f"{place}: {prompt}" for place, prompt in zip(places.tolist(), prompts()) if place > 5]
    print("not among five:", *missed, sep="\n  ")
    # Two of five: forty of the hundred.
    chosen = [index for index in range(100) if index % 5 < 2]
    sheet([pictures[index] for index in chosen], arguments.out / "contact-sheet.png")


if __name__ == "__main__":
    main()
