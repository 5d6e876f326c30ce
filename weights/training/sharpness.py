"""How sharp the edges of enlarged pictures are: canonical scenes go through the VQGAN at 128 pixels, and the program enlarges
what comes back. Beside it: bicubic enlargement, and the vector drawings at 512 pixels.

    python sharpness.py --work FOLDER --program target/release/text2art [--upscaler crisp]

An edge is where the drawing's luma differs by more than THRESHOLD between the pixels on both sides. The VQGAN moves edges, so
the steepest place within some pixels of the edge counts as well.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path
from random import Random

import numpy
import torch
import torch.nn.functional as functional
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from filters import edges, luma
from scenes import Studio
from vqgan import Vqgan

HERE = Path(__file__).parent
SIDE, FACTOR = 128, 4
SCENES, SEED = 50, 2222
THRESHOLD = 0.15
# How far from an edge its steepest place is looked for: there, within half a small pixel, and within two of them.
REACHES = (0, 2, 8)
# Variants of painted backgrounds; a bank of large ones takes a megabyte each.
VARIANTS = 8


def as_image(pictures: Tensor) -> Image.Image:
    return Image.fromarray((pictures[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(numpy.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 255


def slopes(picture: Tensor, drawing: Tensor) -> Tensor:
    """For each of REACHES the sum of the steepest slopes of a picture at the edges of a drawing."""
    at = edges(luma(drawing)) > THRESHOLD
    slope = edges(luma(picture))
    return torch.stack([functional.max_pool2d(slope, 2 * reach + 1, 1, reach)[at].sum() for reach in REACHES])


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"), help="the folder of the training, with its artwork")
    parser.add_argument("--program", type=Path, default=Path("target/release/text2art"), help="what enlarges")
    parser.add_argument("--upscaler", default="crisp", help="how it enlarges")
    parser.add_argument("--model", type=Path, default=HERE.parent / "embedded", help="the exported VQGAN")
    parser.add_argument("--scenes", type=int, default=SCENES)
    arguments = parser.parse_args()
    studio = Studio(arguments.work / "artwork", variants=VARIANTS, side=FACTOR * SIDE)
    vqgan = Vqgan()
    tensors = load_file(arguments.model / "vqgan/model.safetensors")
    vqgan.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    random = Random(SEED)
    drawings = []
    with tempfile.TemporaryDirectory() as folder:
        small = [Path(folder) / f"{index}.png" for index in range(arguments.scenes)]
        for path in small:
            scene = studio.plan_canonical(random)
            while scene.style != "none":
                scene = studio.plan_canonical(random)
            drawings.append(as_tensor(as_image(studio.draw([scene], FACTOR * SIDE))))
            shown = functional.avg_pool2d(drawings[-1], FACTOR)
            as_image(vqgan.decode(vqgan.codes(vqgan.nearest(vqgan.encode(shown))))).save(path)
        command = [arguments.program, "upscale", *small, "-x", str(FACTOR), "--upscaler", arguments.upscaler, "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        sums = {name: torch.zeros(len(REACHES)) for name in ("drawing", arguments.upscaler, "bicubic")}
        for path, drawing in zip(small, drawings):
            blurred = functional.interpolate(as_tensor(Image.open(path)), scale_factor=float(FACTOR), mode="bicubic")
            sums["drawing"] += slopes(drawing, drawing)
            sums["bicubic"] += slopes(blurred, drawing)
            sums[arguments.upscaler] += slopes(as_tensor(Image.open(path.with_stem(f"{path.stem}-x{FACTOR}"))), drawing)
    print(f"slopes at the edges of {arguments.scenes} drawings, as shares of the drawings' own")
    for name in (arguments.upscaler, "bicubic"):
        shares = (f"within {reach}: {share:.3f}" for reach, share in zip(REACHES, sums[name] / sums["drawing"]))
        print(f"  {name:10} " + "  ".join(shares))


if __name__ == "__main__":
    main()
