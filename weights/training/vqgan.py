"""The embedded VQGAN: taming-transformers' VQModel (Esser et al. 2021) with few channels, whose parameters have taming's
names, and four groups in its norms: one channel a group cannot hold a plain colour."""

import torch
import torch.nn as nn
import torch.nn.functional as functional
from torch import Tensor

GROUPS = 4
CONFIGURATION = {
    "embed_dim": 32,
    "n_embed": 1024,
    "ddconfig": {
        "double_z": False, "z_channels": 32, "resolution": 128, "in_channels": 3, "out_ch": 3, "ch": 16,
        "ch_mult": [1, 2, 4, 5], "num_res_blocks": 1, "attn_resolutions": [], "dropout": 0.0, "num_groups": GROUPS,
    },
}
# Pixels that a code covers along a side.
FACTOR = 8


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, channels, eps=1e-6)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, out: int):
        super().__init__()
        self.norm1, self.conv1 = _norm(channels), nn.Conv2d(channels, out, 3, padding=1)
        self.norm2, self.conv2 = _norm(out), nn.Conv2d(out, out, 3, padding=1)
        if channels != out:
            self.nin_shortcut = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(functional.silu(self.norm1(x)))
        h = self.conv2(functional.silu(self.norm2(h)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class Attention(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.norm = _norm(channels)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (layer(h).flatten(2).transpose(1, 2) for layer in (self.q, self.k, self.v))
        attended = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
        return x + self.proj_out(attended)


class Middle(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.block_1, self.attn_1, self.block_2 = (
            ResidualBlock(channels, channels), Attention(channels), ResidualBlock(channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Resampling(nn.Module):
    """A convolution that halves the picture, or comes after doubling it."""

    def __init__(self, channels: int, halving: bool):
        super().__init__()
        self.halving = halving
        self.conv = nn.Conv2d(channels, channels, 3, stride=2) if halving else nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if self.halving:
            return self.conv(functional.pad(x, (0, 1, 0, 1)))
        return self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    def __init__(self, channels: int, out: int, blocks: int, resampling: str | None):
        super().__init__()
        self.block = nn.ModuleList(ResidualBlock(channels if index == 0 else out, out) for index in range(blocks))
        if resampling:
            self.add_module(resampling, Resampling(out, resampling == "downsample"))

    def forward(self, x: Tensor) -> Tensor:
        for module in self.block:
            x = module(x)
        for name in ("downsample", "upsample"):
            x = getattr(self, name)(x) if hasattr(self, name) else x
        return x


class Encoder(nn.Module):
    def __init__(self, d: dict):
        super().__init__()
        widths = [d["ch"] * multiple for multiple in d["ch_mult"]]
        self.conv_in = nn.Conv2d(3, d["ch"], 3, padding=1)
        inputs, last = [d["ch"], *widths], len(widths) - 1
        self.down = nn.ModuleList(
            Level(inputs[level], widths[level], d["num_res_blocks"], "downsample" if level < last else None)
            for level in range(len(widths))
        )
        self.mid = Middle(widths[-1])
        self.norm_out, self.conv_out = _norm(widths[-1]), nn.Conv2d(widths[-1], d["z_channels"], 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
        return self.conv_out(functional.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    def __init__(self, d: dict):
        super().__init__()
        widths = [d["ch"] * multiple for multiple in d["ch_mult"]]
        inputs = [*widths[1:], widths[-1]]
        self.conv_in = nn.Conv2d(d["z_channels"], widths[-1], 3, padding=1)
        self.mid = Middle(widths[-1])
        self.up = nn.ModuleList(
            Level(inputs[level], widths[level], d["num_res_blocks"] + 1, "upsample" if level else None)
            for level in range(len(widths))
        )
        self.norm_out, self.conv_out = _norm(widths[0]), nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(functional.silu(self.norm_out(x)))


class Vqgan(nn.Module):
    """Pictures [N, 3, H, W] in 0..1 to latents [N, 32, H/8, W/8] and back."""

    def __init__(self):
        super().__init__()
        d, width = CONFIGURATION["ddconfig"], CONFIGURATION["embed_dim"]
        self.encoder, self.decoder = Encoder(d), Decoder(d)
        self.quantize = nn.Module()
        self.quantize.embedding = nn.Embedding(CONFIGURATION["n_embed"], width)
        self.quantize.embedding.weight.requires_grad_(False)
        self.quant_conv = nn.Conv2d(d["z_channels"], width, 1)
        self.post_quant_conv = nn.Conv2d(width, d["z_channels"], 1)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 4:
                nn.init.kaiming_normal_(parameter, nonlinearity="linear")
                if "conv2" in name or "proj_out" in name:
                    parameter.data.mul_(0.1)
            elif name.endswith("bias"):
                parameter.data.zero_()

    @property
    def codebook(self) -> Tensor:
        return self.quantize.embedding.weight

    def encode(self, pictures: Tensor) -> Tensor:
        """Latents before they are quantised."""
        return self.quant_conv(self.encoder(pictures * 2 - 1))

    def nearest(self, latents: Tensor) -> Tensor:
        """[N, h, w]: the nearest codes' numbers."""
        flat = latents.permute(0, 2, 3, 1).float()
        return (self.codebook.square().sum(1) - 2 * flat @ self.codebook.T).argmin(-1)

    def codes(self, numbers: Tensor) -> Tensor:
        """[N, 32, h, w] of numbers [N, h, w]."""
        return self.codebook[numbers].permute(0, 3, 1, 2)

    def quantised(self, latents: Tensor) -> Tensor:
        """The nearest codes, with the gradient of the latents (straight-through)."""
        return latents + (self.codes(self.nearest(latents)) - latents).detach()

    def decode(self, codes: Tensor) -> Tensor:
        """Pictures, about 0..1, not clamped."""
        return self.decoder(self.post_quant_conv(codes)) * 0.5 + 0.5
