"""The gated activation against PyTorch in float64, on rows that fill no block, one row, and large gates."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import ROUNDED, SINGLE, halves, require, unwritten

import torch

import swiglu


def check(S, size, scale=1):
    block = max(16, 1 << (size - 1).bit_length())
    both, weight, gradient = halves(S, 2 * size) * scale, torch.rand(S) + 0.1, halves(S, size)
    inner = unwritten(S, size, dtype=torch.bfloat16)
    swiglu.swiglu_forward[(S,)](both, weight, inner, size, block)
    both64, weight64 = both.double().requires_grad_(), weight.double().requires_grad_()
    gate, up = both64.chunk(2, -1)
    expected = torch.nn.functional.silu(gate) * up * weight64[:, None]
    require("inner", inner, expected, ROUNDED)
    again, both_grad = unwritten(S, size, dtype=torch.bfloat16), unwritten(S, 2 * size, dtype=torch.bfloat16)
    weight_grad = unwritten(S)
    swiglu.swiglu_backward[(S,)](both, weight, gradient, again, both_grad, weight_grad, size, block)
    of_both, of_weight = torch.autograd.grad((expected * gradient.double()).sum(), (both64, weight64))
    require("inner again", again, inner, 0)
    require("gate's and up's gradients", both_grad, of_both, ROUNDED)
    require("weights' gradients", weight_grad, of_weight, SINGLE)
    print("ok", S, size, scale)


check(7, 24)
check(1, 16)
check(33, 80, 30)
