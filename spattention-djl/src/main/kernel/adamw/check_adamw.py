"""Updates against PyTorch's AdamW in float64: weights in two halves and whole, float32 and bfloat16 moments, clipping, a skipped step."""

import math
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import unwritten

import torch

import adamw

BETA1, BETA2, EPSILON, DECAY = 0.9, 0.95, 1e-8, 0.1
BLOCK = 16
SQUARES = 32  # of a program
DIVISOR = 2.0


def split(weights):
    bits = weights.view(torch.int32)
    high = (bits + 0x8000) >> 16
    return high.to(torch.int16), (bits - (high << 16)).to(torch.int16)


def join(high, low):
    return ((high.to(torch.int32) << 16) + low.to(torch.int32)).view(torch.float32)


def check(n, max_norm, moments, whole, bad=None):
    """bad: the step whose gradients are no numbers."""
    weights = torch.randn(n)
    rates = torch.tensor([0.0] + [0.01 * (i + 1) for i in range(9)])
    high, low = split(weights)
    assert torch.equal(join(high, low), weights)
    means, variances = torch.zeros(n, dtype=moments), torch.zeros(n, dtype=moments)
    exact = weights.double().clone().requires_grad_()
    optimizer = torch.optim.AdamW([exact], lr=1, betas=(BETA1, BETA2), eps=EPSILON, weight_decay=DECAY)
    updates, state = torch.zeros(1, dtype=torch.int64), unwritten(8)
    programs = -(-n // BLOCK)
    t = 0
    for step in range(4):
        gradients = torch.randn(n) * 3
        if bad == step:
            gradients[n // 2] = float("nan")
        parts = unwritten(-(-n // SQUARES), dtype=torch.float64)
        adamw.square_parts[(len(parts),)](gradients, parts, n, SQUARES, BLOCK)
        adamw.begin_update[(1,)](parts, torch.tensor([1.0]), rates, updates, state, len(parts), DIVISOR, max_norm, math.log2(BETA1),
                                 math.log2(BETA2), 8)
        rest = gradients, means, variances, state, n, BETA1, BETA2, EPSILON, DECAY, BLOCK
        if whole:
            adamw.adamw_plain[(programs,)](weights, *rest)
        else:
            adamw.adamw_split[(programs,)](high, low, *rest)
        if bad == step:
            assert state[2] == 1
            continue
        t += 1
        mean = gradients.double() / DIVISOR
        norm = mean.norm()
        assert abs(state[1] - norm) < 1e-4 * norm
        if max_norm and norm > max_norm:
            mean *= max_norm / norm
        for group in optimizer.param_groups:
            group["lr"] = rates[t].item()
        exact.grad = mean
        optimizer.step()
    assert updates.item() == t
    error = ((weights if whole else join(high, low)).double() - exact).abs().max().item()
    assert error < (3e-3 if moments == torch.bfloat16 else 2e-6), error
    print("ok", n, max_norm, moments, "whole" if whole else "halves", bad)


def check_sums(n):
    gradients, sums = torch.randn(n), torch.randn(n)
    expected = sums + gradients
    adamw.add_gradients[(-(-n // BLOCK),)](gradients, sums, n, BLOCK)
    assert torch.equal(sums, expected)
    print("ok", n, "sums")


check_sums(37)
check(50, 0.0, torch.float32, False)
check(50, 1.0, torch.float32, True, 2)
check(1, 1.0, torch.float32, False)
check(37, 0.5, torch.bfloat16, False, 0)
