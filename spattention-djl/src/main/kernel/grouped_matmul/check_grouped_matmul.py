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
SIZES = ((64, 64), (128, 192), (320, 256), (1024, 512), (256, 64), (2048, 128), (64, 1024))
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

    def matrices(self, left, right, plan, add_to=None):
        E, M, N = len(plan[0]), left.shape[1], right.shape[1]
        out = unwritten(E, M, N, dtype=torch.bfloat16) if add_to is None else add_to
        grouped_matmul.matrices[(-(-N // 16), -(-M // 16), E)](left, right, out, plan[0], M, N, **self.TILE, ADD=add_to is not None)
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
    last = max(i for i, (b, e) in enumerate(bounds) if e > b)
    if last > 0:  # what is not a number stays with the expert that has it
        for spoiled, other in ((a, x), (x, a)):
            spoiled = spoiled.clone()
            spoiled[bounds[last][0]:] = float("nan")
            pair = (spoiled, other) if other is x else (other, spoiled)
            judge(f"other experts {loads} {K} {N}", grouped.matrices(*pair, plan)[:last], outer[:last])
    if isinstance(grouped, Source):
        before = torch.randn(E, K, N)
        judge(f"sums {loads} {K} {N}", grouped.matrices(a, x, plan, before.clone()), outer + before)


def check_dispatch_and_combine(judge, tokens, slots, size):
    order = torch.randperm(tokens * slots)  # the pair of each row
    places = torch.empty_like(order)
    places[order] = torch.arange(tokens * slots)
    x, gathered = torch.randn(tokens, size).bfloat16(), unwritten(tokens * slots, size, dtype=torch.bfloat16)
    block = 1 << (size - 1).bit_length()
    grouped_matmul.gather_rows[(tokens * slots,)](x, (order // slots).int(), gathered, size, block)
    judge("gathered rows", gathered, x[order // slots])
    combined = unwritten(tokens, size, dtype=torch.bfloat16)
    grouped_matmul.sum_slots[(tokens,)](gathered, places.int(), combined, slots, size, block)
    judge("combined rows", combined, x.double() * slots)


def main():
    judge = Judge()
    if len(sys.argv) > 1:
        import launch
        grouped = launch.Grouped(launch.Kernels(sys.argv[1], sys.argv[2]))
        cases = itertools.product(LOADS, SIZES)
    else:
        grouped, cases = Source(), itertools.product(SMALL_LOADS, SMALL_SIZES)
        for tokens, slots, size in ((1, 1, 16), (7, 3, 40), (20, 8, 24)):
            check_dispatch_and_combine(judge, tokens, slots, size)
    for loads, (K, N) in cases:
        check_products(grouped, judge, loads, K, N)
    print(f"{judge.done} cases, {judge.wrong} wrong; largest relative error {judge.worst:.2e}")
    return 1 if judge.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
