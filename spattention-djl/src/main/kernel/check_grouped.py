#!/usr/bin/env python3
"""Compares the grouped products with float32 products expert by expert, on awkward loads.

    python3 check_grouped.py FOLDER ARCH      the compiled kernels of FOLDER (with its manifest) on a GPU; ARCH sm_90a or sm_80
"""

import itertools
import sys

import torch

import launch

LOADS = ([1], [0, 3, 0], [128, 0, 129, 1, 0, 0, 700], [5000, 1, 64, 63, 65, 127], [0] * 30 + [333] + [0] * 20, [2] * 256)
SIZES = ((64, 64), (128, 192), (320, 256), (1024, 512), (256, 64), (2048, 128), (64, 1024), (192, 384))


def main():
    grouped = launch.Grouped(launch.Kernels(sys.argv[1], sys.argv[2]))
    generator = torch.Generator(device="cuda").manual_seed(0)
    done = wrong = 0
    worst = 0.0

    def judge(what, actual, expected, again=None):
        nonlocal done, wrong, worst
        error = launch.relative_error(actual, expected)
        good = error < 1e-2 and (again is None or torch.equal(actual, again))  # NaN is not good
        done, wrong, worst = done + 1, wrong + (not good), max(worst, error)
        if not good:
            print(f"WRONG {what}: {error}", flush=True)

    for loads, (K, N) in itertools.product(LOADS, SIZES):
        S, E, plan = sum(loads), len(loads), grouped.plan(loads)
        a, x = (torch.randn(S, n, device="cuda", generator=generator).bfloat16() for n in (K, N))
        w = torch.randn(E, K, N, device="cuda", generator=generator).bfloat16()
        ends = plan[0].tolist()
        bounds = list(zip([0] + ends[:-1], ends))
        products = torch.cat([a[b:e].float() @ w[i].float() for i, (b, e) in enumerate(bounds)])
        for transposed in (False, True):
            matrices = w.transpose(1, 2).contiguous() if transposed else w
            judge(f"rows {transposed} {loads} {K} {N}", grouped.rows(a, matrices, plan, transposed), products,
                  grouped.rows(a, matrices, plan, transposed))
        outer = torch.stack([a[b:e].float().T @ x[b:e].float() for b, e in bounds])
        judge(f"matrices {loads} {K} {N}", grouped.matrices(a, x, plan), outer, grouped.matrices(a, x, plan))
        sums = torch.randn(E, K, N, device="cuda", generator=generator)
        judge(f"matrices in float32 {loads} {K} {N}", grouped.matrices(a, x, plan, wide=True), outer,
              grouped.matrices(a, x, plan, wide=True))
        judge(f"matrices added {loads} {K} {N}", grouped.matrices(a, x, plan, sums.clone()), sums + outer,
              grouped.matrices(a, x, plan, sums.clone()))
        last = max(i for i, (b, e) in enumerate(bounds) if e > b)
        if last > 0:  # what is not a number stays with the expert that has it
            for spoiled, other in ((a, x), (x, a)):
                spoiled = spoiled.clone()
                spoiled[bounds[last][0]:] = float("nan")
                pair = (spoiled, other) if other is x else (other, spoiled)
                judge(f"other experts {loads} {K} {N}", grouped.matrices(*pair, plan)[:last], outer[:last])
            first = bounds[last][0]
            spoiled = a.clone()
            spoiled[first:] = float("nan")
            judge(f"other rows {loads} {K} {N}", grouped.rows(spoiled, w, plan, False)[:first], products[:first])
    for tokens, slots, size in ((1, 1, 16), (30, 3, 1040), (100, 8, 2048), (9, 2, 4096)):
        array = torch.randn(tokens, size, device="cuda", generator=generator).bfloat16()
        places = torch.randperm(tokens * slots, device="cuda", generator=generator).int()
        out = grouped.spread(array, places.view(tokens, slots))
        judge(f"spread {tokens} {slots} {size}", out[places.long()], array.repeat_interleave(slots, 0))
    print(f"{done} cases, {wrong} wrong; largest relative error {worst:.2e}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
