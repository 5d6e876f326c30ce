"""How the embedded model's defaults were chosen: draws every fifth prompt with each row of options, and prints how often the
judge finds a picture's own prompt first, among five, and its mean logarithmic place.

    python search.py --work FOLDER --program target/release/text2art --out FOLDER "--learning-rate 0.02" "-n 50" ...
"""

import argparse
import shlex
from pathlib import Path

import evaluate
import judge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder of the training")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where pictures are drawn")
    parser.add_argument("--every", type=int, default=5, help="draw every such prompt")
    parser.add_argument("rows", nargs="+", help="options of one row; an empty one for the defaults")
    arguments = parser.parse_args()
    network = judge.load(arguments.work, "judge")
    chosen = list(range(0, len(evaluate.prompts()), arguments.every))
    for number, row in enumerate(arguments.rows):
        folder = arguments.out / f"row-{number}"
        pictures = evaluate.draw(arguments.program, folder, shlex.split(row), evaluate.prompts(), chosen)
        places = judge.ranks(network, judge.read(pictures), evaluate.prompts(), chosen)
        evaluate.sheet(pictures, arguments.out / f"row-{number}.png", columns=10)
        spread = places.float().log().mean().exp().item()
        print(f"{judge.summary(row or 'default', places)}  geometric mean place {spread:.2f}", flush=True)


if __name__ == "__main__":
    main()
