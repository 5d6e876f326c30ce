"""The generator of scenes: what it says is what it shows, and the same seed shows the same."""

from random import Random

import torch
import torch.nn.functional as functional

import vocabulary
from scenes import CHOICES, COLOUR_VALUES, Background, Placed, Scene, Studio
from vocabulary import COLOUR_NAMES, SCENE_NAMES, STYLE_NAMES


def test_the_vocabulary_is_as_large_as_promised(studio):
    assert len(studio.names) >= 300
    assert len(vocabulary.THING_COLOURS) >= 14 and len(SCENE_NAMES) >= 12 and len(STYLE_NAMES) - 1 >= 8
    assert all(studio.drawings), "every thing has a drawing"


def test_words_are_said_as_people_say_them():
    assert vocabulary.with_article("apple") == "an apple"
    assert vocabulary.with_article("purple corn", "corn") == "purple corn"
    plurals = {"cherry": "cherries", "fox": "foxes", "mouse": "mice", "glass of milk": "glasses of milk", "cup": "cups"}
    assert {name: vocabulary.plural(name) for name in plurals} == plurals


def test_the_same_seed_makes_the_same_scenes(studio):
    def drawn():
        torch.manual_seed(4)
        random = Random(4)
        scenes = studio.plan_batch(random, 24)
        return [scene.caption for scene in scenes], studio.draw(scenes, 64)

    (captions, pictures), (again, others) = drawn(), drawn()
    assert captions == again and torch.equal(pictures, others)
    assert pictures.shape == (24, 3, 64, 64) and pictures.min() >= 0 and pictures.max() <= 1
    assert len(set(captions)) > 20


def test_a_canonical_picture_follows_from_caption_and_choices(studio):
    random = Random(9)
    scenes = [studio.plan_canonical(random) for _ in range(40)]
    whole = studio.draw(scenes, 64)
    for index in (0, 7, 39):
        # Alone or beside others in a batch, whatever was drawn before.
        assert torch.equal(studio.draw(scenes[index : index + 1], 64)[0], whole[index])
    assert all(scene.choices.shape == (CHOICES,) for scene in scenes)


def test_things_alone_are_what_the_program_asks_for(studio):
    random = Random(9)
    scenes = [studio.plan_alone(random) for _ in range(2000)]
    assert max(len(scene.placed) for scene in scenes) == 1
    artists = [int(scene.choices[:3].argmax()) for scene in scenes]
    assert all(artists.count(artist) > 500 for artist in (0, 1, 2))
    # Whose drawing it is follows from the choices.
    drawn = [(scene.placed[0].sprite, artist) for scene, artist in zip(scenes, artists) if scene.placed]
    own = sum(int(studio.sprites.artist[sprite]) == artist for sprite, artist in drawn)
    assert own > 0.9 * len(drawn)
    # Both captions of `src/prior/composing/captions.rs`, and scenes without things.
    asked = ("{}", "{} on a blue background")
    plain = {form.format(vocabulary.with_article(name)) for name in studio.names for form in asked}
    assert sum(scene.caption in plain for scene in scenes) > 200
    assert any(scene.caption == "a sunset" and not scene.placed for scene in scenes)
    picture = studio.draw(scenes[:20], 64)
    assert torch.equal(studio.draw(scenes[13:14], 64)[0], picture[13])


def test_things_have_the_colour_and_the_place_that_is_said(studio):
    blue, white = COLOUR_NAMES.index("blue"), COLOUR_NAMES.index("white")
    apple = studio.drawings[[thing.name for thing in studio.things].index("apple")][0]
    placed = [Placed(apple, 0.46, 0, -0.46, colour=blue), Placed(apple, 0.46, 0, 0.46)]
    picture = studio.draw([Scene("a blue apple above an apple", Background((white,)), placed)], 64)[0]
    above, below = picture[:, 10:24, 24:40].mean((1, 2)), picture[:, 42:56, 24:40].mean((1, 2))
    nearest = [int((COLOUR_VALUES - colour).norm(dim=1).argmin()) for colour in (above, below)]
    assert COLOUR_NAMES[nearest[0]] in ("blue", "dark blue") and COLOUR_NAMES[nearest[1]] == "red"


def test_counts_and_relations_are_said(studio):
    random = Random(2)
    captions = [studio.plan(random).caption for _ in range(3000)]
    for word in ("two ", "three ", " above ", " under ", " next to "):
        assert sum(word in caption for caption in captions) > 10, word
    for style in STYLE_NAMES[1:]:
        assert any(style.split()[0] in caption for caption in captions), style


def test_large_scenes_show_what_small_ones_show(studio, folder):
    large = Studio(folder, variants=8, side=512)
    random = Random(5)
    scenes = [studio.plan_canonical(random) for _ in range(24)]
    plain = [scene for scene in scenes if scene.background.scene is None and scene.style == "none"]
    assert len(plain) > 3
    for scene in plain:
        apart = functional.avg_pool2d(large.draw([scene], 512), 4) - studio.draw([scene], 128)
        # Only edges differ, by what a pixel of theirs holds.
        assert apart.abs().mean() < 0.02 and apart.mean().abs() < 0.005
