"""Reads image/caption pairs out of WebDataset shards."""

import glob
import io
import json
import os
from dataclasses import dataclass

import numpy as np
import torch
import webdataset as wds
from PIL import Image

# Captions that stand for the image itself; headings and page titles are about the page.
SOURCES = ("alt", "figcaption", "title", "aria-label")
# A caption takes part when it scored at most so much less than the best one beside the same image.
SCORE_MARGIN = 0.10


@dataclass
class Pairs:
    """Pictures with the captions that stood beside them, decoded once: an epoch costs no decoding."""

    pixels: torch.Tensor  # uint8 [n, 3, side, side]
    captions: list[list[str]]  # of each picture, one at least
    urls: list[str]


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


def read_pairs(folders, side):
    """All pairs of these folders' shards, in the shards' order."""
    paths = [path for folder in folders for path in shard_paths(folder)]
    pixels, captions, urls = [], [], []
    # Each of several workers reads everything: they share out every batch, not the shards.
    stream = wds.WebDataset(paths, shardshuffle=False, empty_check=False, nodesplitter=lambda shards: shards)
    for image, text, record in stream.to_tuple("jpg;png;webp", "txt", "json"):
        record = json.loads(record)
        pixels.append(pixels_of(image, side))
        captions.append(captions_of(text.decode("utf-8"), record))
        urls.append(record.get("url", record.get("key")))
    return Pairs(torch.stack(pixels), captions, urls)
