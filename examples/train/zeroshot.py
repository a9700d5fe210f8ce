"""Zero-shot classification as the CLIP paper does it: many prompts a class, their mean embedding, nearest class."""

import torch
import torch.nn.functional as F

# Written into the model folder too, so that `pairmill classify` asks in the same words.
TEMPLATES = (
    "{}",
    "clip art: {}",
    "the {} symbol",
    "{} in flat colours",
    "{} picture",
    "a picture of a {}",
    "a drawing of a {}",
)


def prompts_of(name):
    return [template.format(name) for template in TEMPLATES]


def sentence_of(name):
    """The name as a caption would say it."""
    return f"a picture of a {name}"


def class_embeddings(embed_texts, names):
    """[classes, width]; `embed_texts` takes a list of texts and gives a tensor [texts, width]."""
    prompts = [prompt for name in names for prompt in prompts_of(name)]
    parts = [F.normalize(embed_texts(prompts[i : i + 512]), dim=1) for i in range(0, len(prompts), 512)]
    return F.normalize(torch.cat(parts).view(len(names), len(TEMPLATES), -1).mean(1), dim=1)


def accuracy(images, classes, labels):
    """Share of images whose label is the nearest class, and among the five nearest."""
    ranks = (images @ classes.T).topk(5, dim=1).indices == labels.view(-1, 1)
    return {"top1": ranks[:, 0].float().mean().item(), "top5": ranks.any(1).float().mean().item()}


def separation(images, texts, seed=0):
    """Right pairs (row i with row i) against wrong ones (row i with another's row): the AUC, and the threshold at
    which as many right pairs fall below as wrong pairs stay above."""
    generator = torch.Generator().manual_seed(seed)
    n = len(images)
    right = (images * texts).sum(1)
    wrong = []
    for _ in range(10):
        other = (torch.arange(n) + torch.randint(1, n, (n,), generator=generator)) % n
        wrong.append((images * texts[other]).sum(1))
    wrong = torch.cat(wrong)
    ordered = wrong.sort().values
    auc = (torch.searchsorted(ordered, right).double() / len(ordered)).mean().item()
    grid = torch.linspace(-0.5, 1, 601)
    missed = torch.searchsorted(right.sort().values.contiguous(), grid) / len(right)
    passed = 1 - torch.searchsorted(ordered, grid) / len(ordered)
    at = (missed - passed).abs().argmin().item()
    return {"auc": auc, "threshold": round(grid[at].item(), 3), "missed": missed[at].item(), "passed": passed[at].item()}
