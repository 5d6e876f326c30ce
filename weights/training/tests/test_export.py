"""What is exported says the same as what was trained."""

import json
import sys

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
    # What every program carries: 11.5 megabytes of half precision, beside a tokenizer of 0.2.
    assert parameters * 2 < 11.5e6
    assert Vqgan().encode(torch.rand(1, 3, 64, 96)).shape == (1, CONFIGURATION["embed_dim"], 8, 12)


def test_a_prior_is_exported_alone_beside_the_clip_that_is_there(tmp_path, monkeypatch):
    torch.manual_seed(3)
    prior = Prior()
    torch.save({"prior": prior.state_dict(), "step": 7}, tmp_path / "alone.pt")
    command = f"export.py --only prior --checkpoint {tmp_path}/alone.pt --out {tmp_path}/out"
    monkeypatch.setattr(sys, "argv", command.split())
    export.main()
    written = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert written == ["expected.safetensors", "prior/config.json", "prior/model.safetensors"]
    configuration = json.loads((tmp_path / "out/prior/config.json").read_text())
    assert configuration["map"] == 64 and configuration["choices"] == {"artists": 3, "learned": [0, 1, 2], "variants": 8}
    published, tensors = (load_file(folder / "prior/model.safetensors") for folder in (export.EMBEDDED, tmp_path / "out"))
    assert {name: tensor.dtype for name, tensor in tensors.items()} == {name: torch.float16 for name in published}
    for name, tensor in prior.state_dict().items():
        assert torch.equal(tensors[name], tensor.half()), name
    before, after = load_file(export.EXPECTED), load_file(tmp_path / "out/expected.safetensors")
    assert [name for name in before if not torch.equal(before[name], after[name])] == ["prior_vectors"]


def test_the_shipped_text_tower_is_read_back():
    clip, words = export.exported_text_tower(export.EMBEDDED / "clip")
    expected = load_file(export.EXPECTED)
    with torch.no_grad():
        features = clip.text_features(*words(list(export.CAPTIONS)))
    assert (features - expected["text_embed"]).abs().max() < 2e-3
