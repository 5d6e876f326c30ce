"""What is exported says the same as what was trained."""

import torch
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

import export
from clip import MEAN, DEVIATION, Clip, Words
from prior import Prior
from tokenizer import train
from vqgan import CONFIGURATION, Vqgan


def _trained_a_little(clip: Clip) -> Clip:
    """Batch norms that a fold must not lose."""
    for layer in clip.image:
        torch.nn.init.uniform_(layer.norm.running_mean, -0.5, 0.5)
        torch.nn.init.uniform_(layer.norm.running_var, 0.5, 2)
        torch.nn.init.uniform_(layer.norm.weight, 0.5, 1.5)
    return clip.eval()


def test_the_exported_text_tower_is_that_of_transformers(studio, folder, tmp_path):
    torch.manual_seed(0)
    train(studio, folder, tmp_path / "tokenizer.json", captions=2000)
    words = Words(tmp_path / "tokenizer.json")
    clip = _trained_a_little(Clip(words.vocabulary))
    export.export(clip, Vqgan(), Prior(), tmp_path / "tokenizer.json", tmp_path / "out")
    tensors = load_file(tmp_path / "out/clip/model.safetensors")
    text = {name: tensor.float() for name, tensor in tensors.items() if name.startswith("text")}
    theirs = CLIPTextModelWithProjection(CLIPTextConfig(**export.clip_configuration(clip)["text_config"])).eval()
    theirs.load_state_dict(text, strict=False)
    tokens, ends = words(list(export.CAPTIONS))
    with torch.no_grad():
        expected = torch.nn.functional.normalize(theirs(input_ids=tokens).text_embeds, dim=-1)
        ours = clip.text_features(tokens, ends)
    # Half precision keeps 11 bits.
    assert (expected - ours).abs().max() < 2e-3


def test_folded_convolutions_are_the_trained_ones():
    torch.manual_seed(1)
    clip = _trained_a_little(Clip(600))
    picture = torch.rand(2, 3, 64, 64)
    maps = (picture - MEAN) / DEVIATION
    for layer in clip.image:
        kernel, bias = export.folded(layer)
        convolution = layer.convolution
        out = torch.nn.functional.silu(
            torch.nn.functional.conv2d(maps, kernel, bias, convolution.stride, convolution.padding)
        )
        maps = maps + out if layer.residual else out
    with torch.no_grad():
        expected = clip.image((picture - MEAN) / DEVIATION)
    assert torch.allclose(maps, expected, rtol=1e-4, atol=1e-4)


def test_the_sizes_are_within_what_the_program_may_hold(tmp_path):
    parameters = sum(tensor.numel() for network in (Clip(2630), Vqgan(), Prior()) for tensor in network.parameters())
    # Ten megabytes of half precision, less a tokenizer of 0.2.
    assert parameters * 2 < 9.8e6
    assert Vqgan().encode(torch.rand(1, 3, 64, 96)).shape == (1, CONFIGURATION["embed_dim"], 8, 12)
