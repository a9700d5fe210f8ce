"""Training views: other places, sizes, angles and colours of the same pictures."""

import math

import torch
import torch.nn.functional as F

# CLIP's.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def standard(x):
    """Floats 0..1 to the floats that the vision tower takes."""
    mean = torch.tensor(MEAN, device=x.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=x.device).view(1, 3, 1, 1)
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


def smaller(x, side):
    """Floats [n, 3, s, s] at another side."""
    return x if x.shape[-1] == side else F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)


def plain_views(pixels, side):
    """uint8 [n, 3, s, s] to floats [n, 3, side, side]: what the model sees when it is used."""
    return standard(smaller(pixels.float() / 255, side))


def regrounded(x, uniform):
    """Two in five of the pictures that stand on one plain colour, on another plain or graded one."""
    n, side = len(x), x.shape[-1]
    corners = torch.stack([x[:, :, 1, 1], x[:, :, 1, -2], x[:, :, -2, 1], x[:, :, -2, -2]])
    plain = (corners.amax(0) - corners.amin(0)).amax(1) < 0.04
    away = (x - corners.mean(0).view(n, 3, 1, 1)).abs().amax(1, keepdim=True)
    drawing = ((away - 0.04) / 0.08).clamp(0, 1)
    ramp = torch.linspace(0, 1, side, device=x.device).expand(1, 1, side, side)
    first, second = uniform(0, 1, n, 3, 1, 1), uniform(0, 1, n, 3, 1, 1)
    ground = first + (second - first) * ramp * (uniform(0, 1, n, 1, 1, 1) < 0.4)
    swap = (plain & (uniform(0, 1, n) < 0.4)).view(n, 1, 1, 1)
    return torch.where(swap, x * drawing + ground * (1 - drawing), x)


def holed(x, uniform):
    """A third of the pictures with a box of one colour upon them."""
    n, side = len(x), x.shape[-1]
    at = torch.arange(side, device=x.device) / side
    middle, half = uniform(0, 1, n, 2, 1), uniform(0.06, 0.16, n, 2, 1)
    inside = (at - middle).abs() < half
    hole = inside[:, 0, :, None] & inside[:, 1, None, :] & (uniform(0, 1, n, 1, 1) < 0.33)
    return torch.where(hole.unsqueeze(1), uniform(0, 1, n, 3, 1, 1), x)


def training_views(pixels, side, generator):
    """uint8 [n, 3, s, s] to floats [n, 3, side, side]. What a picture shows stays readable: no mirror images (left and
    right are words), no turn beyond ten degrees."""
    n = len(pixels)

    def uniform(low, high, *shape):
        return (low + (high - low) * torch.rand(*shape, generator=generator)).to(pixels.device)

    x = pixels.float() / 255
    if side < 64:
        x = smaller(x, side)
    x = regrounded(x, uniform)

    angle = uniform(-1, 1, n) * math.radians(10)
    scale, stretch = torch.exp(uniform(-0.2, 0.2, n)), torch.exp(uniform(-0.1, 0.1, n))
    shift = uniform(-0.08, 0.08, n, 2)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    across = torch.stack([cos * stretch, -sin, shift[:, 0]], 1)
    down = torch.stack([sin, cos / stretch, shift[:, 1]], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), [n, 3, side, side], align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    # Other colours for most of them, none at all for some.
    grey = x.mean(1, keepdim=True)
    saturation = uniform(0.5, 1.5, n, 1, 1, 1) * (uniform(0, 1, n, 1, 1, 1) >= 0.1)
    mix = torch.eye(3, device=pixels.device) + uniform(-0.2, 0.2, n, 3, 3)
    coloured = torch.einsum("nij,njhw->nihw", mix, grey + (x - grey) * saturation)
    middle = coloured.mean((1, 2, 3), keepdim=True)
    coloured = (coloured - middle) * uniform(0.6, 1.3, n, 1, 1, 1) + middle + uniform(-0.15, 0.15, n, 1, 1, 1)
    x = torch.where(uniform(0, 1, n, 1, 1, 1) < 0.75, coloured, x).clamp(0, 1)

    # Softer or sharper lines.
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = (x + (soft - x) * uniform(-0.5, 0.6, n, 1, 1, 1)).clamp(0, 1)
    return standard(holed(x, uniform))
