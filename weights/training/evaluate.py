"""R-precision: draws the hundred prompts of `prompts.txt` with the program at its default settings, and asks two judges, one of
colors and shapes and one of shapes alone, which of them each picture was drawn from. Beside it: the untouched start, the first
picture without guidance, and composed scenes. Then the same for each group of the sixty prompts of `prompts_by_group.txt`.

    python evaluate.py --work FOLDER --program target/release/text2art --out FOLDER
"""

import argparse
import subprocess
from pathlib import Path
from random import Random

from PIL import Image
from torch import Tensor

import judge
from judge import Judge
from scenes import Studio

HERE = Path(__file__).parent


def prompts() -> list[str]:
    return HERE.joinpath("prompts.txt").read_text().split("\n")[:-1]


def groups() -> dict[str, list[str]]:
    """The prompts of each group of `prompts_by_group.txt`."""
    found: dict[str, list[str]] = {}
    for line in HERE.joinpath("prompts_by_group.txt").read_text().splitlines():
        if line.startswith("# "):
            found[line[2:]] = members = []
        else:
            members.append(line)
    return found


def draw(program: Path, folder: Path, options: list[str], texts: list[str], chosen: list[int] | None = None) -> list[Path]:
    """One picture of each prompt, or of the chosen ones; those that are there already are not drawn again."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
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


def composed(folder: Path) -> tuple[Tensor, list[str]]:
    """A hundred composed scenes and their captions: the most that can be expected."""
    random = Random(123)
    studio = Studio(folder)
    scenes = [studio.plan_canonical(random) for _ in range(100)]
    return studio.draw(scenes, 128), [scene.caption for scene in scenes]


def judged(judges: dict[str, Judge], name: str, pictures: Tensor, texts: list[str]) -> dict[str, Tensor]:
    """The places of the pictures' own prompts by each judge, which are printed."""
    places = {stage: judge.ranks(network, pictures, texts) for stage, network in judges.items()}
    for stage, own in places.items():
        print(judge.summary(name, own, stage), flush=True)
    return places


def judge_groups(judges: dict[str, Judge], program: Path, folder: Path, kinds: dict[str, list[str]]) -> None:
    """Prints the places of each group's prompts among those of all groups."""
    members = groups()
    texts = [prompt for group in members.values() for prompt in group]
    for name, options in kinds.items():
        pictures = judge.read(draw(program, folder / name.replace(" ", "-"), options, texts))
        for stage, network in judges.items():
            places = judge.ranks(network, pictures, texts).split([len(group) for group in members.values()])
            for group, own in zip(members, places):
                print(judge.summary(f"{group}, {name}", own, stage), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder of the training")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where pictures are drawn")
    arguments = parser.parse_args()
    judges = {stage: judge.load(arguments.work, stage) for stage in judge.JUDGES}
    judged(judges, "composed scenes", *composed(arguments.work / "artwork"))
    kinds = {
        "grey start": ["--init-noise", "none", "--iterations", "0"],
        "first picture": ["--iterations", "0"],
        "default": [],
        "guided from grey": ["--init-noise", "none"],
    }
    found = {}
    for name, options in kinds.items():
        pictures = draw(arguments.program, arguments.out / name.replace(" ", "-"), options, prompts())
        found[name] = pictures, judged(judges, name, judge.read(pictures), prompts())
    pictures, places = found["default"]
    for stage, own in places.items():
        missed = [f"{place}: {prompt}" for place, prompt in zip(own.tolist(), prompts()) if place > 5]
        print(f"not among five, by {stage}:", *missed, sep="\n  ")
    both = {name: kinds[name] for name in ("first picture", "default")}
    judge_groups(judges, arguments.program, arguments.out / "groups", both)
    # Two of five: forty of the hundred.
    chosen = [index for index in range(100) if index % 5 < 2]
    sheet([pictures[index] for index in chosen], arguments.out / "contact-sheet.png")


if __name__ == "__main__":
    main()
