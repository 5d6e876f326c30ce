"""The same work in PyTorch: one iteration of VQGAN+CLIP as its programs run it.

A decoder of taming-transformers (imagenet_f16_16384) and the image tower of a ViT-B/32 from transformers, both with
random weights and frozen; cutouts by kornia; the gradient of the latent only. Prints one JSON object. On a GPU each part
is waited for, and of whole iterations only the end.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time

import kornia.augmentation as augmentation
import torch
from taming.modules.diffusionmodules.model import Decoder
from torch import nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel

STAGES = [
    "decoder forward",
    "cutouts forward",
    "CLIP forward",
    "CLIP backward",
    "cutouts backward",
    "decoder backward",
    "optimizer",
]
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)


class Vqgan(nn.Module):
    """The part of a VQGAN from the codebook on."""

    def __init__(self):
        super().__init__()
        self.codebook = nn.Embedding(16384, 256)
        self.post_quant_conv = nn.Conv2d(256, 256, 1)
        self.decoder = Decoder(
            ch=128, out_ch=3, ch_mult=(1, 1, 2, 2, 4), num_res_blocks=2, attn_resolutions=[16], dropout=0.0,
            in_channels=3, resolution=256, z_channels=256, double_z=False,
        )

    def draw(self, latent):
        """The picture of the codes nearest to a latent; the gradient passes straight through."""
        points = latent.movedim(1, 3).flatten(0, 2)
        codes = self.codebook.weight
        distances = codes.square().sum(1) - 2 * points @ codes.T
        nearest = codes[distances.argmin(1)].view(latent.movedim(1, 3).shape).movedim(3, 1)
        straight_through = latent + (nearest - latent).detach()
        picture = self.decoder(self.post_quant_conv(straight_through))
        return (picture / 2 + 0.5).clamp(0, 1)


def cutouts_of(side):
    """Zooms with moved corners and changed colours, as VQGAN+CLIP programs draw them."""
    return nn.Sequential(
        augmentation.RandomResizedCrop((side, side), scale=(0.25, 0.95), ratio=(0.85, 1.2), p=1.0),
        augmentation.RandomPerspective(0.4, p=0.7),
        augmentation.ColorJitter(hue=0.1, saturation=0.1, p=0.8),
    )


def reset_peak_memory():
    """Lets `peak_memory` begin anew (`clear_refs` of proc(5)), as text2art's bench does."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak_memory():
    """The most memory this process held since the last reset, in bytes (`VmHWM` of proc(5))."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=256)
    arguments.add_argument("--cutouts", type=int, default=32)
    arguments.add_argument("--repetitions", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=0, help="0: what PyTorch chooses")
    arguments.add_argument("--device", default="cpu", help="cpu or cuda:N")
    arguments.add_argument("--precision", default="f32", choices=["f32", "tf32", "bf16"],
                           help="of products and convolutions on a GPU; bf16 by autocast")
    arguments.add_argument("--compile", action="store_true", help="with torch.compile")
    arguments = arguments.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    # PyTorch's own default is TF32 for convolutions and f32 for products.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = arguments.precision != "f32"
    device = torch.device(arguments.device)
    halves = torch.autocast(device.type, torch.bfloat16, enabled=arguments.precision == "bf16")

    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    # taming-transformers prints while it builds.
    with contextlib.redirect_stdout(sys.stderr):
        vqgan = Vqgan()
    vqgan = vqgan.eval().requires_grad_(False).to(device)
    clip = CLIPModel(CLIPConfig()).eval().requires_grad_(False).to(device)
    draw, image_features = vqgan.draw, clip.get_image_features
    if arguments.compile:
        draw, image_features = torch.compile(draw), torch.compile(image_features)
    mean, deviation = MEAN.to(device), DEVIATION.to(device)
    side = clip.config.vision_config.image_size
    augment = cutouts_of(side)
    tokens = arguments.size // 16
    codes = torch.randint(16384, (tokens * tokens,)).to(device)
    latent = vqgan.codebook.weight[codes].T.reshape(1, 256, tokens, tokens).clone()
    latent.requires_grad_(True)
    target = functional.normalize(torch.randn(512), dim=0).to(device)
    optimizer = torch.optim.Adam([latent], lr=0.1)

    seconds = {name: [] for name in STAGES}
    peaks = dict.fromkeys(STAGES, 0)
    peak_before = peak_memory()
    iterations = []

    def timed(name, work):
        reset_peak_memory()
        started = time.perf_counter()
        result = work()
        wait()
        seconds[name].append(time.perf_counter() - started)
        peaks[name] = max(peaks[name], peak_memory())
        return result

    def look(picture):
        seen = augment(picture.expand(arguments.cutouts, -1, -1, -1))
        seen = seen + 0.1 * torch.rand(arguments.cutouts, 1, 1, 1, device=device) * torch.randn_like(seen)
        return (seen - mean) / deviation

    def iteration(timed):
        optimizer.zero_grad(set_to_none=True)
        with halves:
            drawn = timed("decoder forward", lambda: draw(latent).float())
        picture = drawn.detach().requires_grad_(True)
        seen = timed("cutouts forward", lambda: look(picture))
        detached = seen.detach().requires_grad_(True)
        with halves:
            output = timed("CLIP forward", lambda: image_features(pixel_values=detached))
        features = functional.normalize(getattr(output, "pooler_output", output).float(), dim=1)
        loss = ((features - target).norm(dim=1) / 2).asin().square().mul(2).mean()
        timed("CLIP backward", lambda: loss.backward())
        timed("cutouts backward", lambda: seen.backward(detached.grad))
        timed("decoder backward", lambda: drawn.backward(picture.grad))
        timed("optimizer", optimizer.step)

    for _ in range(arguments.repetitions + 1):
        iteration(timed)
    for _ in range(arguments.repetitions + 1):
        started = time.perf_counter()
        iteration(lambda _, work: work())
        wait()
        iterations.append(time.perf_counter() - started)

    left = torch.rand(2048, 2048, device=device)
    products = []
    for _ in range(max(arguments.repetitions, 5) + 1):
        started = time.perf_counter()
        left @ left
        wait()
        products.append(time.perf_counter() - started)

    # The first repetition warms up.
    print(json.dumps({
        "program": f"PyTorch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "stages": {name: statistics.median(times[1:]) for name, times in seconds.items()},
        "iteration": statistics.median(iterations[1:]),
        "product": statistics.median(products[1:]),
        "peaks": peaks,
        "peak_memory": max(peak_before, peak_memory(), *peaks.values()),
    }))


if __name__ == "__main__":
    main()
