"""Second stage of the CLIP: makes the image tower's gradients look like what they ask for. The text tower stays.

Half of the batches are changed against the tower within a small distance before it learns from them (Madry et al. 2017;
that such a tower's gradients show things: Santurkar et al. 2019). Beside scenes it sees pictures that guidance made with it
a moment before, of captions whose real pictures are in the same batch: a text must find the real ones. They are begun from
random codes, from codes of other scenes, and from where earlier ones stopped. Scenes with displaced parts count as wrong
ones, too; scenes through the VQGAN as right ones.
"""

from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as functional
from torch import Tensor

from augment import homographies, seen
from checkpoint import Stage, autocast
from clip import SIDE, Clip, Words
from filters import blur, displaced
from guidance import guided
from scenes import Scene, Studio
from train_clip import Aids, contrast, measures
from vqgan import Vqgan

BATCH = 144
RATE = 4e-4
# The largest change against the tower, as the length of all differences of a picture of 64x64.
REACH = 2.5
# Of the batch: scenes of guided pictures, scenes shown through the VQGAN, scenes shown scrambled as well.
GUIDED, RECONSTRUCTED, SCRAMBLED = 24, 24, 16
MADE_EVERY, MADE, MADE_STEPS, MOST_MADE = 15, 24, 20, 600


class Gallery:
    """Guided pictures with their scenes' real ones; the oldest leave it."""

    def __init__(self):
        self.entries: list[tuple[str, Tensor, list[Tensor], Tensor]] = []

    def make(self, stage: Stage, clip: Clip, vqgan: Vqgan, words: Words, studio: Studio) -> None:
        random = stage.random
        large = random.random() < 0.25
        count, side = (MADE // 3, 128) if large else (MADE, SIDE)
        scenes = [studio.plan(random) for _ in range(count)]
        real = studio.draw(scenes, side)
        captions = [scene.caption for scene in scenes]
        with torch.no_grad(), autocast():
            latents = vqgan.codes(vqgan.nearest(vqgan.encode(real)))
            real = vqgan.decode(latents).float().clamp(0, 1)
        cells = side // 8
        begun = latents.clone()
        for index in range(count):
            kind = random.random()
            if kind < 0.4:
                begun[index] = vqgan.codes(torch.randint(len(vqgan.codebook), (1, cells, cells)))[0]
            elif kind < 0.6:
                begun[index] = vqgan.codebook[random.randrange(len(vqgan.codebook))].view(-1, 1, 1)
            elif kind < 0.85:
                begun[index] = latents[random.randrange(count)]
        older = [index for index, entry in enumerate(self.entries) if entry[3].shape[-1] == cells]
        older = random.sample(older, count // 2) if len(older) >= 2 * count else []
        for index, entry in enumerate(older):
            captions[index], begun[index] = self.entries[entry][0], self.entries[entry][3]
        clip.eval().requires_grad_(False)
        with autocast():
            texts = clip.text_features(*words(captions))
        pictures, ended = guided(clip, vqgan, texts, begun, MADE_STEPS, random, 0.1 * random.uniform(0.7, 1.5))
        clip.train()
        _freeze_text(clip)
        small = [functional.interpolate(picture, (SIDE, SIDE), mode="area") for picture in [real, *pictures]]
        as_bytes = [(picture * 255).to(torch.uint8) for picture in small]
        for index in range(count):
            own = self.entries[older[index]][1] if index < len(older) else as_bytes[0][index]
            entry = (captions[index], own, [picture[index] for picture in as_bytes[1:]], ended[index].half())
            if index < len(older):
                self.entries[older[index]] = entry
            else:
                self.entries.append(entry)
        del self.entries[:-MOST_MADE]

    def sample(self, stage: Stage, count: int) -> tuple[list[str], Tensor, Tensor]:
        """Captions, real and guided pictures."""
        chosen = stage.random.sample(self.entries, min(count, len(self.entries)))
        real = torch.stack([entry[1] for entry in chosen]).float() / 255
        wrong = torch.stack([stage.random.choice(entry[2]) for entry in chosen]).float() / 255
        return [entry[0] for entry in chosen], real, wrong


def _freeze_text(clip: Clip) -> None:
    for name, parameter in clip.named_parameters():
        parameter.requires_grad_(name.split(".")[0] in ("image", "fc1", "fc2"))


def scrambled(pictures: Tensor, stage: Stage) -> Tensor:
    """Pictures whose parts are where they do not belong: bent, or half of them seen elsewhere."""
    count, side = len(pictures), pictures.shape[-1]
    if stage.random.random() < 0.5:
        cells = stage.random.choice((4, 5, 6, 8))
        return displaced(pictures, (torch.rand(count, 2, cells, cells) - 0.5) * stage.random.uniform(0.7, 1.3))
    places = homographies(count, side, (0.5, 0.9), 60, 0.1)
    other = functional.grid_sample(pictures, places, padding_mode="reflection", align_corners=False)
    mask = functional.interpolate(torch.rand(count, 1, 4, 4), (side, side), mode="bicubic") > 0.5
    return blur(torch.where(mask, pictures, other), 0.6)


def _against(clip: Clip, views: Tensor, texts: Tensor) -> Tensor:
    """The views, changed within a random reach so that the loss rises."""
    reach = torch.rand(len(views), 1, 1, 1) * REACH

    def of_length(change: Tensor) -> Tensor:
        return change / change.flatten(1).norm(dim=1).clamp(min=1e-10).view(-1, 1, 1, 1)

    change = of_length(torch.randn_like(views)) * reach * torch.rand(len(views), 1, 1, 1)
    change.requires_grad_(True)
    with autocast():
        features = clip.image_features(views + change)
    slope = torch.autograd.grad(contrast(features, texts, clip.logit_scale), change)[0]
    change = change.detach() + of_length(slope) * reach
    return views + change * (reach / change.flatten(1).norm(dim=1).clamp(min=1e-8).view(-1, 1, 1, 1)).clamp(max=1)


def train(clip: Clip, aids: Aids, studio: Studio, words: Words, vqgan: Vqgan, path: Path, steps: int, seed: int = 3) -> Clip:
    """Trains, or goes on training, the image tower of a trained CLIP, and gives the network."""
    vqgan.eval().requires_grad_(False)
    _freeze_text(clip)
    stage = Stage(path, seed, steps)
    trained = [parameter for parameter in clip.parameters() if parameter.requires_grad] + list(aids.parameters())
    optimizer = torch.optim.AdamW(trained, lr=RATE, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.02)
    stage.keep(clip=clip, aids=aids, optimizer=optimizer)
    gallery = Gallery()
    while not stage.done:
        for group in optimizer.param_groups:
            group["lr"] = stage.rate(RATE)
        if stage.step % MADE_EVERY == 0 or len(gallery.entries) < GUIDED:
            gallery.make(stage, clip, vqgan, words, studio)
        loss, report = _step_loss(stage, clip, aids, gallery, studio, words, vqgan)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        if stage.finish_step(report) and stage.step % 250 == 0 or stage.done:
            print(measures(clip, words, studio), flush=True)
            _freeze_text(clip)
    return clip


def _step_loss(stage: Stage, clip: Clip, aids: Aids, gallery: Gallery, studio: Studio, words: Words,
               vqgan: Vqgan) -> tuple[Tensor, dict[str, float]]:
    scenes: list[Scene] = studio.plan_batch(stage.random, BATCH - GUIDED)
    drawn = studio.draw(scenes, SIDE)
    with torch.no_grad(), autocast():
        codes = vqgan.codes(vqgan.nearest(vqgan.encode(drawn[:RECONSTRUCTED])))
        drawn[:RECONSTRUCTED] = vqgan.decode(codes).float().clamp(0, 1)
    captions, real, wrong = gallery.sample(stage, GUIDED)
    broken = [index for index, scene in enumerate(scenes) if scene.placed][:SCRAMBLED]
    pictures = torch.cat([drawn, real, wrong, scrambled(drawn[broken], stage)])
    views = seen(pictures, stage.random, noise=0.15)
    with torch.no_grad(), autocast():
        texts = clip.text_features(*words([scene.caption for scene in scenes] + captions))
    if stage.random.random() < 0.5:
        views = _against(clip, views, texts)
    with autocast():
        hidden = clip.hidden(views)
        features = clip.fc2(hidden)
        aid = aids.loss(hidden[: len(scenes)], scenes, studio)
    features = functional.normalize(features.float(), dim=-1)
    loss = contrast(features, texts, clip.logit_scale)
    with torch.no_grad():
        first, own = len(scenes), texts[len(scenes):]
        of_real = (features[first : first + len(own)] * own).sum(1).mean().item()
        of_wrong = (features[first + len(own) : first + 2 * len(own)] * own).sum(1).mean().item()
    return loss + aid, {"contrast": loss.item(), "aids": aid.item(), "real": of_real, "guided": of_wrong}
