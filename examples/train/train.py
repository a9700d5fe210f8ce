#!/usr/bin/env python3
"""Trains a small two-tower model on the shards of one or more runs, and writes it as a model folder.

    python train.py --shards DIR [--shards DIR ...] --held-out DIR --truth FILE --out MODEL_FOLDER

--truth is what shards.js wrote: {"names": [...], "shown": {image URL: name}}; it serves the measuring on --held-out alone.
"""

import argparse
import copy
import json
import math
import os
import platform
import random
import sys
import time

import torch
import torch.nn.functional as F

import data
import export
import tokens
import views
import workers
import zeroshot
from model import IMAGE_SIDE, MAX_TOKENS, TwoTowers, contrastive_loss
from muon import Muon

# Pictures are kept a little larger than the model sees them, so that a view turned or shifted stays sharp.
KEPT_SIDE = 80
# A model that believes less than this share of the captions has learnt too little to judge them.
LEAST_BELIEVED = 0.7


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", action="append", required=True, help="folder of shards to learn from; repeatable")
    parser.add_argument("--held-out", help="folder of shards to measure on; nothing of it is learnt from")
    parser.add_argument("--truth", help="JSON file: names, and which image URL shows which")
    parser.add_argument("--out", required=True, help="model folder to write")
    parser.add_argument("--epochs", type=float, default=42)
    parser.add_argument("--stages", default="32:256:0.3,48:256:0.3,64:256:0.4",
                        help="picture side, batch size and share of the epochs of each stage")
    parser.add_argument("--clean-at", default="0.12,0.2,0.3,0.5",
                        help="shares of the epochs after which captions are judged anew and doubtful ones left out; '' = never")
    parser.add_argument("--steps", type=int, help="stop after so many steps (for a quick try)")
    parser.add_argument("--rate", type=float, default=0.02, help="highest learning rate of kernels and matrices (Muon)")
    parser.add_argument("--plain-rate", type=float, default=2e-3, help="highest learning rate of all other weights (AdamW)")
    parser.add_argument("--decay", type=float, default=0.05, help="weight decay of kernels and matrices")
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--width", type=int, default=128, help="of the shared space")
    parser.add_argument("--channels", default="32,64,128,224", help="of the vision tower's four stages")
    parser.add_argument("--measure-every", type=int, default=2, help="epochs between two zero-shot measurements")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1 if torch.cuda.is_available() else 2,
                        help="processes that share each batch; another number gives another model")
    parser.add_argument("--threads", type=int, default=1, help="of each worker")
    return parser.parse_args()


class Log:
    """One JSON object a line, on the screen and in the file beside the weights; of the first worker alone."""

    def __init__(self, path, silent):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.file = None if silent else open(path, "w", encoding="utf-8")

    def line(self, **values):
        if self.file is None:
            return
        text = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()})
        print(text, flush=True)
        print(text, file=self.file, flush=True)


class Average:
    """Exponential moving average of the model: steadier than the last step's."""

    def __init__(self, model, keep):
        self.keep, self.steps = keep, 0
        self.model = copy.deepcopy(model).eval()

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (10 + self.steps))
        for mean, now in zip(self.model.state_dict().values(), model.state_dict().values()):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


class Captions:
    """All captions of all pictures as ids, and which of them are still believed."""

    def __init__(self, tokenizer, of_pictures, device):
        flat = [caption for captions in of_pictures for caption in captions]
        self.ids = torch.tensor(tokens.encode(tokenizer, flat, MAX_TOKENS), device=device)
        self.lengths = (self.ids == tokens.end_of(tokenizer)).int().argmax(1) + 1
        self.owners = torch.tensor([i for i, captions in enumerate(of_pictures) for _ in captions], device=device)
        self.believed = torch.ones(len(flat), dtype=torch.uint8, device=device)

    def one_each(self, rng):
        """(picture, caption) numbers: of each picture one caption that is believed, in a new order."""
        choices = {}
        for caption in self.believed.nonzero().flatten().tolist():
            choices.setdefault(self.owners[caption].item(), []).append(caption)
        chosen = [(picture, rng.choice(captions)) for picture, captions in choices.items()]
        rng.shuffle(chosen)
        return chosen

    def ids_of(self, numbers):
        return self.ids[numbers, : int(self.lengths[numbers].max())]


def stage_at(stages, share):
    """(picture side, batch size) at a share (0..1) of the training; `stages` as the option has it."""
    until = 0.0
    for stage in stages.split(","):
        side, batch, length = stage.split(":")
        until += float(length)
        if share < until - 1e-9:
            break
    return int(side), int(batch)


def rate_at(share):
    """Part of the highest rate: up along 5 % of the training, then down along a cosine to nothing."""
    warm = 0.05
    return (share + 0.002) / (warm + 0.002) if share < warm else 0.5 * (1 + math.cos(math.pi * (share - warm) / (1 - warm)))


def optimizers_of(model, options):
    """Muon for kernels and matrices; AdamW for what is no matrix in spirit: embeddings, biases, norms, the temperature."""
    inner, plain = [], []
    for name, weight in model.named_parameters():
        lookup = name in ("text.tokens.weight", "text.places", "text.weight.weight")
        (plain if lookup or weight.ndim < 2 else inner).append(weight)
    return [
        (Muon(inner, lr=options.rate, decay=options.decay), options.rate),
        (torch.optim.AdamW(plain, lr=options.plain_rate, betas=(0.9, 0.98), weight_decay=0.0), options.plain_rate),
    ]


@torch.no_grad()
def embed_pictures(model, pixels, side, device):
    parts = [model.vision(views.plain_views(part.to(device), side)).float() for part in pixels.split(256)]
    return F.normalize(torch.cat(parts), dim=1)


@torch.no_grad()
def embed_ids(model, ids):
    return F.normalize(torch.cat([model.text(part).float() for part in ids.split(512)]), dim=1)


def believable(model, pixels, captions, side, device):
    """Which captions score better than 85 % of captions of other pictures do: what `pairmill run` would keep with this
    model at a low threshold."""
    pictures, texts = embed_pictures(model, pixels, side, device), embed_ids(model, captions.ids)
    right = (pictures[captions.owners] * texts).sum(1)
    others = captions.owners.roll(len(captions.owners) // 3)
    bar = torch.quantile((pictures[others] * texts).sum(1), 0.85)
    believed = right >= bar
    if believed.float().mean() < LEAST_BELIEVED:
        believed[:] = True
    return believed.to(torch.uint8), bar.item()


def measure(model, tokenizer, held_out, device, side=IMAGE_SIDE):
    """Zero-shot accuracy over all names, and right against wrong pairs, on pictures of a style not learnt from."""
    pixels, labels, names = held_out

    def embed_texts(texts):
        return embed_ids(model, torch.tensor(tokens.encode(tokenizer, texts, MAX_TOKENS), device=device)).cpu()

    images = embed_pictures(model, pixels, side, device).cpu()
    result = zeroshot.accuracy(images, zeroshot.class_embeddings(embed_texts, names), labels)
    sentences = embed_texts([zeroshot.sentence_of(name) for name in names])
    result.update(zeroshot.separation(images, sentences[labels]))
    return result


def read_held_out(folder, truth_path):
    """Pixels and labels, each thing that is shown once, and the names of everything there is."""
    with open(truth_path, encoding="utf-8") as file:
        truth = json.load(file)
    names, shown = truth["names"], truth["shown"]
    number = {name: i for i, name in enumerate(names)}
    pairs = data.read_pairs([folder], IMAGE_SIDE)
    first = {}
    for i, url in enumerate(pairs.urls):
        if url in shown:
            first.setdefault(shown[url], i)
    return pairs.pixels[list(first.values())], torch.tensor([number[name] for name in first]), names


def find_gradients(model, pictures, ids, rank, count):
    """Leaves in the model the gradients of the whole batch, of which this worker has a part. Returns the loss."""
    with torch.autocast(pictures.device.type, dtype=torch.bfloat16):
        image, text = model.vision(pictures), model.text(ids)
    image, text = (workers.all_rows(rows.float(), rank, count) for rows in (image, text))
    loss = contrastive_loss(image, text, model.scale())
    model.zero_grad(set_to_none=True)
    loss.backward()
    workers.add_gradients(model, count)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    return loss.item()


def train(rank, count, options):
    torch.set_num_threads(options.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    log = Log(os.path.join(options.out, "training.jsonl"), silent=rank > 0)
    pairs = data.read_pairs(options.shards, KEPT_SIDE)
    texts = {caption for captions in pairs.captions for caption in captions}
    tokenizer = tokens.make_tokenizer(texts, options.vocabulary)
    captions = Captions(tokenizer, pairs.captions, device)
    held_out = read_held_out(options.held_out, options.truth) if options.held_out and rank == 0 else None

    torch.manual_seed(options.seed)
    channels = tuple(int(c) for c in options.channels.split(","))
    model = TwoTowers(tokenizer.get_vocab_size(), tokens.end_of(tokenizer), options.width, channels)
    model = model.to(device, memory_format=torch.channels_last)
    average = Average(model, 0.99)
    optimizers = optimizers_of(model, options)
    log.line(
        event="start", pairs=len(pairs.urls), captions=len(captions.owners), texts=len(texts), vocabulary=tokenizer.get_vocab_size(),
        parameters=sum(p.numel() for p in model.parameters()), held_out=0 if held_out is None else len(held_out[0]),
        names=0 if held_out is None else len(held_out[2]),
        options={k: v for k, v in vars(options).items() if k not in ("shards", "held_out", "truth", "out")},
        device=device, torch=torch.__version__, python=platform.python_version(),
    )
    # Dropout and views are each worker's own; order and choice of captions are the same for all.
    torch.manual_seed(options.seed + rank)
    generator = torch.Generator().manual_seed(options.seed + rank)
    cleanings = [float(at) for at in options.clean_at.split(",") if at]
    step, epoch, started, share = 0, 0, time.time(), 0.0

    while share < 1:
        side, batch = stage_at(options.stages, share)
        if cleanings and share >= cleanings[0]:
            cleanings.pop(0)
            if rank == 0:
                captions.believed, bar = believable(average.model, pairs.pixels, captions, side, device)
            captions.believed = workers.from_first(captions.believed, count)
            if rank == 0:
                log.line(event="clean", epoch=epoch, doubtful=int((captions.believed == 0).sum()), bar=bar)
        chosen = captions.one_each(random.Random(options.seed * 1000 + epoch))
        batches = len(chosen) // batch
        if batches == 0:
            raise SystemExit(f"{len(chosen)} pairs do not fill one batch of {batch}")
        epoch, loss_sum = epoch + 1, 0.0
        for i in range(batches):
            share = step / options.steps if options.steps else (epoch - 1 + i / batches) / options.epochs
            if share >= 1:
                break
            for optimizer, highest in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = highest * rate_at(share)
            own = torch.tensor(chosen[i * batch : (i + 1) * batch][rank::count])
            pictures = views.training_views(pairs.pixels[own[:, 0]].to(device), side, generator)
            loss = find_gradients(model, pictures, captions.ids_of(own[:, 1].to(device)), rank, count)
            for optimizer, _ in optimizers:
                optimizer.step()
            average.update(model)
            step, loss_sum, done = step + 1, loss_sum + loss, i + 1
        share = step / options.steps if options.steps else epoch / options.epochs
        values = {"event": "epoch", "epoch": epoch, "step": step, "side": side, "batch": batch, "loss": loss_sum / done,
                  "scale": model.scale().item(), "seconds": round(time.time() - started, 1)}
        if held_out is not None and (epoch % options.measure_every == 0 or share >= 1):
            values.update(measure(average.model, tokenizer, held_out, device, side))
        log.line(**values)

    if rank > 0:
        return
    final = measure(average.model, tokenizer, held_out, device) if held_out is not None else None
    files = export.write_folder(options.out, average.model, tokenizer, threshold=final["threshold"] if final else None)
    log.line(event="end", seconds=round(time.time() - started, 1), files=files, **(final or {}))


if __name__ == "__main__":
    arguments_given = arguments()
    sys.exit(workers.start(train, arguments_given.workers, arguments_given))
