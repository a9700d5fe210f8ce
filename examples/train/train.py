#!/usr/bin/env python3
"""Trains a small two-tower model on the shards of one or more runs, and writes it as a model folder.

    python train.py --shards DIR [--shards DIR ...] --held-out DIR --truth FILE --out MODEL_FOLDER

--truth is a JSON object, image URL -> name of what the picture shows; it serves the measuring on --held-out alone.
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
    parser.add_argument("--truth", help="JSON object: image URL -> name, for --held-out")
    parser.add_argument("--out", required=True, help="model folder to write")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--steps", type=int, help="stop after so many steps (for a quick try)")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--decay", type=float, default=0.05, help="weight decay")
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--width", type=int, default=192, help="of the shared space")
    parser.add_argument("--channels", default="32,64,128,256", help="of the vision tower's four stages")
    parser.add_argument("--measure-every", type=int, default=5, help="epochs between two zero-shot measurements")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--untrained", action="store_true", help="write the model as it starts: every pair scores alike")
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


def measure(model, tokenizer, held_out, device):
    """Zero-shot accuracy over all names, and right against wrong pairs, on pictures of a style not learnt from."""
    pixels, labels, names = held_out
    model.eval()

    def embed_texts(texts):
        ids = torch.tensor(tokens.encode(tokenizer, texts, MAX_TOKENS), device=device)
        return model.text(ids).float().cpu()

    with torch.no_grad():
        images = [model.vision(data.normalised(part.to(device))).float().cpu() for part in pixels.split(256)]
        images = F.normalize(torch.cat(images), dim=1)
        classes = zeroshot.class_embeddings(embed_texts, names)
        captions = F.normalize(embed_texts([zeroshot.prompts_of(name)[1] for name in names]), dim=1)
    model.train()
    result = zeroshot.accuracy(images, classes, labels)
    result.update(zeroshot.separation(images, captions[labels]))
    return result


def read_held_out(folder, truth_path):
    """Pixels, labels, and all names of the truth, each once."""
    with open(truth_path, encoding="utf-8") as file:
        truth = json.load(file)
    names = sorted(set(truth.values()))
    number = {name: i for i, name in enumerate(names)}
    pixels, labels = [], []
    for image, _, url in data.pairs(data.shard_paths(folder), IMAGE_SIDE):
        if url in truth:
            pixels.append(image)
            labels.append(number[truth[url]])
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
    tokenizer = tokens.make_tokenizer(texts, options.vocabulary)
    held_out = read_held_out(options.held_out, options.truth) if options.held_out else None

    channels = tuple(int(c) for c in options.channels.split(","))
    model = TwoTowers(tokenizer.get_vocab_size(), tokens.end_of(tokenizer), options.width, channels)
    model = model.to(device, memory_format=torch.channels_last)
    log.line(
        event="start", pairs=count, texts=len(texts), shards=len(paths), vocabulary=tokenizer.get_vocab_size(),
        parameters=sum(p.numel() for p in model.parameters()), held_out=0 if held_out is None else len(held_out[0]),
        names=0 if held_out is None else len(held_out[2]), options=vars(options), device=device,
        torch=torch.__version__, python=platform.python_version(),
    )
    if options.untrained:
        export.write_folder(options.out, model, tokenizer, threshold=-1.0)
        return

    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": options.decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98))
    total = options.steps or max(1, count // options.batch) * options.epochs
    warm = max(1, total // 20)
    average = Average(model, 0.998)
    shadow = TwoTowers(tokenizer.get_vocab_size(), tokens.end_of(tokenizer), options.width, channels).to(device)
    generator = torch.Generator().manual_seed(options.seed)
    step, epoch, started = 0, 0, time.time()
    while step < total:
        epoch, losses = epoch + 1, []
        for pixels, captions in data.batches(paths, IMAGE_SIDE, options.batch, options.seed * 1000 + epoch, total - step):
            rate = options.rate * (min(1, (step + 1) / warm) if step < warm else
                                   0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm))))
            for group in optimizer.param_groups:
                group["lr"] = rate
            views = data.training_views(pixels.to(device), generator).contiguous(memory_format=torch.channels_last)
            ids = torch.tensor(tokens.encode(tokenizer, [random.choice(c) for c in captions], MAX_TOKENS), device=device)
            with torch.autocast(device, dtype=torch.bfloat16):
                image, text = model.vision(views), model.text(ids)
            loss = contrastive_loss(image.float(), text.float(), model.scale())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            average.update(model)
            losses.append(loss.item())
            step += 1
        values = {"event": "epoch", "epoch": epoch, "step": step, "loss": sum(losses) / max(1, len(losses)),
                  "rate": rate, "scale": model.scale().item(), "seconds": round(time.time() - started, 1)}
        if held_out is not None and (epoch % options.measure_every == 0 or step >= total):
            shadow.load_state_dict(average.values)
            values.update(measure(shadow, tokenizer, held_out, device))
        log.line(**values)

    shadow.load_state_dict(average.values)
    final = measure(shadow, tokenizer, held_out, device) if held_out is not None else None
    export.write_folder(options.out, shadow, tokenizer, threshold=final["threshold"] if final else None)
    log.line(event="end", seconds=round(time.time() - started, 1), **(final or {}))


if __name__ == "__main__":
    sys.exit(main())
