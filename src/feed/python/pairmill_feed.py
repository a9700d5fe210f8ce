"""Feeds a PyTorch job from `pairmill feed DATASET... --serve`: every pair once an epoch, in one order
for any number of ranks and workers, resumed at any step by any other number of them.

    from torch.utils.data import DataLoader
    from pairmill_feed import PairmillFeed

    feed = PairmillFeed("http://127.0.0.1:8000", batch_size=64)
    loader = DataLoader(feed, batch_size=64, num_workers=2, collate_fn=feed.collate)
    for epoch in range(3):
        for batch in loader:
            batch["image"], batch["caption"]
            checkpoint["feed"] = feed.state_after(batch)

    feed = PairmillFeed("http://127.0.0.1:8000", batch_size=64, state=checkpoint["feed"])  # goes on

Needs torch, and nothing else. Part of pairmill, under the Apache License 2.0.
"""

import collections
import http.client
import json
import os
import time
import urllib.parse

import torch
from torch.utils.data import IterableDataset, get_worker_info

__all__ = ["PairmillFeed"]

MAX_WORKERS = 1024
READ_BYTES = 1 << 18
TIMEOUT_S = 300


class PairmillFeed(IterableDataset):
    """Pairs of one rank as {key, image, caption, record, state}. Each pass over it is the next epoch.

    batch_size   that of the DataLoader: its workers hand in whole batches in turn
    rank, world  of this process; None = as torch.distributed or torchrun have them
    where        SQL condition on the pairs
    caption      "best", or sources such as "alt,figcaption", of which the first that a pair has counts
    seed, split  of the order; folder in each dataset
    epoch        the first one
    state        of `state_after` or `state_dict`: goes on there
    decode       called with the bytes of each picture; what it returns is `image`
    patience     seconds without a sample after which a server that does not answer is given up
    """

    def __init__(self, url, rank=None, world=None, batch_size=None, where=None, caption=None,
                 seed=None, epoch=0, state=None, split=None, decode=None, patience=60):
        super().__init__()
        self.url = urllib.parse.urlsplit(url)
        if self.url.scheme != "http" or not self.url.hostname:
            raise ValueError(f"url: expected such as http://127.0.0.1:8000, got {url!r}")
        found = _rank_and_world()
        self.rank = found[0] if rank is None else rank
        self.world = found[1] if world is None else world
        self.batch_size, self.decode, self.patience = batch_size, decode, patience
        wishes = {"where": where, "caption": caption, "seed": seed, "split": split}
        self.wishes = {name: str(wish) for name, wish in wishes.items() if wish is not None}
        # The next epoch of each worker: they start anew with each pass, and this process hears nothing.
        self.epochs = torch.full((MAX_WORKERS,), epoch, dtype=torch.int64).share_memory_()
        self.start = self.now = None
        if state is not None:
            self.load_state_dict(state)

    def __iter__(self):
        worker, workers = _worker()
        if workers > 1 and self.batch_size is None:
            raise ValueError("batch_size: give that of the DataLoader, whose workers take turns by it")
        epoch = int(self.epochs[worker])
        self.epochs[worker] = epoch + 1
        start, self.start = self.start, None
        if start is None or start["state"]["epoch"] != epoch:
            start = {"state": None, "step": 0, "turn": 0}
        elif start["workers"] == 1:
            # One worker's place is everybody's, and turns are counted from there on.
            start = {**start, "step": 0, "turn": 0}
        elif (start["workers"], start["batch"]) != (workers, self.batch_size):
            raise ValueError(
                f"the state is one worker's of {start['workers']} with batches of {start['batch']}, and this"
                f" is one of {workers} with {self.batch_size}: take the same, or a state of state_after")
        return self._samples(epoch, worker, workers, start)

    def state_dict(self):
        """State after the last sample, where this object itself is read: without workers, or within one."""
        if self.now is not None:
            return self.now
        return {"state": None, "epoch": int(self.epochs[_worker()[0]]), "workers": 1}

    def load_state_dict(self, state):
        """Goes on from a state of `state_dict`, or of `state_after`: that one with any number of workers."""
        state = json.loads(state) if isinstance(state, (str, bytes)) else state
        if "state" not in state:
            state = {"state": state, "workers": 1}
        self.start = state if state["state"] is not None else None
        self.now = state
        epoch = state["epoch"] if state["state"] is None else state["state"]["epoch"]
        worker, workers = _worker()
        if workers == 1:
            self.epochs.fill_(epoch)
        else:
            self.epochs[worker] = epoch

    @staticmethod
    def collate(samples):
        """A batch: a list of each; tensors of pictures stacked; the state after the last of them."""
        batch = {name: [sample[name] for sample in samples] for name in samples[0]}
        if all(isinstance(image, torch.Tensor) for image in batch["image"]):
            batch["image"] = torch.stack(batch["image"])
        batch["state"] = samples[-1]["state"]
        return batch

    @staticmethod
    def state_after(batch):
        """State once this batch was used, on all ranks: for `state=`, with any number of ranks and workers."""
        state = batch["state"]
        return json.loads(state if isinstance(state, str) else state[-1])

    def _samples(self, epoch, worker, workers, start):
        state, step = start["state"], start["step"]
        turns = _turns(start["turn"], worker, workers, self.batch_size or 1)
        # What is taken back meanwhile keeps its turn; so this worker comes to samples before the others are
        # there. A job that goes on must not lose what these have: it is told the place that all have reached.
        ahead = collections.deque()
        reached = {"state": None, "epoch": epoch, "workers": 1} if state is None else state
        failed_s = None
        while True:
            try:
                for sample in self._tar(epoch, worker, workers, state, step):
                    failed_s = None
                    state = json.loads(sample["state"])
                    step, turn = state.pop("step"), next(turns) + 1
                    ahead.append((step, state))
                    while ahead and ahead[0][0] <= turn:
                        reached = ahead.popleft()[1]
                    self.now = {"state": state, "step": step, "turn": turn, "workers": workers,
                                "batch": self.batch_size}
                    yield {**sample, "state": json.dumps(reached)}
                return
            except (OSError, http.client.HTTPException, _Broken) as error:
                # The server ended or broke off, or took something back: from the last sample on, again.
                if state is not None and state["epoch"] != epoch:
                    return
                failed_s = time.monotonic() if failed_s is None else failed_s
                if time.monotonic() - failed_s > self.patience:
                    raise ConnectionError(
                        f"{self.url.geturl()} sends nothing since {self.patience} s ({error}): is"
                        " `pairmill feed ... --serve` running there?") from error
                time.sleep(0.5)

    def _tar(self, epoch, worker, workers, state, step):
        query = {**self.wishes, "state": "1"}
        if state is not None:
            query["from"] = json.dumps(state, separators=(",", ":"))
        if workers > 1:
            query.update(worker=worker, workers=workers, batch=self.batch_size, step=step)
        path = f"/epoch/{epoch}/{self.rank:05d}-of-{self.world:05d}.tar?{urllib.parse.urlencode(query)}"
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port or 80, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status != 200:
                message = response.read().decode("utf-8", "replace").strip()
                if response.status < 500:
                    raise ValueError(f"{self.url.geturl()} refuses ({response.status}): {message}")
                raise _Broken(f"{response.status}: {message}")
            sample = {}
            for name, content in _members(response):
                key, _, extension = name.partition(".")
                if extension == "json":
                    sample["record"] = json.loads(content)
                elif extension == "txt":
                    sample["caption"] = content.decode("utf-8")
                elif extension == "state":
                    yield {"key": key, **sample, "state": content.decode("utf-8")}
                    sample = {}
                else:
                    sample["image"] = content if self.decode is None else self.decode(content)
        finally:
            connection.close()


def _turns(turn, worker, workers, batch):
    """Steps of a worker from one on: whole batches in turn."""
    while True:
        if turn // batch % workers == worker:
            yield turn
            turn += 1
        else:
            turn = (turn // batch + 1) * batch


class _Broken(Exception):
    """What was sent is not whole."""


def _members(response):
    """Names and contents of a tar that is streamed. Throws _Broken where it ends without its end."""
    ahead = bytearray()

    def take(size):
        while len(ahead) < size:
            piece = response.read1(READ_BYTES)
            if not piece:
                raise _Broken("the tar ends in the middle")
            ahead.extend(piece)
        taken = bytes(ahead[:size])
        del ahead[:size]
        return taken

    while True:
        header = take(512)
        if not any(header):
            take(512)
            return
        size = int(header[124:135], 8)
        name = header[:100].rstrip(b"\0").decode("utf-8")
        content = take(size)
        take(-size % 512)
        yield name, content


def _rank_and_world():
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def _worker():
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)
