"""Rows of an embedding and their gradients against PyTorch, with one token, tokens that come often, and one that learns nothing."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import require, unwritten

import torch

import embedding

COLUMNS = 16
TILE = 8


def check(T, V, D, left_out=-1):
    weights = torch.randn(V, D)
    bits = weights.view(torch.int32)
    high = ((bits + 0x8000) >> 16).to(torch.int16)
    low = (bits - (high.to(torch.int32) << 16)).to(torch.int16)
    tokens, x = torch.randint(V, (T,)), unwritten(T, D)
    columns = -(-D // COLUMNS)
    embedding.embedding_forward[(T, columns)](tokens, high, low, x, V, D, COLUMNS)
    require("rows", x, weights[tokens], 0)
    links = unwritten(2, T, dtype=torch.int32)
    embedding.embedding_links[(-(-T // TILE),)](tokens, links, T, TILE)
    embedding.embedding_firsts[(-(-T // TILE),)](links, T, TILE)
    gradient, alone, before = torch.randn(T, D), torch.zeros(V, D), torch.randn(V, D)
    out, learns = before.clone(), tokens != left_out
    expected = torch.zeros(V, D, dtype=torch.float64).index_add(0, tokens[learns], gradient[learns].double())
    for array in (alone, out):
        embedding.embedding_backward[(T, columns)](tokens, links, gradient, array, V, T, D, left_out, COLUMNS)
    require("gradients", alone, expected, 1e-6)
    require("gradients added to others", out, before + alone, 0)
    print("ok", T, V, D, left_out)


check(40, 7, 24)
check(1, 1, 16)
check(33, 100, 40, 3)
check(20, 3, 8, 1)
