"""The two towers: a small residual network for pictures, a two-layer transformer for captions."""

import torch
import torch.nn.functional as F
from torch import nn

IMAGE_SIDE = 64
# As many as CLIP reads.
MAX_TOKENS = 77
# Before so many of the first blocks, pictures lend each other their style while they are learnt from.
MIXED_BLOCKS = 2


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outside)
        self.second = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outside)
        nn.init.zeros_(self.second_norm.weight)
        self.short = None
        if stride != 1 or inside != outside:
            self.short = nn.Sequential(nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside))
        self.stride = stride

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        if self.short is not None:
            x = self.short(F.avg_pool2d(x, self.stride) if self.stride > 1 else x)
        return F.relu(x + y)


def mixed_styles(x):
    """MixStyle (Zhou et al., 2021): half of the maps [n, channels, h, w] take over part of another picture's mean and
    spread in each channel, which are much of what tells one drawing style from another."""
    spread, mean = torch.std_mean(x.detach().float(), (2, 3), keepdim=True)
    spread = spread + 1e-3
    other = torch.randperm(len(x), device=x.device)
    own = torch.distributions.Beta(0.2, 0.2).sample((len(x), 1, 1, 1)).to(x.device)
    own = torch.where(torch.rand_like(own) < 0.5, own, torch.ones_like(own))
    new_spread, new_mean = spread[other].lerp(spread, own), mean[other].lerp(mean, own)
    factor = new_spread / spread
    return (x * factor + (new_mean - mean * factor)).to(x.dtype)


class Vision(nn.Module):
    """pixel_values float [n, 3, 64, 64] -> image_embeds [n, width], not normalised.

    Takes smaller pictures too (sides that 16 divides), for the cheap first part of training."""

    def __init__(self, width, channels):
        super().__init__()
        a, b, c, d = channels
        self.stem = nn.Sequential(nn.Conv2d(3, a, 5, 2, 2, bias=False), nn.BatchNorm2d(a), nn.ReLU())
        self.body = nn.Sequential(
            Block(a, a, 1), Block(a, b, 2), Block(b, b, 1), Block(b, c, 2), Block(c, c, 1), Block(c, d, 2), Block(d, d, 1)
        )
        # Where a thing is drawn matters (a hand that points left): each place of the last map has its own say.
        self.place = nn.Conv2d(d, width, 4, bias=False)
        self.whole = nn.Linear(d, width, bias=False)
        self.dropout = nn.Dropout(0.1)

    def forward(self, pixel_values):
        x = self.stem(pixel_values)
        for i, block in enumerate(self.body):
            x = block(mixed_styles(x) if self.training and i < MIXED_BLOCKS else x)
        places = x if x.shape[-1] == 4 else F.interpolate(x, size=(4, 4), mode="bilinear")
        return self.place(places).flatten(1) + self.whole(self.dropout(x.mean((2, 3))))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.mix = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x, mask):
        n, length, width = x.shape
        q, k, v = self.mix(x).view(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(2, 3) / (width // self.heads) ** 0.5 + mask
        y = scores.softmax(3) @ v
        return self.out(y.transpose(1, 2).reshape(n, length, width))


class Layer(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        x = x + self.dropout(self.attention(self.attention_norm(x), mask))
        return x + self.dropout(self.mlp(self.mlp_norm(x)))


class Text(nn.Module):
    """input_ids int64 [n, length] -> text_embeds [n, width], not normalised.

    Every token looks at every other, and their weighted mean is the embedding. What follows the first end token,
    padding of any length, is masked, so it has no say."""

    def __init__(self, width, vocabulary, end, inner=128, layers=2, heads=4, dropout=0.1):
        super().__init__()
        self.end = end
        self.tokens = nn.Embedding(vocabulary, inner)
        self.places = nn.Parameter(torch.zeros(MAX_TOKENS, inner))
        nn.init.normal_(self.tokens.weight, std=0.05)
        nn.init.normal_(self.places, std=0.01)
        self.layers = nn.ModuleList(Layer(inner, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(inner)
        self.weight = nn.Linear(inner, 1)
        self.out = nn.Linear(inner, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids):
        length = input_ids.shape[1]
        past_end = (input_ids == self.end).int().cumsum(1) - (input_ids == self.end).int() > 0
        mask = past_end.float() * -1e4
        x = self.dropout(self.tokens(input_ids) + self.places[:length])
        for layer in self.layers:
            x = layer(x, mask[:, None, None])
        x = self.norm(x)
        weights = (self.weight(x).squeeze(2).float() + mask).softmax(1).unsqueeze(2)
        return self.out((x * weights.to(x.dtype)).sum(1))


class TwoTowers(nn.Module):
    def __init__(self, vocabulary, end, width, channels):
        super().__init__()
        self.vision = Vision(width, channels)
        self.text = Text(width, vocabulary, end)
        # CLIP's start, 1 / 0.07; kept as a logarithm, at most 100.
        self.log_scale = nn.Parameter(torch.tensor(2.6593))

    def scale(self):
        return self.log_scale.exp().clamp(max=100)


def contrastive_loss(image, text, scale):
    """CLIP's: cross-entropy along both ways of the n x n cosine matrix; the pairs stand on the diagonal."""
    logits = scale * F.normalize(image, dim=1) @ F.normalize(text, dim=1).T
    here = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, here) + F.cross_entropy(logits.T, here)) / 2
