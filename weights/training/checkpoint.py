"""What every stage of the training has in common: threads, seeds, the learning rate's course, and checkpoints that a
stopped stage goes on from."""

import math
import os
import time
from pathlib import Path
from random import Random

import torch


class Stage:
    """The state of a stage: its step, networks and optimiser, its random numbers, and its file."""

    def __init__(self, path: Path, seed: int, steps: int, every_seconds: float = 240):
        torch.manual_seed(seed)
        self.path, self.steps, self.every = path, steps, every_seconds
        self.random = Random(seed)
        self.step, self.seconds = 0, 0.0
        self.parts: dict[str, object] = {}
        self._last = self._saved = time.monotonic()
        self._means: dict[str, float] = {}

    def keep(self, **parts) -> None:
        """What has a `state_dict` belongs to the checkpoint; a checkpoint that is there is taken up."""
        self.parts = parts
        if not self.path.exists():
            return
        state = torch.load(self.path, weights_only=False)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        self.step, self.seconds = state["step"], state["seconds"]
        self.random.setstate(state["random"])
        torch.set_rng_state(state["torch"])
        print(f"{self.path.name}: going on from step {self.step}", flush=True)

    @property
    def done(self) -> bool:
        return self.step >= self.steps

    def rate(self, highest: float, warm_up: int = 50) -> float:
        """A learning rate that rises for `warm_up` steps and falls along a cosine to a twentieth."""
        return highest * min(1, (self.step + 1) / warm_up) * (0.05 + 0.475 * (1 + math.cos(math.pi * self.step / self.steps)))

    def finish_step(self, losses: dict[str, float], report_every: int = 50) -> bool:
        """Counts the step, reports means, saves from time to time and at the end; whether it reported."""
        self.step += 1
        for name, value in losses.items():
            self._means[name] = 0.95 * self._means.get(name, value) + 0.05 * value
        now = time.monotonic()
        self.seconds += now - self._last
        self._last = now
        if self.done or now - self._saved > self.every:
            self.save()
            self._saved = now
        reported = self.step % report_every == 0 or self.done
        if reported:
            means = "  ".join(f"{name} {value:.4f}" for name, value in self._means.items())
            print(f"{self.path.stem} {self.step}/{self.steps}  {self.seconds:.0f} s  {means}", flush=True)
        return reported

    def save(self) -> None:
        state = {name: part.state_dict() for name, part in self.parts.items()}
        state |= {"step": self.step, "seconds": self.seconds, "random": self.random.getstate(), "torch": torch.get_rng_state()}
        part = self.path.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, self.path)


def has_bfloat16() -> bool:
    """Whether the machine computes in bfloat16. Others, such as processors with AVX2 alone, emulate it, which takes several
    times as long as float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Older versions of PyTorch do not say.
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def autocast():
    """bfloat16 if it is safe and the machine supports it: twice the speed."""
    return torch.autocast("cuda" if torch.cuda.is_available() else "cpu", torch.bfloat16, enabled=has_bfloat16())
