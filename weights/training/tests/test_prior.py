"""How the prior is trained: the optimizer, the wider map of its second course, and a stage that was stopped."""

from dataclasses import replace

import pytest
import torch

import export
import train_prior
from checkpoint import Stage
from clip import Clip, Words
from muon import Muon, orthogonal
from prior import FIRST_MAP, STATES, Prior
from scenes import CHOICES
from vqgan import Vqgan


@pytest.mark.parametrize("shape", [(24, 40), (40, 24)])
def test_singular_values_come_near_one(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    values = left.T @ orthogonal(matrix) @ right.T
    assert 0.6 < values.diagonal().min() and values.diagonal().max() < 1.3
    assert (values - values.diagonal().diag()).abs().max() < 1e-3


@pytest.mark.parametrize("shape", [(24, 40), (40, 24)])
def test_muon_steps_as_torchs_does(shape):
    torch.manual_seed(1)
    start = torch.randn(shape)
    ours, exact, theirs = (torch.nn.Parameter(start.clone()) for _ in range(3))
    optimizers = [
        Muon([ours], lr=0.1, precision=torch.bfloat16), Muon([exact], lr=0.1, precision=torch.float32),
        torch.optim.Muon([theirs], lr=0.1, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
    ]
    for _ in range(3):
        gradient = torch.randn(shape)
        for parameter, optimizer in zip((ours, exact, theirs), optimizers):
            parameter.grad = gradient.clone()
            optimizer.step()
    way = (theirs - start).norm()
    # bfloat16 keeps eight bits.
    assert (ours - theirs).norm() < 0.03 * way and (exact - theirs).norm() < 0.05 * way
    # Each takes up the other's checkpoint.
    optimizers[1].load_state_dict(optimizers[2].state_dict())
    optimizers[1].step()


def test_a_wider_map_goes_on_from_a_narrower_one():
    torch.manual_seed(2)
    narrow, wide = Prior(FIRST_MAP).eval(), Prior().eval()
    wide.take(narrow.state_dict())
    states, ends = torch.randn(3, 6, STATES), torch.tensor([5, 2, 4])
    choices = torch.eye(CHOICES)[:3]
    with torch.no_grad():
        expected = narrow(states, ends, choices)
        # What is new says something, but not much.
        assert 0 < (wide(states, ends, choices) - expected).norm() < 0.5 * expected.norm()
        wide.conv_in.weight[:, FIRST_MAP:] = 0
        assert torch.allclose(wide(states, ends, choices), expected, atol=1e-4)


def test_each_caption_is_read_once_and_to_its_end():
    words = Words(export.EMBEDDED / "clip/tokenizer.json")
    torch.manual_seed(4)
    clip = Clip(words.vocabulary).eval()
    captions = ["a cat", "a red apple on a blue background", "a cat"]
    sayings = train_prior.Sayings(words, clip, captions)
    assert len(sayings.states) == 2
    states, ends = sayings([2, 1])
    with torch.no_grad():
        tokens, own_ends = words([captions[2], captions[1]])
        own = clip.states(tokens)
    assert ends.tolist() == own_ends.tolist()
    for row, end in enumerate(ends.tolist()):
        # Attention is causal: what comes after a caption's end, in a batch, changes nothing before it.
        assert torch.allclose(states[row, :end + 1].float(), own[row, :end + 1], atol=0.05)


class Stopped(Exception):
    """A training that is interrupted."""


def test_a_stopped_course_goes_on_as_if_it_had_not_been(studio, tmp_path, monkeypatch):
    torch.manual_seed(5)
    words = Words(export.EMBEDDED / "clip/tokenizer.json")
    clip, vqgan, start = Clip(words.vocabulary), Vqgan(), Prior(FIRST_MAP).state_dict()
    monkeypatch.setattr(train_prior, "BATCH", 8)
    course = replace(train_prior.COURSES["alone"], scenes=16)

    def trained(name: str) -> dict[str, torch.Tensor]:
        path = tmp_path / f"{name}.pt"
        return train_prior.train(studio, words, clip, vqgan, course, tmp_path / "lesson", path, 3, start).state_dict()

    whole = trained("whole")
    finish = Stage.finish_step

    def finish_and_stop(stage: Stage, losses: dict[str, float], report_every: int) -> None:
        finish(stage, losses, report_every)
        if stage.step == 2:
            stage.save()
            raise Stopped

    monkeypatch.setattr(Stage, "finish_step", finish_and_stop)
    with pytest.raises(Stopped):
        trained("stopped")
    monkeypatch.setattr(Stage, "finish_step", finish)
    for name, value in trained("stopped").items():
        assert torch.equal(value, whole[name]), name
    wide = Prior()
    wide.take(start)
    assert not torch.equal(whole["conv_out.weight"], wide.state_dict()["conv_out.weight"])
