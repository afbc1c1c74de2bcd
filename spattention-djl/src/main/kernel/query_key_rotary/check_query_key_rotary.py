"""Norm and rotation against PyTorch in float64, on columns of a wider array, from a later position on, one head, one token."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import ROUNDED, SINGLE, halves, require, unwritten

import torch

import query_key_rotary


def check(B, N, H, dim, first, each=3):
    T, size, half = B * N, H * dim, dim // 2
    block = max(half, 1 << (size // 2 - 1).bit_length())
    wide = halves(T, size + 40)
    x, weight = wide[:, 8:8 + size], torch.rand(size) + 0.5
    angles = torch.rand(N + first, half) * 6
    cos, sin = angles.cos().contiguous(), angles.sin().contiguous()
    y, root = unwritten(T, size, dtype=torch.bfloat16), unwritten(T)
    query_key_rotary.rotary_forward[(T,)](x, wide.stride(0), weight, cos, sin, y, root, size, N, first, 1e-5, block, half)
    x64, weight64 = x.double().requires_grad_(), weight.double().requires_grad_()
    normed = (x64 * torch.rsqrt((x64 * x64).mean(-1, keepdim=True) + 1e-5) * weight64).view(B, N, H, dim)
    low, high = normed.chunk(2, -1)
    c, s = cos[first:].double()[None, :, None], sin[first:].double()[None, :, None]
    expected = torch.cat([low * c - high * s, high * c + low * s], -1).reshape(T, size)
    require("y", y, expected, ROUNDED)
    gradient = halves(T, size)
    programs = -(-T // each)
    parts, wide_grad = unwritten(programs, size), unwritten(T, size + 16, dtype=torch.bfloat16)
    query_key_rotary.rotary_backward[(programs,)](x, wide.stride(0), weight, cos, sin, root, gradient, wide_grad[:, 8:], wide_grad.stride(0),
                                                  parts, T, size, N, first, each, block, half)
    of_x, of_weight = torch.autograd.grad((expected * gradient.double()).sum(), (x64, weight64))
    require("x's gradient", wide_grad[:, 8:8 + size], of_x, ROUNDED)
    require("the weight's gradient", parts.sum(0), of_weight, SINGLE)
    for others in (wide_grad[:, :8], wide_grad[:, 8 + size:]):
        require("other columns", others, torch.full_like(others, 77), 0)
    print("ok", B, N, H, dim, first)


check(2, 5, 3, 8, 2)
check(1, 1, 1, 16, 0)
check(3, 4, 5, 32, 0)
