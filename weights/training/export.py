"""Writes the trained networks as the program reads them: f16 safetensors with the names of Hugging Face's CLIP, of
taming-transformers' VQModel and of the prior, their configurations, the tokenizer, the vocabulary, and reference values.
`train.py` calls it as its last stage. A prior alone, of any checkpoint of its, is exported for the CLIP that is already there:

    python export.py --only prior --checkpoint work/alone.pt --out exported
"""

import argparse
import json
import re
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import scenes
import vocabulary
from clip import CONTEXT, DEVIATION, MEAN, SIDE, Clip, Convolution, Words
from prior import COARSE, CODE, CONDITION, GROUPS, STATES, WIDTH, Prior
from vqgan import CONFIGURATION, Vqgan

HERE = Path(__file__).parent
# The model that is shipped, and its reference values.
EMBEDDED, EXPECTED = HERE.parent / "embedded", HERE.parents[1] / "tests/fixtures/embedded/expected.safetensors"
CAPTIONS = ("a red apple on a blue background", "pencil sketch of a cat")


def folded(layer: Convolution) -> tuple[Tensor, Tensor]:
    """The kernel and bias of a convolution with its batch norm in it."""
    norm = layer.norm
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return layer.convolution.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def clip_tensors(clip: Clip) -> dict[str, Tensor]:
    tensors = {}
    for index, layer in enumerate(clip.image):
        tensors[f"image.conv.{index}.weight"], tensors[f"image.conv.{index}.bias"] = folded(layer)
    for name in ("fc1", "fc2"):
        tensors |= {f"image.{name}.{end}": getattr(getattr(clip, name), end) for end in ("weight", "bias")}
    return tensors | text_tensors(clip) | {"logit_scale": clip.logit_scale}


def text_tensors(clip: Clip) -> dict[str, Tensor]:
    """The tensors of the text tower: parameters or views of them, which can be written to."""
    tensors = {}
    for index, block in enumerate(clip.blocks):
        start = f"text_model.encoder.layers.{index}"
        for end in ("weight", "bias"):
            parts = getattr(block.queries_keys_values, end).chunk(3)
            for name, part in zip(("q_proj", "k_proj", "v_proj"), parts):
                tensors[f"{start}.self_attn.{name}.{end}"] = part
            tensors[f"{start}.self_attn.out_proj.{end}"] = getattr(block.out, end)
            for name in ("layer_norm1", "layer_norm2"):
                tensors[f"{start}.{name}.{end}"] = getattr(getattr(block, name), end)
            for name in ("fc1", "fc2"):
                tensors[f"{start}.mlp.{name}.{end}"] = getattr(getattr(block, name), end)
    tensors["text_model.embeddings.token_embedding.weight"] = clip.token_embedding.weight
    tensors["text_model.embeddings.position_embedding.weight"] = clip.position_embedding
    for end in ("weight", "bias"):
        tensors[f"text_model.final_layer_norm.{end}"] = getattr(clip.final_layer_norm, end)
    tensors["text_projection.weight"] = clip.text_projection.weight
    return tensors


@torch.no_grad()
def exported_text_tower(folder: Path) -> tuple[Clip, Words]:
    """The exported CLIP of a folder, without its image tower, and its words."""
    words = Words(folder / "tokenizer.json")
    clip = Clip(words.vocabulary).eval()
    saved = load_file(folder / "model.safetensors")
    for name, tensor in text_tensors(clip).items():
        tensor.copy_(saved[name])
    return clip, words


def clip_configuration(clip: Clip) -> dict:
    layers = [
        {
            "kernel": layer.convolution.kernel_size[0], "stride": layer.convolution.stride[0],
            "padding": layer.convolution.padding[0], "out": layer.convolution.out_channels, "residual": layer.residual,
        }
        for layer in clip.image
    ]
    width = clip.token_embedding.embedding_dim
    return {
        "model_type": "conv-clip",
        "projection_dim": clip.features,
        "vision_config": {
            "image_size": SIDE, "image_mean": MEAN.flatten().tolist(), "image_std": DEVIATION.flatten().tolist(),
            "hidden_act": "silu", "conv": layers,
        },
        "text_config": {
            "model_type": "clip_text_model", "hidden_size": width, "intermediate_size": 4 * width,
            "num_hidden_layers": len(clip.blocks), "num_attention_heads": clip.blocks[0].heads,
            "max_position_embeddings": CONTEXT, "vocab_size": clip.vocabulary, "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5, "projection_dim": clip.features, "bos_token_id": clip.vocabulary - 2,
            "eos_token_id": clip.vocabulary - 1, "pad_token_id": clip.vocabulary - 1,
        },
    }


def prior_configuration(prior: Prior) -> dict:
    return {
        "width": WIDTH, "condition": CONDITION, "states": STATES, "code": CODE, "coarse": COARSE, "map": prior.channels,
        "groups": GROUPS, "epsilon": 1e-5,
        "choices": {"artists": len(scenes.ARTWORK), "learned": list(scenes.ARTISTS), "variants": scenes.VARIANTS},
    }


# Words that say nothing by themselves.
SMALL_WORDS = frozenset("a an and at by for from in of on over in front the to under with next top below beneath above beside".split())


def known_words() -> dict[str, list]:
    """What the model knows, for people: each thing's names, and colours, scenes and styles; and every word of captions that
    says something."""
    things: dict[str, list[str]] = {}
    for thing in vocabulary.things():
        names = things.setdefault(thing.name, [])
        names += [name for name in thing.names if name not in names]
    phrases = [name for names in things.values() for name in names] + ["two", "three"]
    phrases += [phrase for beside, alone in vocabulary.SCENES.values() for phrase in beside + alone]
    phrases += [template.replace("{}", "") for templates in vocabulary.STYLES.values() for template in templates]
    phrases += [word for colour in vocabulary.COLOUR_NAMES for word in vocabulary.synonyms(colour)]
    words = {word for phrase in phrases for word in re.findall(r"[a-z0-9-]+", phrase)} - SMALL_WORDS
    return {
        "things": sorted(things.values()), "colours": vocabulary.COLOUR_NAMES, "scenes": vocabulary.SCENE_NAMES,
        "styles": vocabulary.STYLE_NAMES[1:], "words": sorted(words),
    }


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {name: tensor.detach().to("cpu", torch.float16).contiguous().clone() for name, tensor in tensors.items()}
    save_file(half, path, metadata={"format": "pt"})
    path.chmod(0o644)


def _write(value: dict, path: Path) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


@torch.no_grad()
def references(clip: Clip, vqgan: Vqgan, prior: Prior, words: Words) -> dict[str, Tensor]:
    """What the networks make of fixed inputs, in float32."""
    image = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    tokens, ends = words(list(CAPTIONS))
    numbers = (torch.arange(64) * 13 % len(vqgan.codebook)).view(1, 8, 8)
    return {
        "image": image, "image_embed": clip.image_features(image), "text_ids": tokens, "text_eot": ends,
        "text_embed": clip.text_features(tokens, ends), "vq_indices": numbers.flatten(),
        "vq_image": vqgan.decode(vqgan.codes(numbers)), "vq_z": vqgan.encode(image),
    } | prior_references(clip, prior, words)


@torch.no_grad()
def prior_references(clip: Clip, prior: Prior, words: Words) -> dict[str, Tensor]:
    """What the prior makes of the first caption."""
    tokens, ends = words(list(CAPTIONS[:1]))
    choices = torch.zeros(1, scenes.CHOICES)
    choices[0, [0, 4]] = 1
    return {"prior_choices": choices, "prior_vectors": prior(clip.states(tokens), ends, choices)}


def _save_references(expected: dict[str, Tensor], out: Path) -> None:
    path = out / "expected.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, path)
    path.chmod(0o644)


def export(clip: Clip, vqgan: Vqgan, prior: Prior, tokenizer: Path, out: Path) -> None:
    """Writes `clip/`, `vqgan/`, `prior/`, `vocabulary.json` and `expected.safetensors`."""
    for network in (clip, vqgan, prior):
        network.eval()
    _save(clip_tensors(clip), out / "clip/model.safetensors")
    _write(clip_configuration(clip), out / "clip/config.json")
    shutil.copyfile(tokenizer, out / "clip/tokenizer.json")
    _save(vqgan.state_dict(), out / "vqgan/model.safetensors")
    _write({"target": "taming.models.vqgan.VQModel", "params": CONFIGURATION}, out / "vqgan/config.json")
    _save_prior(prior, out)
    _write(known_words(), out / "vocabulary.json")
    _save_references(references(clip, vqgan, prior, Words(tokenizer)), out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file() and path.name != "expected.safetensors")
    print(f"{out}: {size / 1e6:.2f} MB")


def _save_prior(prior: Prior, out: Path) -> None:
    _save(prior.state_dict(), out / "prior/model.safetensors")
    _write(prior_configuration(prior), out / "prior/config.json")


def export_prior(prior: Prior, out: Path, embedded: Path = EMBEDDED, expected: Path = EXPECTED) -> None:
    """Writes `prior/`, for the exported CLIP in `embedded`, and `expected.safetensors` with new values of the prior."""
    _save_prior(prior.eval(), out)
    clip, words = exported_text_tower(embedded / "clip")
    _save_references(load_file(expected) | prior_references(clip, prior, words), out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("prior",), required=True, help="part to export; train.py exports everything")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint of the stage alone, finished or not")
    parser.add_argument("--out", type=Path, default=Path("exported"), help="folder for the exported files")
    arguments = parser.parse_args()
    saved = torch.load(arguments.checkpoint, weights_only=False)
    prior = Prior(saved["prior"]["conv_in.weight"].shape[1])
    prior.load_state_dict(saved["prior"])
    export_prior(prior, arguments.out)
    size = (arguments.out / "prior/model.safetensors").stat().st_size
    print(f"{arguments.out}: the prior of step {saved['step']}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
