"""The judges: one goes by colors as well, the other by shapes alone."""

import json

import torch

import evaluate
import judge
from filters import LUMA
from judge import Judge


def _in_two_colors() -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures that are equally light everywhere, the second one redder."""
    torch.manual_seed(0)
    picture = torch.nn.functional.interpolate(torch.rand(4, 3, 8, 8) * 0.4 + 0.3, scale_factor=8.0)
    red, green, _ = LUMA.flatten()
    return picture, picture + 0.2 * torch.tensor([1.0, -red / green, 0.0]).view(1, 3, 1, 1)


def test_only_the_judge_of_shapes_is_blind_to_colors():
    one, other = _in_two_colors()
    torch.manual_seed(1)
    with torch.no_grad():
        for shapes in (True, False):
            network = Judge(shapes).eval()
            apart = (network.pictures(one) - network.pictures(other)).norm(dim=1).min()
            assert apart < 1e-4 if shapes else apart > 1e-2


def test_lightness_and_contrast_say_nothing_about_shapes():
    picture = _in_two_colors()[0]
    assert torch.allclose(judge.gray(picture), judge.gray(picture * 0.5 + 0.4), atol=0.1)
    assert torch.allclose(judge.gray(picture).std((1, 2, 3)), torch.tensor(judge.CONTRAST), atol=0.06)
    assert torch.allclose(judge.gray(torch.full((1, 3, 8, 8), 0.9)), torch.tensor(0.5))


def test_words_for_colors_are_left_out():
    said = {
        "a red apple on a light blue background": "apple on background",
        "an orange on an orange background": "orange on background",
        "An orange, watercolor": "orange, watercolor",
        "an orange orangutan": "orangutan",
        "grapes against navy blue": "grapes against",
    }
    assert {caption: judge.without_colours(caption) for caption in said} == said


def test_prompts_that_differ_in_colors_share_a_place():
    torch.manual_seed(2)
    prompts = ["a red apple on a blue background", "a green apple on a pink background", "a cat"]
    same = judge.ranks(Judge(shapes=True).eval(), torch.rand(1, 3, 64, 64).expand(3, -1, -1, -1), prompts)
    assert same[0] == same[1] and sorted(same[1:].tolist()) in ([1, 2], [1, 3])
    captions = [Judge(shapes=True).reads(prompt) for prompt in prompts]
    assert judge.shared(captions).tolist() == [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]]


def test_both_judges_are_reported_by_name():
    line = json.loads(judge.summary("default", torch.tensor([1, 1, 4, 9]), "shapes"))
    assert line == {"pictures": "default", "judge": "shapes", "first": 0.5, "among five": 0.75}


def test_a_judge_that_was_saved_is_read_back(tmp_path):
    network = Judge(shapes=True)
    torch.save({"judge": network.state_dict()}, tmp_path / "shapes.pt")
    loaded = judge.load(tmp_path, "shapes")
    assert loaded.shapes and torch.equal(loaded.image_head[0].weight, network.image_head[0].weight)


def test_prompts_by_group_are_read():
    members = evaluate.groups()
    assert [len(group) for group in members.values()] == [12] * 5
    assert "a blue banana" in members["Unusual colors"] and "three apples" in members["Two things and counts"]
