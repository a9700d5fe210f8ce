"""After img2dataset: scores its pairs with a CLIP model, drops byte duplicates and poor pairs, writes shards anew.

Arguments: score MODEL_DIR IN_DIR OUT_DIR THRESHOLD SHARD_SIZE   reads *.tar, writes 00000.tar ...; prints the pairs kept
           verify OUT_DIR                                        reads the shards back; prints the pairs that are whole
"""

import hashlib
import io
import json
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

batch_size = 32
longest_text = 77
# Batches whose pictures are being made ready while the model works on another.
ahead = 4


def samples_of(path):
    """(key, jpeg bytes, record) of each pair of a shard."""
    parts = {}
    with tarfile.open(path) as tar:
        for member in tar:
            key, kind = member.name.split(".", 1)
            parts.setdefault(key, {})[kind] = tar.extractfile(member).read()
    for key, part in parts.items():
        yield key, part["jpg"], json.loads(part["json"])


def in_batches(items):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


class Preprocessing:
    """CLIP's: the shorter side resized, the middle cut out, each channel normalised."""

    def __init__(self, folder):
        given = json.loads((folder / "preprocessor_config.json").read_text())
        size, crop = given["size"], given["crop_size"]
        self.shortest = size["shortest_edge"] if isinstance(size, dict) else size
        self.side = crop["height"] if isinstance(crop, dict) else crop
        self.mean = np.array(given["image_mean"], np.float32)
        self.std = np.array(given["image_std"], np.float32)

    def __call__(self, jpeg):
        image = Image.open(io.BytesIO(jpeg)).convert("RGB")
        scale = self.shortest / min(image.size)
        width, height = (max(self.shortest, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.BICUBIC)
        left, top = (width - self.side) // 2, (height - self.side) // 2
        image = image.crop((left, top, left + self.side, top + self.side))
        pixels = np.asarray(image, np.float32) / 255
        return ((pixels - self.mean) / self.std).transpose(2, 0, 1)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Clip:
    def __init__(self, folder):
        open_session = lambda name: onnxruntime.InferenceSession(
            str(folder / name), providers=["CPUExecutionProvider"]
        )
        self.vision = open_session("vision_model.onnx")
        self.text = open_session("text_model.onnx")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(longest_text)
        self.end = self.tokenizer.token_to_id("<|endoftext|>")
        self.known = {}

    def texts(self, captions):
        new = [caption for caption in dict.fromkeys(captions) if caption not in self.known]
        if new:
            ids = [encoded.ids for encoded in self.tokenizer.encode_batch(new)]
            length = max(map(len, ids))
            padded = np.array([row + [self.end] * (length - len(row)) for row in ids], np.int64)
            (vectors,) = self.text.run(["text_embeds"], {"input_ids": padded})
            self.known.update(zip(new, unit(vectors)))
        return np.stack([self.known[caption] for caption in captions])

    def images(self, pixels):
        (vectors,) = self.vision.run(["image_embeds"], {"pixel_values": pixels})
        return unit(vectors)


def ready(pool, batches, preprocess):
    """Batches with their pixels, some of them made ready ahead of the one that is asked for."""
    waiting = []
    for batch in batches:
        waiting.append((batch, pool.submit(lambda b: np.stack([preprocess(jpeg) for _, jpeg, _ in b]), batch)))
        if len(waiting) > ahead:
            first, pixels = waiting.pop(0)
            yield first, pixels.result()
    for first, pixels in waiting:
        yield first, pixels.result()


class Shards:
    def __init__(self, folder, size):
        self.folder, self.size, self.count, self.tar = folder, size, 0, None
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, jpeg, caption, record):
        if self.count % self.size == 0:
            self.close()
            self.tar = tarfile.open(self.folder / f"{self.count // self.size:05d}.tar", "w")
        key = f"{self.count:09d}"
        for kind, data in (("jpg", jpeg), ("txt", caption.encode()), ("json", json.dumps(record).encode())):
            member = tarfile.TarInfo(f"{key}.{kind}")
            member.size = len(data)
            self.tar.addfile(member, io.BytesIO(data))
        self.count += 1

    def close(self):
        if self.tar is not None:
            self.tar.close()


def score(model, source, out, threshold, shard_size):
    clip, preprocess, seen = Clip(Path(model)), Preprocessing(Path(model)), set()
    shards = Shards(Path(out), int(shard_size))
    found = (sample for path in sorted(Path(source).glob("*.tar")) for sample in samples_of(path))
    with ThreadPoolExecutor(2) as pool:
        for batch, pixels in ready(pool, in_batches(found), preprocess):
            captions = [record["caption"] for _, _, record in batch]
            scores = (clip.images(pixels) * clip.texts(captions)).sum(axis=1)
            for (_, jpeg, record), caption, value in zip(batch, captions, scores):
                digest = hashlib.sha256(jpeg).hexdigest()
                if value < float(threshold) or record["sha256"] in seen:
                    continue
                seen.add(record["sha256"])
                kept = {**record, "clip_score": float(value), "stored_sha256": digest}
                shards.add(jpeg, caption, kept)
    shards.close()
    print(shards.count)


def verify(out):
    whole = 0
    for path in sorted(Path(out).glob("*.tar")):
        for key, jpeg, record in samples_of(path):
            if hashlib.sha256(jpeg).hexdigest() != record["stored_sha256"]:
                raise SystemExit(f"{path}: {key} is damaged")
            whole += 1
    print(whole)


{"score": score, "verify": verify}[sys.argv[1]](*sys.argv[2:])
