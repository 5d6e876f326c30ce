"""Trains the embedded model from nothing: `python train.py --work FOLDER --out FOLDER`.

Stages go in order, each from the checkpoint it left when it was stopped: artwork, tokenizer, vqgan, clip, prior, alone,
robust, judge, shapes, export. The VQGAN and the CLIP need nothing of each other, nor do the prior with what it learns alone,
the robust stage and the two judges: two processes with `--only` share two cores well.
"""

import argparse
from pathlib import Path

import torch

import export
import judge
import tokenizer
import train_clip
import train_prior
import train_robust
import train_vqgan
from clip import Clip, Words
from prior import Prior
from scenes import Studio
from vqgan import Vqgan

# Steps of each stage: what two processor cores do in a few hours.
STEPS = {"vqgan": 3600, "clip": 3000, "prior": 24000, "alone": 6000, "robust": 1500, "judge": 1500, "shapes": 1500}
STAGES = ("artwork", "tokenizer", *STEPS, "export")


class Training:
    """The folder of a training, and what its stages read of each other."""

    def __init__(self, work: Path, steps: int | None):
        self.work, self.most = work, steps
        self.artwork = work / "artwork"
        self.tokenizer = work / "tokenizer.json"

    def steps(self, stage: str) -> int:
        return min(STEPS[stage], self.most or STEPS[stage])

    def checkpoint(self, stage: str) -> Path:
        return self.work / f"{stage}.pt"

    def state(self, stage: str) -> dict:
        if not self.checkpoint(stage).exists():
            raise SystemExit(f"the stage {stage} has not been trained yet: run it first")
        return torch.load(self.checkpoint(stage), weights_only=False)

    def words(self) -> Words:
        return Words(self.tokenizer)

    def clip(self, stage: str = "clip") -> Clip:
        clip = Clip(self.words().vocabulary)
        clip.load_state_dict(self.state(stage)["clip"])
        return clip

    def vqgan(self) -> Vqgan:
        vqgan = Vqgan()
        vqgan.load_state_dict(self.state("vqgan")["vqgan"])
        return vqgan

    def prior(self) -> Prior:
        """The one that is shipped."""
        prior = Prior()
        prior.load_state_dict(self.state("alone")["prior"])
        return prior

    def run(self, stage: str, out: Path) -> None:
        if stage in judge.JUDGES:
            judge.train(stage, self.artwork, self.checkpoint(stage), self.steps(stage))
            return
        if stage == "export":
            export.export(self.clip("robust"), self.vqgan(), self.prior(), self.tokenizer, out)
            return
        studio = Studio(self.artwork)
        if stage == "tokenizer" and not self.tokenizer.exists():
            tokenizer.train(studio, self.artwork, self.tokenizer)
        elif stage == "vqgan":
            train_vqgan.train(studio, self.checkpoint(stage), self.steps(stage))
        elif stage == "clip":
            train_clip.train(studio, self.words(), self.checkpoint(stage), self.steps(stage))
        elif stage in train_prior.COURSES:
            start = self.state("prior")["prior"] if stage == "alone" else None
            train_prior.train(studio, self.words(), self.clip(), self.vqgan(), train_prior.COURSES[stage],
                              self.work / f"lesson-{stage}", self.checkpoint(stage), self.steps(stage), start)
        elif stage == "robust":
            aids = train_clip.Aids(len(studio.names))
            aids.load_state_dict(self.state("clip")["aids"])
            train_robust.train(self.clip(), aids, studio, self.words(), self.vqgan(), self.checkpoint(stage),
                               self.steps(stage))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"), help="where artwork and checkpoints are kept")
    parser.add_argument("--out", type=Path, default=Path("exported"), help="where the model is written")
    parser.add_argument("--only", choices=STAGES, action="append", help="run this stage alone; may be given again")
    parser.add_argument("--steps", type=int, help="at most so many steps a stage, to see whether all of it works")
    parser.add_argument("--threads", type=int, help="processor cores to use")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    training = Training(arguments.work, arguments.steps)
    for stage in arguments.only or STAGES:
        print(f"== {stage}", flush=True)
        training.run(stage, arguments.out)


if __name__ == "__main__":
    main()
