"""The norm's kernels against PyTorch in float64, on rows that fill no block, one token, and more slots than are read at once."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import ROUNDED, SINGLE, halves, require, unwritten

import torch

import rms_norm


def check(T, D, K, summed, write, each=3):
    block = max(16, 1 << (D - 1).bit_length())
    x, branch, rows, weight = torch.randn(T, D), halves(T, D), halves(T * K, D), torch.rand(D) + 0.5
    places = torch.randperm(T * K).int()
    slots = rows.double()[places.long()].view(T, K, D).sum(1)
    total, y, root = unwritten(T, D), unwritten(T, D, dtype=torch.bfloat16), unwritten(T)
    rms_norm.norm_forward[(T,)](x, branch, rows, places, weight, total, y, root, D, K, 1e-5, block, summed, write)
    x64, weight64 = x.double().requires_grad_(), weight.double().requires_grad_()
    sums = x64 + (branch.double() if summed != "nothing" else 0) + (slots if "slots" in summed else 0)
    expected = sums * torch.rsqrt((sums * sums).mean(-1, keepdim=True) + 1e-5) * weight64
    require("y", y, expected, ROUNDED)
    require("total", total, sums if write else torch.full_like(sums, 77), 1e-6)
    normalised, in_two = total if write else x, summed == "branch" and not write
    for with_slots, add, with_branch in ((False, False, False), (False, False, True), (False, True, True), (True, True, True)):
        gradient, summand = halves(T, D), torch.randn(T, D)
        programs = -(-T // each)
        parts, x_grad, branch_grad = unwritten(programs, D), unwritten(T, D), unwritten(T, D, dtype=torch.bfloat16)
        again = unwritten(T, D, dtype=torch.bfloat16)
        rms_norm.norm_backward[(programs,)](normalised, branch, weight, root, gradient, rows, places, summand, x_grad, branch_grad, again,
                                            parts, T, D, K, each, block, in_two, with_slots, K > 8, add, with_branch, add, 2)
        arriving = gradient.double() + (slots if with_slots else 0)
        of_x, of_weight = torch.autograd.grad((expected * arriving).sum(), (x64, weight64), retain_graph=True)
        of_x = of_x + (summand.double() if add else 0)
        require("x's gradient", x_grad, of_x, SINGLE)
        require("the branch's gradient", branch_grad, of_x if with_branch else torch.full_like(of_x, 77), ROUNDED)
        require("y again", again, y if add else torch.full_like(again, 77), 0)
        out = torch.randn(D)
        before = out.clone() if add else torch.zeros(D)
        rms_norm.sum_parts[(-(-D // 16),)](parts, out, programs, D, D, 16, 2, add)
        require("the weight's gradient", out - before, of_weight, SINGLE)
    print("ok", T, D, K, summed)


check(7, 24, 3, "nothing", False)
check(7, 24, 3, "branch", True)
check(7, 24, 3, "branch", False)
check(10, 33, 8, "slots", True)
check(1, 16, 1, "slots", True)
check(5, 64, 9, "many slots", True)
