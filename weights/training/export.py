"""Writes the trained networks as the program reads them: f16 safetensors with the names of Hugging Face's CLIP, of
taming-transformers' VQModel and of the prior, their configurations, the tokenizer, the vocabulary, and reference values."""

import json
import re
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

import scenes
import vocabulary
from clip import CONTEXT, DEVIATION, MEAN, SIDE, Clip, Convolution, Words
from prior import COARSE, CODE, CONDITION, GROUPS, MAP, STATES, WIDTH, Prior
from vqgan import CONFIGURATION, Vqgan

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
    tensors["logit_scale"] = clip.logit_scale
    return tensors


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


def prior_configuration() -> dict:
    return {
        "width": WIDTH, "condition": CONDITION, "states": STATES, "code": CODE, "coarse": COARSE, "map": MAP,
        "groups": GROUPS, "epsilon": 1e-5,
        "choices": {"artists": 3, "learned": list(scenes.CANONICAL_ARTISTS), "variants": scenes.VARIANTS},
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
    choices = torch.zeros(1, scenes.CHOICES)
    choices[0, [0, 4]] = 1
    return {
        "image": image, "image_embed": clip.image_features(image), "text_ids": tokens, "text_eot": ends,
        "text_embed": clip.text_features(tokens, ends), "vq_indices": numbers.flatten(),
        "vq_image": vqgan.decode(vqgan.codes(numbers)), "vq_z": vqgan.encode(image), "prior_choices": choices,
        "prior_vectors": prior(clip.states(tokens[:1]), ends[:1], choices),
    }


def export(clip: Clip, vqgan: Vqgan, prior: Prior, tokenizer: Path, out: Path) -> None:
    """Writes `clip/`, `vqgan/`, `prior/`, `vocabulary.json` and `expected.safetensors`."""
    for network in (clip, vqgan, prior):
        network.eval()
    _save(clip_tensors(clip), out / "clip/model.safetensors")
    _write(clip_configuration(clip), out / "clip/config.json")
    shutil.copyfile(tokenizer, out / "clip/tokenizer.json")
    _save(vqgan.state_dict(), out / "vqgan/model.safetensors")
    _write({"target": "taming.models.vqgan.VQModel", "params": CONFIGURATION}, out / "vqgan/config.json")
    _save(prior.state_dict(), out / "prior/model.safetensors")
    _write(prior_configuration(), out / "prior/config.json")
    _write(known_words(), out / "vocabulary.json")
    expected = references(clip, vqgan, prior, Words(tokenizer))
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, out / "expected.safetensors")
    (out / "expected.safetensors").chmod(0o644)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file() and path.name != "expected.safetensors")
    print(f"{out}: {size / 1e6:.2f} MB")
