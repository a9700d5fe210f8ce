"""Streams image/caption pairs out of WebDataset shards, and makes training views of them."""

import glob
import io
import json
import math
import os
import random

import numpy as np
import torch
import torch.nn.functional as F
import webdataset as wds
from PIL import Image

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

# Captions that stand for the image itself; headings and page titles are about the page.
SOURCES = ("alt", "figcaption", "title", "aria-label")
# A caption takes part when it scored at most so much less than the best one beside the same image.
SCORE_MARGIN = 0.10


def shard_paths(folder):
    paths = sorted(glob.glob(os.path.join(folder, "[0-9]*.tar")))
    if not paths:
        raise SystemExit(f"{folder}: no shards (00000.tar ...) in it")
    return paths


def pixels_of(data, side):
    """The preprocessing of the pipeline: shorter side to `side` (bicubic), centre crop, 8 bits. [3, side, side]"""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    scale = side / min(image.size)
    width, height = (max(side, round(edge * scale)) for edge in image.size)
    if image.size != (width, height):
        image = image.resize((width, height), Image.BICUBIC)
    left, top = (width - side) // 2, (height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    return torch.from_numpy(np.array(image, dtype=np.uint8)).permute(2, 0, 1)


def captions_of(text, record):
    """The captions worth learning from: the one the pipeline chose, and the ones that came close to it."""
    chosen = [text]
    best = record.get("clip_score")
    captions = record.get("captions") or []
    if isinstance(captions, str):
        captions = json.loads(captions)
    for caption in captions:
        close = best is None or caption["score"] is None or caption["score"] >= best - SCORE_MARGIN
        if caption["source"] in SOURCES and close and caption["text"] not in chosen:
            chosen.append(caption["text"])
    return chosen


def pairs(paths, side, seed=None):
    """Dataset of (pixels, captions, url) in the shards' order, or shuffled anew by `seed`."""

    def sample(parts):
        data, text, record = parts
        record = json.loads(record)
        text = text.decode("utf-8")
        return pixels_of(data, side), captions_of(text, record), record.get("url", record.get("key"))

    stream = wds.WebDataset(
        paths, shardshuffle=len(paths) if seed is not None else False, seed=seed or 0, empty_check=False
    )
    if seed is not None:
        stream = stream.shuffle(4000, initial=2000, rng=random.Random(seed))
    return stream.to_tuple("jpg;png;webp", "txt", "json").map(sample)


def batches(paths, side, size, seed, dropped=frozenset()):
    """Batches of uint8 pixels [n, 3, side, side] and lists of captions; the last short one is left out, and so are
    the (url, caption) in `dropped`."""
    images, captions = [], []
    for pixels, texts, url in pairs(paths, side, seed):
        texts = [text for text in texts if (url, text) not in dropped]
        if not texts:
            continue
        images.append(pixels)
        captions.append(texts)
        if len(images) == size:
            yield torch.stack(images), captions
            images, captions = [], []


def smaller(x, side):
    """Floats [n, 3, s, s] at another side."""
    return x if x.shape[-1] == side else F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)


def thinned(text, rng):
    """Half of the time some words are left out, at least one stays: what is said has to be found in the words, not
    in the whole phrase, which stands beside few pictures and would be learnt by heart."""
    words = text.split()
    if rng.random() < 0.5:
        return text
    return " ".join([word for word in words if rng.random() < 0.65] or [rng.choice(words)])


def normalised(pixels, side=None):
    """uint8 [n, 3, s, s] to the floats that the vision tower takes, at another side where one is given."""
    mean = torch.tensor(MEAN, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=pixels.device).view(1, 3, 1, 1)
    return (smaller(pixels.float() / 255, side or pixels.shape[-1]) - mean) / std


def chance(n, p, generator, device):
    return (torch.rand(n, generator=generator) < p).to(device)


def training_views(pixels, side, generator):
    """Other backgrounds, colours, places, sizes and angles of the same pictures, as floats [n, 3, side, side]. What a
    picture shows stays readable: no mirror images (left and right are words), no turn beyond 12 degrees."""
    n = len(pixels)
    device = pixels.device

    def uniform(low, high, *shape):
        return (low + (high - low) * torch.rand(*shape, generator=generator)).to(device)

    x = smaller(pixels.float() / 255, side)

    # A new background where the four corners agree on the old one.
    corners = torch.stack([x[:, :, 1, 1], x[:, :, 1, -2], x[:, :, -2, 1], x[:, :, -2, -2]])
    agree = (corners.amax(0) - corners.amin(0)).amax(1) < 0.04
    old = corners.mean(0).view(n, 3, 1, 1)
    distance = (x - old).abs().amax(1, keepdim=True)
    keep = ((distance - 0.04) / 0.08).clamp(0, 1)
    ramp = torch.linspace(0, 1, side, device=device).view(1, 1, 1, side)
    ramp = torch.where(chance(n, 0.5, generator, device).view(n, 1, 1, 1), ramp, ramp.transpose(2, 3))
    first, second = uniform(0, 1, n, 3, 1, 1), uniform(0, 1, n, 3, 1, 1)
    flat = chance(n, 0.6, generator, device).view(n, 1, 1, 1)
    background = first + (torch.where(flat, first, second) - first) * ramp
    swap = (agree & chance(n, 0.35, generator, device)).view(n, 1, 1, 1)
    x = torch.where(swap, x * keep + background * (1 - keep), x)

    # Place, size, angle, shape.
    angle = uniform(-1, 1, n) * math.radians(12)
    scale = torch.exp(uniform(-0.18, 0.22, n))
    stretch = torch.exp(uniform(-0.08, 0.08, n))
    shift = uniform(-0.1, 0.1, n, 2)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    theta = torch.stack(
        [
            torch.stack([cos * stretch, -sin, shift[:, 0]], 1),
            torch.stack([sin, cos / stretch, shift[:, 1]], 1),
        ],
        1,
    )
    still = chance(n, 0.4, generator, device).view(n, 1, 1)
    identity = torch.eye(2, 3, device=device).expand(n, 2, 3)
    grid = F.affine_grid(torch.where(still, identity, theta), list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)

    # Colours, of half of them: a random mix of the channels about grey, contrast, brightness; now and then none at all.
    plain = x
    grey = x.mean(1, keepdim=True)
    saturation = uniform(0.5, 1.4, n, 1, 1, 1)
    saturation = torch.where(chance(n, 0.08, generator, device).view(n, 1, 1, 1), torch.zeros_like(saturation), saturation)
    x = grey + (x - grey) * saturation
    mix = torch.eye(3, device=device) + uniform(-0.08, 0.08, n, 3, 3)
    x = torch.einsum("nij,njhw->nihw", mix, x)
    x = (x - 0.5) * uniform(0.75, 1.25, n, 1, 1, 1) + 0.5 + uniform(-0.12, 0.12, n, 1, 1, 1)
    x = torch.where(chance(n, 0.5, generator, device).view(n, 1, 1, 1), x, plain)

    # Softer or sharper lines.
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = x + (soft - x) * uniform(-0.5, 0.5 * side / 64, n, 1, 1, 1)
    x = x.clamp(0, 1)

    # A hole.
    rows = torch.arange(side, device=device).view(1, side, 1)
    columns = rows.transpose(1, 2)
    middle = uniform(0, side, n, 2)
    half = uniform(0.05, 0.14, n) * side
    hole = ((rows - middle[:, 0].view(n, 1, 1)).abs() < half.view(n, 1, 1)) & (
        (columns - middle[:, 1].view(n, 1, 1)).abs() < half.view(n, 1, 1)
    )
    hole = (hole & chance(n, 0.1, generator, device).view(n, 1, 1)).unsqueeze(1)
    x = torch.where(hole, uniform(0, 1, n, 3, 1, 1), x)

    mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=device).view(1, 3, 1, 1)
    return (x - mean) / std
