"""The grouped products against products expert by expert, on uneven loads.

    python3 -W ignore check_grouped_matmul.py     grouped_matmul.py itself, on a GPU or in the interpreter, small sizes
    python3 check_grouped_matmul.py FOLDER ARCH   the compiled kernels of FOLDER (with its manifest) on a GPU; ARCH sm_90a or sm_80
"""

import itertools
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from checks import relative_error, unwritten

import torch

import grouped_matmul

ROUNDED = 1e-2
LOADS = ([1], [0, 3, 0], [128, 0, 129, 1, 0, 0, 700], [5000, 1, 64, 63, 65, 127], [0] * 30 + [333] + [0] * 20, [2] * 256)
SIZES = ((64, 64), (128, 192), (320, 256), (1024, 512), (256, 64), (2048, 128), (64, 1024), (192, 384))
SMALL_LOADS = ([1], [0, 3, 0], [16, 0, 17, 1, 0, 0, 40], [2] * 20)
SMALL_SIZES = ((32, 16), (64, 48))


class Source:
    """The kernels of the source, in small tiles."""

    TILE = {"ROWS": 16, "COLUMNS": 16, "STEP": 16}

    def plan(self, loads):
        loads = torch.tensor(loads)
        return loads.cumsum(0).int(), ((loads + 15) // 16).cumsum(0).int()

    def rows(self, array, matrices, plan, transposed):
        ends, tile_ends = plan
        (S, K), E, N = array.shape, len(ends), matrices.shape[1 if transposed else 2]
        out = unwritten(S, N, dtype=torch.bfloat16)
        grouped_matmul.rows[(-(-N // 16), S // 16 + E)](array, matrices, out, ends, tile_ends, E, N, K, **self.TILE, EXPERTS=32,
                                                        TRANSPOSED=transposed)
        return out

    def matrices(self, left, right, plan, out=None, wide=False):
        E, M, N, add = len(plan[0]), left.shape[1], right.shape[1], out is not None
        out = out if add else unwritten(E, M, N, dtype=torch.float32 if wide else torch.bfloat16)
        grouped_matmul.matrices[(-(-N // 16), -(-M // 16), E)](left, right, out, plan[0], M, N, **self.TILE, ADD=add)
        return out

    def dispatch(self, array, places):
        (T, size), slots = array.shape, places.shape[1]
        out = unwritten(T * slots, size, dtype=torch.bfloat16)
        grouped_matmul.spread_rows[(T,)](array, places, out, slots, size, 1 << (size - 1).bit_length())
        return out


class Judge:
    def __init__(self):
        self.done, self.wrong, self.worst = 0, 0, 0.0

    def __call__(self, what, actual, expected, again=None):
        error = relative_error(actual, expected)
        good = error < ROUNDED and (again is None or torch.equal(actual, again))  # NaN is not good
        self.done, self.wrong, self.worst = self.done + 1, self.wrong + (not good), max(self.worst, error)
        if not good:
            print(f"WRONG {what}: {error}", flush=True)


def check_products(grouped, judge, loads, K, N):
    S, E, plan = sum(loads), len(loads), grouped.plan(loads)
    a, x = (torch.randn(S, n).bfloat16() for n in (K, N))
    w = torch.randn(E, K, N).bfloat16()
    ends = plan[0].tolist()
    bounds = list(zip([0] + ends[:-1], ends))
    products = torch.cat([a[b:e].float() @ w[i].float() for i, (b, e) in enumerate(bounds)])
    for transposed in (False, True):
        matrices = w.transpose(1, 2).contiguous() if transposed else w
        judge(f"rows {transposed} {loads} {K} {N}", grouped.rows(a, matrices, plan, transposed), products,
              grouped.rows(a, matrices, plan, transposed))
    outer = torch.stack([a[b:e].float().T @ x[b:e].float() for b, e in bounds])
    judge(f"matrices {loads} {K} {N}", grouped.matrices(a, x, plan), outer, grouped.matrices(a, x, plan))
    judge(f"matrices in float32 {loads} {K} {N}", grouped.matrices(a, x, plan, wide=True), outer, grouped.matrices(a, x, plan, wide=True))
    before = torch.randn(E, K, N)
    judge(f"matrices added {loads} {K} {N}", grouped.matrices(a, x, plan, before.clone()), outer + before,
          grouped.matrices(a, x, plan, before.clone()))
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


def check_dispatch(grouped, judge, tokens, slots, size):
    x, places = torch.randn(tokens, size).bfloat16(), torch.randperm(tokens * slots).int().view(tokens, slots)
    rows = grouped.dispatch(x, places)
    judge(f"dispatched rows {tokens} {slots} {size}", rows[places.flatten().long()], x.repeat_interleave(slots, 0))
    return x, places, rows


def check_combine(judge, x, places, rows):
    (T, size), slots = x.shape, places.shape[1]
    combined = unwritten(T, size, dtype=torch.bfloat16)
    grouped_matmul.sum_slots[(T,)](rows, places, combined, slots, size, 1 << (size - 1).bit_length())
    judge(f"combined rows {T} {slots} {size}", combined, x.double() * slots)


def main():
    judge = Judge()
    if len(sys.argv) > 1:
        import launch
        grouped = launch.Grouped(launch.Kernels(sys.argv[1], sys.argv[2]))
        cases = itertools.product(LOADS, SIZES)
        for tokens, slots, size in ((1, 1, 16), (30, 3, 1040), (100, 8, 2048), (9, 2, 4096)):
            check_dispatch(grouped, judge, tokens, slots, size)
    else:
        grouped, cases = Source(), itertools.product(SMALL_LOADS, SMALL_SIZES)
        for tokens, slots, size in ((1, 1, 16), (7, 3, 40), (20, 8, 24)):
            check_combine(judge, *check_dispatch(grouped, judge, tokens, slots, size))
    for loads, (K, N) in cases:
        check_products(grouped, judge, loads, K, N)
    print(f"{judge.done} cases, {judge.wrong} wrong; largest relative error {judge.worst:.2e}")
    return 1 if judge.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
