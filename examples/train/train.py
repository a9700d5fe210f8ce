#!/usr/bin/env python3
"""Trains a small two-tower model on the shards of one or more runs, and writes it as a model folder.

    python train.py --shards DIR [--shards DIR ...] --held-out DIR --truth FILE --out MODEL_FOLDER

--truth is what shards.js wrote: {"names": [...], "shown": {image URL: name}}; it serves the measuring on --held-out alone.
"""

import argparse
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
import zeroshot
from model import IMAGE_SIDE, MAX_TOKENS, TwoTowers, contrastive_loss


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", action="append", required=True, help="folder of shards to learn from; repeatable")
    parser.add_argument("--held-out", help="folder of shards to measure on; nothing of it is learnt from")
    parser.add_argument("--truth", help="JSON file: names, and which image URL shows which")
    parser.add_argument("--out", required=True, help="model folder to write")
    parser.add_argument("--start", help="go on from these weights (the .pt file that an earlier run left beside its folder)")
    parser.add_argument("--epochs", type=float, default=40)
    parser.add_argument("--stages", default="32:64:0.35,48:64:0.35,64:128:0.3",
                        help="picture side, batch size and share of the epochs of each stage")
    parser.add_argument("--clean-at", type=float, default=0.5, help="share of the epochs after which doubtful captions go; 1 = never")
    parser.add_argument("--steps", type=int, help="stop after so many steps (for a quick try)")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate at a batch of 128; goes with the batch's root")
    parser.add_argument("--decay", type=float, default=0.05, help="weight decay")
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--width", type=int, default=128, help="of the shared space")
    parser.add_argument("--channels", default="32,64,128,224", help="of the vision tower's four stages")
    parser.add_argument("--measure-every", type=int, default=4, help="epochs between two zero-shot measurements")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return parser.parse_args()


class Log:
    """One JSON object a line, on the screen and in the file beside the weights."""

    def __init__(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.file = open(path, "w", encoding="utf-8")

    def line(self, **values):
        text = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()})
        print(text, flush=True)
        print(text, file=self.file, flush=True)


class Average:
    """Exponential moving average of the weights: steadier than the last step's."""

    def __init__(self, model, keep):
        self.keep, self.steps = keep, 0
        self.values = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model):
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (10 + self.steps))
        for k, v in model.state_dict().items():
            if v.dtype.is_floating_point:
                self.values[k].lerp_(v.detach(), 1 - keep)
            else:
                self.values[k].copy_(v)


def stage_at(stages, share):
    """(picture side, batch size) at a share (0..1) of the training; `stages` as the option has it."""
    until = 0.0
    for stage in stages.split(","):
        side, batch, length = stage.split(":")
        until += float(length)
        if share < until - 1e-9:
            break
    return int(side), int(batch)


def rate_at(highest, batch, share):
    """Up along 4 % of the training, then down along a cosine to nothing."""
    warm = 0.04
    level = (share + 0.001) / warm if share < warm else 0.5 * (1 + math.cos(math.pi * (share - warm) / (1 - warm)))
    return highest * math.sqrt(batch / 128) * min(1, level)


def doubtful(model, tokenizer, paths, side, device):
    """(url, caption) pairs that score no better than most captions of other pictures do: what `pairmill run` would
    drop with this model. The bar is the 95th percentile over pairs at random."""
    model.eval()
    keys, right, wrong = [], [], []
    generator = torch.Generator().manual_seed(0)

    def flush(pixels, texts):
        images = F.normalize(model.vision(data.normalised(torch.stack(pixels).to(device), side)).float(), dim=1)
        ids = torch.tensor(tokens.encode(tokenizer, [t for _, t in texts], MAX_TOKENS), device=device)
        embedded = F.normalize(model.text(ids).float(), dim=1)
        owners = torch.tensor([i for i, _ in texts], device=device)
        right.append((images[owners] * embedded).sum(1).cpu())
        others = (owners + torch.randint(1, len(images), (len(texts),), generator=generator).to(device)) % len(images)
        wrong.append((images[others] * embedded).sum(1).cpu())

    pixels, texts = [], []
    with torch.no_grad():
        for image, captions, url in data.pairs(paths, IMAGE_SIDE):
            texts += [(len(pixels), caption) for caption in captions]
            keys += [(url, caption) for caption in captions]
            pixels.append(image)
            if len(pixels) == 256:
                flush(pixels, texts)
                pixels, texts = [], []
        if len(pixels) > 1:
            flush(pixels, texts)
    model.train()
    right = torch.cat(right)
    bar = torch.quantile(torch.cat(wrong), 0.95).item()
    return {key for key, score in zip(keys, right.tolist()) if score < bar}, len(keys), bar


def measure(model, tokenizer, held_out, device, side=IMAGE_SIDE):
    """Zero-shot accuracy over all names, and right against wrong pairs, on pictures of a style not learnt from."""
    pixels, labels, names = held_out
    model.eval()

    def embed_texts(texts):
        ids = torch.tensor(tokens.encode(tokenizer, texts, MAX_TOKENS), device=device)
        return model.text(ids).float().cpu()

    with torch.no_grad():
        images = [model.vision(data.normalised(part.to(device), side)).float().cpu() for part in pixels.split(256)]
        images = F.normalize(torch.cat(images), dim=1)
        classes = zeroshot.class_embeddings(embed_texts, names)
        captions = F.normalize(embed_texts([zeroshot.prompts_of(name)[5] for name in names]), dim=1)
    model.train()
    result = zeroshot.accuracy(images, classes, labels)
    result.update(zeroshot.separation(images, captions[labels]))
    return result


def read_held_out(folder, truth_path):
    """Pixels and labels, each thing that is shown once, and the names of everything there is."""
    with open(truth_path, encoding="utf-8") as file:
        truth = json.load(file)
    names, shown = truth["names"], truth["shown"]
    number = {name: i for i, name in enumerate(names)}
    pixels, labels, seen = [], [], set()
    for image, _, url in data.pairs(data.shard_paths(folder), IMAGE_SIDE):
        name = shown.get(url)
        if name is not None and name not in seen:
            seen.add(name)
            pixels.append(image)
            labels.append(number[name])
    return torch.stack(pixels), torch.tensor(labels), names


def main():
    options = arguments()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    log = Log(os.path.join(options.out, "training.jsonl"))
    paths = [path for folder in options.shards for path in data.shard_paths(folder)]

    texts, count = set(), 0
    for _, captions, _ in data.pairs(paths, IMAGE_SIDE):
        texts.update(captions)
        count += 1
    earlier = torch.load(options.start, map_location="cpu") if options.start else None
    tokenizer = tokens.read_tokenizer(earlier["tokenizer"]) if earlier else tokens.make_tokenizer(texts, options.vocabulary)
    held_out = read_held_out(options.held_out, options.truth) if options.held_out else None

    channels = tuple(int(c) for c in options.channels.split(","))
    model = TwoTowers(tokenizer.get_vocab_size(), tokens.end_of(tokenizer), options.width, channels)
    if earlier:
        model.load_state_dict(earlier["weights"])
    model = model.to(device, memory_format=torch.channels_last)
    log.line(
        event="start", pairs=count, texts=len(texts), shards=len(paths), vocabulary=tokenizer.get_vocab_size(),
        parameters=sum(p.numel() for p in model.parameters()), held_out=0 if held_out is None else len(held_out[0]),
        names=0 if held_out is None else len(held_out[2]), options={k: v for k, v in vars(options).items() if k not in ("shards", "held_out", "truth", "out", "start")}, goes_on=earlier is not None, device=device,
        torch=torch.__version__, python=platform.python_version(),
    )
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": options.decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98))
    average = Average(model, 0.99)
    shadow = TwoTowers(tokenizer.get_vocab_size(), tokens.end_of(tokenizer), options.width, channels).to(device)
    generator = torch.Generator().manual_seed(options.seed)
    step, seen, epoch, started = 0, 0, 0, time.time()
    dropped = None

    def share():
        """How much of the training is done, 0..1: by pairs seen, or by steps where they are limited."""
        return step / options.steps if options.steps else seen / (count * options.epochs)

    while share() < 1:
        side, batch = stage_at(options.stages, share())
        if dropped is None and share() >= options.clean_at:
            shadow.load_state_dict(average.values)
            dropped, checked, bar = doubtful(shadow, tokenizer, paths, side, device)
            log.line(event="clean", epoch=epoch, captions=checked, doubtful=len(dropped), bar=bar)
            # A model that doubts so much has learnt too little to be a judge.
            if len(dropped) > 0.3 * checked:
                dropped = frozenset()
        epoch, losses = epoch + 1, []
        order = options.seed * 1000 + epoch
        for pixels, captions in data.batches(paths, IMAGE_SIDE, batch, order, dropped or frozenset()):
            rate = rate_at(options.rate, batch, share())
            for group in optimizer.param_groups:
                group["lr"] = rate
            views = data.training_views(pixels.to(device), side, generator).contiguous(memory_format=torch.channels_last)
            said = [data.thinned(random.choice(texts), random) for texts in captions]
            ids = torch.tensor(tokens.encode(tokenizer, said, MAX_TOKENS), device=device)
            with torch.autocast(device, dtype=torch.bfloat16):
                image, text = model.vision(views), model.text(ids)
            loss = contrastive_loss(image.float(), text.float(), model.scale())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            average.update(model)
            losses.append(loss.item())
            step, seen = step + 1, seen + len(pixels)
            if share() >= 1:
                break
        if not losses:
            raise SystemExit(f"{count} pairs do not fill one batch of {batch}")
        values = {"event": "epoch", "epoch": epoch, "step": step, "side": side, "batch": batch,
                  "loss": sum(losses) / len(losses),
                  "rate": rate, "scale": model.scale().item(), "seconds": round(time.time() - started, 1)}
        if held_out is not None and (epoch % options.measure_every == 0 or share() >= 1):
            shadow.load_state_dict(average.values)
            values.update(measure(shadow, tokenizer, held_out, device, side))
            torch.save({"weights": average.values, "tokenizer": tokenizer.to_str()}, options.out.rstrip("/") + ".pt")
        log.line(**values)

    shadow.load_state_dict(average.values)
    final = measure(shadow, tokenizer, held_out, device) if held_out is not None else None
    files = export.write_folder(options.out, shadow, tokenizer, threshold=final["threshold"] if final else None)
    log.line(event="end", seconds=round(time.time() - started, 1), files=files, **(final or {}))


if __name__ == "__main__":
    sys.exit(main())
