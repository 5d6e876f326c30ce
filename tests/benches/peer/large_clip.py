"""Writes a CLIP of ViT-B/32's size with random weights, 605 MB in f32: `text2art bench --clip FOLDER` tells how long
a start with it takes.

    venv/bin/python tests/benches/peer/large_clip.py FOLDER
"""

import pathlib
import shutil
import sys

import torch
from transformers import CLIPConfig, CLIPModel

TOKENIZER = pathlib.Path(__file__).resolve().parent.parent.parent / "tests/fixtures/clip/tokenizer.json"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.manual_seed(0)
    # The configuration's own defaults are ViT-B/32.
    CLIPModel(CLIPConfig()).save_pretrained(sys.argv[1], safe_serialization=True)
    shutil.copy(TOKENIZER, sys.argv[1])


main()
