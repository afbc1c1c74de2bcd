#!/usr/bin/env python3
"""Times the experts' products, all six of a layer's forward and backward pass, beside cuBLAS with the same rows shared evenly.

    python3 grouped_products.py FOLDER [ARCH [TOKENS HIDDEN INNER]]     FOLDER: PTX and manifest; ARCH sm_90a or sm_80;
                                                                        16384 2048 1024 (olmoe-1b-7b) if none

64 experts, 8 of them a token, uneven loads; milliseconds (median of 12 queued repetitions) and TFLOP/s. cuBLAS: torch.bmm, which
takes even loads only.
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
    loads = (torch.distributions.Dirichlet(torch.full((EXPERTS,), 8.0)).sample() * S).long()
    loads[0] += S - loads.sum()
    plan = grouped.plan(loads.tolist())
    print(f"{torch.cuda.get_device_name()}: {T} tokens, hidden {D}, inner {inner}, loads {loads.min()} to {loads.max()}")

    def random(*shape):
        return torch.randn(*shape, device="cuda").bfloat16()

    x, both, gated = random(S, D), random(S, 2 * inner), random(S, inner)
    up, down = random(EXPERTS, 2 * inner, D), random(EXPERTS, D, inner)
    xs, boths, gateds = (a.view(EXPERTS, even, -1) for a in (x, both, gated))
    products = {  # operations, ours, cuBLAS
        "gate, up": (2 * S * D * 2 * inner, lambda: grouped.rows(x, up, plan, True), lambda: xs @ up.transpose(1, 2)),
        "down": (2 * S * D * inner, lambda: grouped.rows(gated, down, plan, True), lambda: gateds @ down.transpose(1, 2)),
        "gradient of gated": (2 * S * D * inner, lambda: grouped.rows(x, down, plan, False), lambda: xs @ down),
        "gradient of down": (2 * S * D * inner, lambda: grouped.matrices(x, gated, plan), lambda: xs.transpose(1, 2) @ gateds),
        "gradient of gate, up": (2 * S * D * 2 * inner, lambda: grouped.matrices(both, x, plan), lambda: boths.transpose(1, 2) @ xs),
        "gradient of hidden": (2 * S * D * 2 * inner, lambda: grouped.rows(both, up, plan, False), lambda: boths @ up),
    }
    sums = [0, 0, 0]
    for name, (operations, ours, peer) in products.items():
        times = median_ms(ours), median_ms(peer)
        sums = [a + b for a, b in zip(sums, (operations, *times))]
        print(f"{name:24s}" + "".join(f"{t:8.3f} ms {operations / t / 1e9:5.0f}" for t in times), flush=True)
    print(f"{'all':24s}" + "".join(f"{t:8.3f} ms {sums[0] / t / 1e9:5.0f}" for t in sums[1:]))


if __name__ == "__main__":
    main()
