#!/usr/bin/env python3
"""Times PyTorch's attention on a GPU: FlexAttention compiled with this project's patterns, and dense FlashAttention and cuDNN.

    python3 flex_attention.py [N ...]     needs PyTorch with FlexAttention and Triton; N: sequence lengths, 4096 16384 if none

bfloat16, batch x N = 32,768, 16 heads of 128; forward, and forward + backward, in milliseconds: the median of 12 repetitions that
are queued one after the other without a synchronisation between them, so that the host's share is hidden as in training.
"""

import sys

import torch

TOKENS, HEADS, HEAD_DIM = 32768, 16, 128


def median_ms(work, repetitions=12, warm_up=3):
    for _ in range(warm_up):
        work()
    torch.cuda.synchronize()
    events = [torch.cuda.Event(enable_timing=True) for _ in range(repetitions + 1)]
    events[0].record()
    for event in events[1:]:
        work()
        event.record()
    torch.cuda.synchronize()
    times = sorted(a.elapsed_time(b) for a, b in zip(events, events[1:]))
    return (times[repetitions // 2 - 1] + times[repetitions // 2]) / 2


def inputs(N, seed=0):
    """Queries, keys, values and a gradient, as projections give them: [B, H, N, D] views of [B, N, H, D] memory."""
    generator = torch.Generator(device="cuda").manual_seed(seed)
    return [torch.randn(TOKENS // N, N, HEADS, HEAD_DIM, device="cuda", dtype=torch.bfloat16, generator=generator).transpose(1, 2)
            for _ in range(4)]


def mask(pattern, N):
    """FlexAttention's mask function: SPAttention's heads (arXiv 2511.09596)."""
    base, extra = divmod(N, HEADS)
    head = torch.arange(HEADS, device="cuda")
    width = base + (head < extra).int()
    start = head * base + torch.minimum(head, torch.tensor(extra, device="cuda"))

    def seen(b, h, i, j):
        d = i - j
        own = (d >= start[h]) & (d < start[h] + width[h])
        if pattern == "causal":
            return d >= 0
        if pattern == "exclusive":
            return own
        return (d >= 0) & ((d <= width[h]) | own)

    return seen


def both(attend, q, k, v, grad):
    """Forward alone and forward + backward of a differentiable attention."""
    leaves = [x.detach().requires_grad_() for x in (q, k, v)]

    def step():
        return torch.autograd.grad(attend(*leaves), leaves, grad)

    with torch.no_grad():
        forward = median_ms(lambda: attend(q, k, v))
    return forward, median_ms(step)


def flex(pattern, N, q, k, v, grad):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    block_mask = torch.compile(create_block_mask)(mask(pattern, N), None, HEADS, N, N, device="cuda")
    compiled = torch.compile(flex_attention, dynamic=False)
    return both(lambda *x: compiled(*x, block_mask=block_mask), q, k, v, grad)


def dense(backend, q, k, v, grad):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def attend(*x):
        with sdpa_kernel(getattr(SDPBackend, backend)):
            return torch.nn.functional.scaled_dot_product_attention(*x, is_causal=True)

    return both(attend, q, k, v, grad)


def main():
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}")
    for N in [int(x) for x in sys.argv[1:]] or [4096, 16384]:
        tensors = inputs(N)
        rows = [(f"FlexAttention {p}", lambda p=p: flex(p, N, *tensors)) for p in ("sp", "exclusive", "causal")]
        rows += [(f"dense {b}", lambda b=b: dense(b, *tensors)) for b in ("FLASH_ATTENTION", "CUDNN_ATTENTION")]
        for name, run in rows:
            try:
                forward, total = run()
                print(f"N {N:6d}  {name:24s} forward {forward:7.3f} ms   forward + backward {total:7.3f} ms", flush=True)
            except Exception as e:  # one that fails must not hide the others
                print(f"N {N:6d}  {name:24s} failed: {type(e).__name__}: {str(e)[:300]}", flush=True)


if __name__ == "__main__":
    main()
