"""The router's kernels against PyTorch in float64: choices, weights, statistics, order of rows, and gradients of all of them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import ROUNDED, halves, require, unwritten

import torch

import router

TOKENS = 16  # of a tile
ROWS = 8  # of a tile of the experts' products
BALANCE, Z = 0.3, 0.2  # what the losses count


def check(T, D, E, K, renormalize):
    experts = max(16, 1 << (E - 1).bit_length())
    tiles, P = -(-T // TOKENS), (E + 7) // 8 * 8
    hidden, weight = halves(T, D), torch.randn(E, D)
    i32, bf16 = torch.int32, torch.bfloat16
    parts, gradient_parts = unwritten(3 * P, D, dtype=bf16), unwritten(3 * P, D, dtype=bf16)
    router.router_parts[(-(-P * D // 64),)](weight, parts, gradient_parts, E * D, P * D, 64)
    logits = (hidden.double() @ parts.double().T).float()
    chosen, weights = unwritten(T, K, dtype=i32), unwritten(T, K)
    counts, probabilities, squares = unwritten(tiles, E, dtype=i32), unwritten(tiles, E), unwritten(tiles)
    router.router_forward[(tiles,)](logits, chosen, weights, counts, probabilities, squares, T, E, P, K, TOKENS, experts, renormalize)
    begins, ends, tile_ends, loads = unwritten(tiles, E, dtype=i32), *(unwritten(E, dtype=i32) for _ in range(3))
    mean_probabilities, mean_square = unwritten(E), unwritten(1)
    router.router_order[(1,)](counts, probabilities, squares, begins, ends, tile_ends, loads, mean_probabilities, mean_square, tiles, T, E,
                              ROWS, 4, experts)
    places, row_weights = unwritten(T, K, dtype=i32), unwritten(T * K)
    router.router_places[(tiles,)](chosen, weights, begins, places, row_weights, T, E, K, TOKENS, experts)

    hidden64, weight64 = hidden.double().requires_grad_(), weight.double().requires_grad_()
    x = hidden64 @ weight64.T
    p = x.softmax(-1)
    top = p.topk(K, -1)
    taken = top.values / top.values.sum(-1, keepdim=True) if renormalize else top.values
    require("logits", logits.view(T, 3, P).sum(1)[:, :E], x, 1e-5)
    require("chosen experts", chosen, top.indices, 0)
    require("weights", weights, taken, 1e-5)
    order = torch.sort(chosen.flatten().long(), stable=True)[1]
    require("places", places.flatten()[order], torch.arange(T * K), 0)
    require("rows' weights", row_weights, weights.flatten()[order], 0)
    count = torch.bincount(chosen.flatten().long(), minlength=E)
    require("loads", loads, count, 0)
    require("ends", ends, count.cumsum(0), 0)
    require("ends of tiles", tile_ends, ((count + ROWS - 1) // ROWS).cumsum(0), 0)
    square = (torch.logsumexp(x, -1) ** 2).mean()
    require("mean probabilities", mean_probabilities, p.mean(0), 1e-5)
    require("mean square", mean_square[0], square, 1e-4)

    gradient = torch.randn(T * K)
    balance = E * ((count.double() / T) * p.mean(0)).sum()
    loss = (taken.flatten()[order] * gradient.double()).sum() + BALANCE * balance + Z * square
    of_hidden, of_weight = torch.autograd.grad(loss, (hidden64, weight64))
    logit_grads = unwritten(T, 3 * P, dtype=bf16)
    router.router_backward[(tiles,)](logits, chosen, weights, places, gradient, (BALANCE * E * count / T).float(), torch.tensor([Z]),
                                     logit_grads, T, E, P, K, TOKENS, experts, renormalize)
    require("hidden states' gradient", (logit_grads.double() @ gradient_parts.double()).bfloat16(), of_hidden, ROUNDED)
    found = (logit_grads[:, :2 * P].double().T @ hidden.double()).view(2, P, D).sum(0)[:E]
    require("the router's gradient", found, of_weight, 1e-4)
    print("ok", T, D, E, K, renormalize)


check(50, 48, 5, 2, False)
check(33, 64, 16, 8, True)
check(1, 32, 1, 1, False)
check(100, 96, 20, 3, True)
check(17, 32, 64, 8, False)
