#!/usr/bin/env python3
"""Compares the kernels with a masked float64 computation: output and gradients, on awkward shapes.

    python3 -W ignore check_banded_attention.py     banded_attention.py itself, on a GPU or in the interpreter, smaller shapes
    python3 check_banded_attention.py FOLDER ARCH [SECONDS [FLOAT32]]     the compiled kernels of FOLDER (with its manifest) on a GPU;
                                      ARCH sm_90a or sm_80; FLOAT32 fp32 or tf32: check these numbers instead of 16 bits
"""

import itertools
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
import checks  # noqa: F401, decides where kernels run

import torch

import launch_attention

LIMITS = {"bf16": 1e-2, "fp16": 4e-3, "tf32": 2e-2, "fp32": 2e-5}
RANGES = ("causal", "sp", "exclusive", "local", "gapped")
PATTERNS = (*RANGES, "longformer", "bigbird")


def case(kernels, device, seed, dtype, name, B, H, G, N, M, D, L, documents, dropout, wide, layout):
    generator = torch.Generator(device=device).manual_seed(seed)

    def make(heads, rows):
        if layout == "rows":  # [B, rows, heads, D] memory, as projections give it
            return torch.randn(B, rows, heads, D, device=device, generator=generator).to(dtype).transpose(1, 2)
        if layout == "padded":  # a slice of something wider and longer
            wide = torch.randn(B, heads + 1, rows + 3, 2 * D, device=device, generator=generator).to(dtype)
            return wide[:, 1:, 2:2 + rows, D:]
        return torch.randn(B, heads, rows, D, device=device, generator=generator).to(dtype)

    q, k, v, grad = make(H, N), make(G, M), make(G, M), make(H, N)
    ids = None
    if documents:
        cuts = torch.rand(B, M, device=device, generator=generator) < 3 / max(M, 8) ** 0.7
        ids = cuts.cumsum(1) + (1 << 40)
        if seed % 4 > 1:
            ids %= 5  # numbers that fall, and come back
    heads = launch_attention.pattern(name, H, L)
    drawn = ((seed << 32) + 77, (58982, 45875, 20000)[seed % 3]) if dropout else None  # the rates 0.1, 0.3 and 0.69
    attention = launch_attention.Attention(kernels, heads, N, M, ids, device, dropout=drawn, wide=launch_attention.WIDE_FROM if wide else ())
    out, lse = attention.forward(q, k, v)
    results = (out, *attention.backward(q, k, v, out, lse, grad))
    expected = launch_attention.reference(q, k, v, heads, ids, grad, drawn)
    again, lse_again = attention.forward(q, k, v)
    repeat = (again, *attention.backward(q, k, v, again, lse_again, grad))
    least = 0.1 if dropout else 0.0  # where rows see one key, gradients are all rounding, and dropout scales that up
    errors = [launch_attention.relative_error(a, e, least) for a, e in zip(results, expected)]
    same = all(torch.equal(a, b) for a, b in zip(results, repeat))
    limit = LIMITS[kernels.types[dtype]]
    good = same and all(error < limit for error in errors)  # NaN is not good
    label = f"{name} B{B} H{H}/{G} N{N}/{M} D{D} L{L} {dtype} {'documents ' if documents else ''}{'dropout ' if dropout else ''}"
    label += f"{'wide ' if wide else ''}{layout}"
    if not good:
        print(f"WRONG {label}: {errors} same twice: {same}", flush=True)
    return good, max(errors), label


def same_bits_under_load(kernels, dtype, dims, repeats=40):
    """The same call again and again on a full GPU, where programs wait for their copies: a race of one program in some thousand shows.
    Another process beside it makes them wait longer."""
    wrong = 0
    calls = [(name, D, ()) for name, D in itertools.product(PATTERNS, dims)]
    if kernels.arch == "sm_90a" and dtype != torch.float32:
        calls += [(name, 128, tuple(launch_attention.WIDE_FROM)) for name in RANGES]
    for name, D, wide in calls:
        heads = launch_attention.pattern(name, 8, 2048)
        q, k, v, grad = (torch.randn(32, 2048, 8, D, device="cuda", dtype=dtype).transpose(1, 2) for _ in range(4))
        attention, first = launch_attention.Attention(kernels, heads, 2048, 2048, None, "cuda", wide=wide), None
        for _ in range(repeats):
            out, lse = attention.forward(q, k, v)
            results = (out, *attention.backward(q, k, v, out, lse, grad))
            first = first or results
            wrong += not all(torch.equal(a, b) for a, b in zip(results, first))  # NaN is not equal
    print(f"full GPU: {wrong} of {repeats * len(calls)} calls differ from the first", flush=True)
    return wrong


def main():
    if len(sys.argv) == 1:
        device, kernels, types = torch.get_default_device().type, launch_attention.Interpreter(), (torch.float16,)
        sizes = [(1, 2, 2, 1, 1), (1, 5, 5, 17, 17), (2, 2, 1, 50, 50), (1, 3, 1, 30, 71)]
        dims, seconds = (16,), 1e9
    else:
        device, types = "cuda", (torch.float32,) if sys.argv[4:] else (torch.bfloat16, torch.float16)
        kernels = launch_attention.Kernels(sys.argv[1], sys.argv[2], *sys.argv[4:])
        sizes = [(1, 1, 1, 1, 1), (3, 2, 1, 17, 17), (1, 5, 5, 64, 64), (3, 8, 2, 127, 127), (1, 16, 16, 129, 129),
                 (1, 5, 5, 1000, 1000), (1, 8, 4, 100, 1003), (3, 2, 2, 1, 700), (1, 16, 16, 2048, 2048)]
        dims, seconds = (32, 64, 128, 256) if sys.argv[2] == "sm_80" else (64, 128), float(sys.argv[3]) if len(sys.argv) > 3 else 120
    start, done, wrong, worst = time.time(), 0, 0, {}
    tuned = sys.argv[2:3] == ["sm_90a"]
    dropout = (False,) if tuned else (False, True)  # sm_80's kernels drop weights there
    cases = [(size, *rest, drops, False) for size, *rest, drops in itertools.product(sizes, PATTERNS, dims, types, (False, True), dropout)
             if size[4] > 1 or not drops]
    if tuned:
        cases += itertools.product(sizes, RANGES, (128,), types, (False,), (False,), (True,))
    random.Random(0).shuffle(cases)  # what the clock cuts off is spread evenly
    for index, ((B, H, G, N, M), name, D, dtype, documents, dropout, wide) in enumerate(cases):
        if time.time() - start > seconds:
            print(f"stopped by the clock after {done} of {len(cases)} cases")
            break
        layout = ("rows", "padded", "plain")[index % 3]
        L = M if index % 2 else max(1, M // 2)
        good, error, label = case(kernels, device, index, dtype, name, B, H, G, N, M, D, L, documents, dropout, wide, layout)
        done += 1
        wrong += not good
        worst[dtype] = max(worst.get(dtype, (0, "")), (error, label))
    print(f"{done} cases, {wrong} wrong, {time.time() - start:.0f} s")
    if len(sys.argv) > 1:
        wrong += same_bits_under_load(kernels, types[0], (64, 128))
    for dtype, (error, label) in worst.items():
        print(f"largest relative error in {dtype}: {error:.2e} ({label})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
