"""Several processes that train one model: on a busy machine two processes of one thread get more done than two threads
of one process do, since they wait for each other twice a step, not at every layer."""

import os
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as processes


def _entry(rank, work, meeting_place, count, options):
    # Gloo looks the host's name up unless it is told where to listen.
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    dist.init_process_group("gloo", init_method=f"file://{meeting_place}", rank=rank, world_size=count)
    try:
        work(rank, count, options)
    finally:
        dist.destroy_process_group()


def start(work, count, options):
    """Runs work(rank, count, options) in `count` processes, or in this one where one is enough."""
    if count == 1:
        work(0, 1, options)
        return
    with tempfile.TemporaryDirectory() as folder:
        processes.spawn(_entry, (work, os.path.join(folder, "meeting"), count, options), nprocs=count)


def all_rows(rows, rank, count):
    """The rows of all workers, in their order; the gradient goes to this worker's own."""
    if count == 1:
        return rows
    parts = [torch.empty_like(rows) for _ in range(count)]
    dist.all_gather(parts, rows.detach())
    parts[rank] = rows
    return torch.cat(parts)


def add_gradients(model, count):
    """Sums the gradients over the workers, so that all of them take the same step."""
    if count == 1:
        return
    weights = [p for p in model.parameters() if p.grad is not None]
    flat = torch.cat([p.grad.flatten() for p in weights])
    dist.all_reduce(flat)
    for weight, grad in zip(weights, flat.split([p.numel() for p in weights])):
        weight.grad.copy_(grad.view_as(weight))


def from_first(values, count):
    """What the first worker has in this tensor, for all."""
    if count > 1:
        dist.broadcast(values, 0)
    return values
