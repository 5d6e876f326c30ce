"""How the defaults of a drawer that the embedded CLIP guides were chosen: draws the prompts of a file with each row of
options and two seeds, and prints for each row the mean fit of the first picture, that of the last one, and the seconds of a
picture. A sheet of the pictures is beside those of each row, to be looked at: CLIP likes pictures that people do not.

    python search_drawer.py --program target/release/text2art --drawer fft --out FOLDER "" "--decay 2" "-n 200" ...

It needs nothing but Python.
"""

import argparse
import json
import shlex
import subprocess
import time
from pathlib import Path

PROMPTS = [
    "a red apple",
    "a penguin in the snow",
    "a sunflower",
    "an owl",
    "a sailboat on the sea",
    "a castle",
    "a green frog on a pink background",
    "a strawberry",
    "a butterfly",
    "a red mushroom in a forest",
]


def draw(arguments: argparse.Namespace, row: str, folder: Path) -> tuple[float, float, float]:
    """Draws one row: the mean of the first fits, of the last fits, and the seconds of a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    prompts = folder / "prompts.txt"
    lines = [f"{prompt} -- --seed {seed}" for prompt in PROMPTS[:: arguments.every] for seed in arguments.seeds]
    prompts.write_text("\n".join(lines) + "\n")
    command = [arguments.program.resolve(), "batch", "prompts.txt", "--drawer", arguments.drawer, *shlex.split(row)]
    command += ["--output", "{slug}-{seed}.png", "--contact-sheet", "sheet.png", "--results", "results.jsonl", "-q", "--force"]
    begun = time.monotonic()
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    seconds = (time.monotonic() - begun) / len(lines)
    firsts, lasts = [], []
    for line in (folder / "results.jsonl").read_text().splitlines():
        result = json.loads(line)
        picture = next(Path(folder, value) for value in result.values() if str(value).endswith(".png"))
        shown = subprocess.run(
            [arguments.program.resolve(), "info", picture.resolve(), "--json"], check=True, capture_output=True
        )
        fit = json.loads(shown.stdout)["result"]
        firsts.append(fit["first_fit"])
        lasts.append(fit["fit"])
    return sum(firsts) / len(firsts), sum(lasts) / len(lasts), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--drawer", required=True)
    parser.add_argument("--out", type=Path, required=True, help="where pictures are drawn")
    parser.add_argument("--every", type=int, default=1, help="draw every such prompt")
    parser.add_argument("--seeds", nargs="+", default=["1", "2"])
    parser.add_argument("rows", nargs="+", help="options of one row; an empty one for the defaults")
    arguments = parser.parse_args()
    for number, row in enumerate(arguments.rows):
        first, last, seconds = draw(arguments, row, arguments.out / f"row-{number}")
        print(f"{row or 'defaults'}: {first:.3f} -> {last:.3f}, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
