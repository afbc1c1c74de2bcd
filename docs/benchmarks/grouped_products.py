#!/usr/bin/env python3
"""Times what a layer's experts do in a forward and backward pass, beside PyTorch: torch._grouped_mm on the same rows, and cuBLAS
(torch.bmm) on as many rows shared evenly, for it takes no others.

    python3 grouped_products.py FOLDER [ARCH [TOKENS HIDDEN INNER]]     FOLDER: PTX and manifest; ARCH sm_90a or sm_80;
                                                                        16384 2048 1024 (olmoe-1b-7b) if none

64 experts, 8 of them a token, uneven loads; milliseconds (median of 12 queued repetitions) and TFLOP/s. Gradients of matrices are float32,
PyTorch's bfloat16.
"""

import sys
from pathlib import Path

import torch

from flex_attention import median_ms

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "spattention-djl" / "src" / "main" / "kernel"))
import launch  # noqa: E402

EXPERTS, SLOTS = 64, 8


def main():
    kernels = launch.Kernels(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "sm_90a")
    T, D, inner = map(int, sys.argv[3:6] or (16384, 2048, 1024))
    grouped = launch.Grouped(kernels, poison=False)
    S, even = T * SLOTS, T * SLOTS // EXPERTS
    torch.manual_seed(1)
    liking = torch.distributions.Dirichlet(torch.full((EXPERTS,), 8.0)).sample().cuda().log()
    chosen = (liking - torch.empty(T, EXPERTS, device="cuda").exponential_().log()).topk(SLOTS, 1).indices.flatten()
    order = torch.argsort(chosen, stable=True)
    places = torch.empty_like(order)
    places[order] = torch.arange(S, device="cuda")
    places = places.int().view(T, SLOTS)
    loads = torch.bincount(chosen, minlength=EXPERTS)
    plan = grouped.plan(loads.tolist())
    ends = plan[0]
    print(f"{torch.cuda.get_device_name()}: {T} tokens, hidden {D}, inner {inner}, loads {loads.min()} to {loads.max()}")

    def random(*shape):
        return torch.randn(*shape, device="cuda").bfloat16()

    hidden, x, both, gated = random(T, D), random(S, D), random(S, 2 * inner), random(S, inner)
    up, down = random(EXPERTS, 2 * inner, D), random(EXPERTS, D, inner)
    xs, boths, gateds = (a.view(EXPERTS, even, -1) for a in (x, both, gated))
    mm = torch._grouped_mm
    dispatch = median_ms(lambda: grouped.dispatch(hidden, places))
    print(f"tokens' rows in the experts' order: {dispatch:.3f} ms, three times")
    products = {  # operations; ours, PyTorch's, cuBLAS's
        "gate, up": (4, lambda: grouped.rows(x, up, plan, True), lambda: mm(x, up.transpose(1, 2), offs=ends),
                                 lambda: xs @ up.transpose(1, 2)),
        "down": (2, lambda: grouped.rows(gated, down, plan, True), lambda: mm(gated, down.transpose(1, 2), offs=ends),
                 lambda: gateds @ down.transpose(1, 2)),
        "gradient of gated": (2, lambda: grouped.rows(x, down, plan, False), lambda: mm(x, down, offs=ends), lambda: xs @ down),
        "gradient of down": (2, lambda: grouped.matrices(x, gated, plan, wide=True), lambda: mm(x.T, gated, offs=ends),
                             lambda: xs.transpose(1, 2) @ gateds),
        "gradient of gate, up": (4, lambda: grouped.matrices(both, x, plan, wide=True), lambda: mm(both.T, x, offs=ends),
                                 lambda: boths.transpose(1, 2) @ xs),
        "gradient of hidden": (4, lambda: grouped.rows(both, up, plan, False), lambda: mm(both, up, offs=ends), lambda: boths @ up),
    }
    totals = [0.0] * 4
    for name, (share, *works) in products.items():
        operations = share * S * D * inner
        times = [median_ms(work) for work in works]
        totals = [a + b for a, b in zip(totals, (operations, *times))]
        print(f"{name:24s}" + "".join(f"{t:8.3f} ms {operations / t / 1e9:5.0f}" for t in times), flush=True)
    print(f"{'all':24s}" + "".join(f"{t:8.3f} ms {totals[0] / t / 1e9:5.0f}" for t in totals[1:]))


if __name__ == "__main__":
    main()
