"""The gradients of keys or values whose heads several query heads share, added up, into columns of a wider array."""

import triton
import triton.language as tl


@triton.jit
def sum_shared_heads(array, out, out_pitch, kv_heads, group, D: tl.constexpr, HEADS: tl.constexpr):
    """out[t, g, :] = sum over the group's heads of array[t, g, h, :]. array [T, kv_heads, group, D] without gaps, rows of out out_pitch
    apart; bfloat16."""
    token = tl.program_id(0).to(tl.int64)
    g = tl.program_id(1) * HEADS + tl.arange(0, HEADS)
    columns = tl.arange(0, D)
    inside = (g < kv_heads)[:, None]
    total = tl.zeros([HEADS, D], tl.float32)
    for h in range(0, group):
        total += tl.load(array + (token * kv_heads + g[:, None]) * group * D + h * D + columns[None, :], mask=inside, other=0.0).to(tl.float32)
    tl.store(out + token * out_pitch + g[:, None] * D + columns[None, :], total.to(out.dtype.element_ty), mask=inside)
