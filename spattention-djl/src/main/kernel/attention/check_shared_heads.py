"""Sums over the heads that share a key or value head, into columns of a wider array, in float64."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import ROUNDED, halves, require, unwritten

import torch

import shared_heads

COLUMNS_OF_PROGRAM = 512


def check(tokens, kv_heads, group, D, before=16, behind=32):
    heads = COLUMNS_OF_PROGRAM // D
    array = halves(tokens, kv_heads * group, D)
    wide = unwritten(tokens, before + kv_heads * D + behind, dtype=torch.bfloat16)
    shared_heads.sum_shared_heads[(tokens, -(-kv_heads // heads))](array, wide[:, before:], wide.stride(0), kv_heads, group, D, heads)
    end = before + kv_heads * D
    require("sums", wide[:, before:end], array.double().view(tokens, kv_heads, group, D).sum(2).flatten(1), ROUNDED)
    require("columns before", wide[:, :before], unwritten(tokens, before), 0)
    require("columns behind", wide[:, end:], unwritten(tokens, behind), 0)


for sizes in ((1, 1, 1, 32), (7, 2, 4, 64), (5, 3, 2, 128), (3, 1, 8, 256), (4, 20, 3, 64)):
    check(*sizes)
    print("ok", *sizes)
