"""The cross-entropy against PyTorch in float64, on slices, rows shorter and longer than a block, tokens without target, and no token with
one."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import ROUNDED, SINGLE, halves, require, unwritten

import torch

import cross_entropy


def check(T, V, first, block, without):
    """without: every so many tokens have no target."""
    targets = torch.randint(V, (T,))
    targets[::without] = -100
    logits = halves(T - first, V) * 3
    losses, count, loss = torch.zeros(T), unwritten(1), unwritten(1)
    cross_entropy.count_targets[(1,)](targets, count, T, block)
    number = (targets != -100).sum()
    require("count", count[0], number, 0)
    x64 = logits.double().requires_grad_()
    each = torch.nn.functional.cross_entropy(x64, targets[first:], reduction="none")
    cross_entropy.cross_entropy[(T - first,)](logits, targets, losses, count, first, V, block)
    require("losses", losses, torch.cat([torch.zeros(first).double(), each]), SINGLE)
    cross_entropy.mean_loss[(1,)](losses, count, loss, T, block)
    if number == 0:
        assert loss.isnan().all() and (logits == 0).all(), "a mean of nothing"
    else:
        require("loss", loss[0], each.sum() / number, SINGLE)
        require("logits' gradient", logits, torch.autograd.grad(each.sum() / number, x64)[0], ROUNDED)
    print("ok", T, V, first, block, without)


def check_target_that_is_no_class():
    losses = torch.zeros(2)
    cross_entropy.cross_entropy[(2,)](halves(2, 40), torch.tensor([40, 3]), losses, torch.ones(1), 0, 40, 16)
    assert losses.isnan().tolist() == [True, False], losses
    print("ok, no number for a target that is no class")


check(7, 24, 0, 32, 3)
check(40, 200, 13, 64, 4)
check(1, 16, 0, 16, 2)
check(5, 8, 1, 16, 1)
check_target_that_is_no_class()
