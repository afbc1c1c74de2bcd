#!/usr/bin/env python3
"""Times the fused kernels, as flex_attention.py times PyTorch's.

    python3 fused_kernel.py FOLDER [ARCH [PATTERN,... [N ...]]]     FOLDER: PTX and manifest; ARCH sm_90a or sm_80

Prints, for each pattern and N, the time of each kernel, forward + backward, and the useful rate: 4 D and 10 D floating-point
operations for each pair that the pattern allows. causal is timed in turns with PyTorch's dense attention by cuDNN, too, and their ratio
printed. A pattern with "/L" at its end, as sp/700, is timed with documents of L tokens on average packed into the sequences.
"""

import sys
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from flex_attention import HEAD_DIM, HEADS, TOKENS, inputs, median_ms

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "spattention-djl" / "src" / "main" / "kernel" / "attention"))
import launch_attention  # noqa: E402


def packed(N, length):
    """The numbers of documents of random lengths: [B, N]."""
    generator = torch.Generator(device="cuda").manual_seed(1)
    return (torch.rand(TOKENS // N, N, device="cuda", generator=generator) < 1 / length).cumsum(1)


def measure(kernels, pattern, N, documents=None):
    q, k, v, grad = inputs(N)
    heads = launch_attention.pattern(pattern, HEADS, N)
    wide = launch_attention.wide_kernels(heads, N, documents) if kernels.arch == "sm_90a" else ()
    attention = launch_attention.Attention(kernels, heads, N, N, documents, "cuda", poison=False, wide=wide)
    kernels.recorded = []
    out, lse = attention.forward(q, k, v)
    attention.backward(q, k, v, out, lse, grad)
    starts, kernels.recorded = kernels.recorded, None

    def together():
        for _, start in starts:
            start()

    by_name = {name.split("-")[0]: [start] for name, start in starts}
    spans = by_name.pop("document_spans", None)
    if "backward" in by_name:  # programs add in an order that begins anew with delta_rows
        by_name["delta_rows, backward"] = by_name["delta_rows"] + by_name.pop("backward")
    times = [median_ms(lambda: [start() for start in each]) for each in by_name.values()] + [median_ms(together)]
    rates = ""
    if documents is not None:
        rates = f"   finding them {median_ms(spans[0]):7.3f}"
    elif not any(prefix or period for _, prefix, period in heads):
        work = launch_attention.pairs(heads, N) * q.shape[0] * HEAD_DIM
        rates = f"   {4 * work / times[0] / 1e9:4.0f} and {10 * work / (times[-1] - times[0]) / 1e9:4.0f} TFLOP/s"
    each = "   ".join(f"{name} {time:7.3f}" for name, time in zip((*by_name, "together"), times))
    print(f"N {N:6d}  {pattern:10s} {'documents ' if documents is not None else ''}{each} ms{rates}", flush=True)
    if pattern == "causal" and documents is None:
        against_cudnn(together, N, q, k, v, grad)


def against_cudnn(together, N, q, k, v, grad, rounds=5):
    """Forward + backward in turns: the chip slows as it gets hot, and who is timed first would seem the faster one."""
    leaves = [x.detach().requires_grad_() for x in (q, k, v)]

    def dense():
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            torch.autograd.grad(torch.nn.functional.scaled_dot_product_attention(*leaves, is_causal=True), leaves, grad)

    pairs = [(median_ms(together), median_ms(dense)) for _ in range(rounds)]
    ratios = sorted(cudnn / own for own, cudnn in pairs)
    print(f"N {N:6d}  causal, in turns with cuDNN (own / cuDNN): {', '.join(f'{own:.3f} / {cudnn:.3f}' for own, cudnn in pairs)} ms;"
          f" {ratios[rounds // 2]:.3f} times as fast ({ratios[0]:.3f} to {ratios[-1]:.3f})", flush=True)


def main():
    arch = sys.argv[2] if len(sys.argv) > 2 else "sm_90a"
    patterns = sys.argv[3].split(",") if len(sys.argv) > 3 else ["sp", "exclusive", "causal", "longformer", "bigbird"]
    kernels = launch_attention.Kernels(sys.argv[1], arch)
    print(f"{torch.cuda.get_device_name()}, {sys.argv[1]} {arch}")
    for N in [int(x) for x in sys.argv[4:]] or [4096, 16384]:
        for pattern in patterns:
            try:
                name, _, length = pattern.partition("/")
                measure(kernels, name, N, packed(N, int(length)) if length else None)
            except Exception as e:
                print(f"N {N:6d}  {pattern} failed: {type(e).__name__}: {str(e)[:300]}", flush=True)


if __name__ == "__main__":
    main()
