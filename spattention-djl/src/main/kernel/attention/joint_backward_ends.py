"""What runs before and after `joint_backward.py`, whose letters and arrays these are. A program has a tile of 64 queries of one head."""

import triton
import triton.language as tl

from band_tiles import pad4

ROWS = tl.constexpr(64)


@triton.jit
def delta_rows(grad, out, delta, turns, grad_batch, grad_head, grad_row, H, N, D: tl.constexpr):
    """delta = rowsum(grad * out), 0 in a line's padding. No program has added to the tile's sums yet."""
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    rows = tile * ROWS + tl.arange(0, ROWS)
    columns = tl.arange(0, D)[None, :]
    real = (rows < N)[:, None]
    out_tile = tl.load(out + ((batch * N + rows[:, None]) * H + head) * D + columns, mask=real, other=0.0).to(tl.float32)
    start = grad + batch * grad_batch + head * grad_head
    grad_tile = tl.load(start + rows[:, None].to(tl.int64) * grad_row + columns, mask=real, other=0.0).to(tl.float32)
    line = batch * H + head
    tl.store(delta + line * pad4(N) + rows, tl.sum(out_tile * grad_tile, 1), mask=rows < pad4(N))
    tl.store(turns + line * tl.num_programs(1) + tile, 0)


@triton.jit
def finish_queries(sums, turns, q_grad, H, N, scale, D: tl.constexpr):
    """dQ from its sums, 0 where no program has added any."""
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    row = tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, D)[None, :]
    index = (batch * H + head) * tl.num_programs(1) + tile
    # of each 8 columns 128 threads have 4 numbers: those of two rows, 8 apart, in two columns
    thread = row // 16 * 32 + row % 8 * 4 + column % 8 // 2
    place = column // 8 * 512 + thread * 4 + row % 16 // 8 * 2 + column % 2
    values = tl.load(sums + index * (ROWS * D) + place, mask=tl.load(turns + index) > 0, other=0.0)
    rows = tile * ROWS + row
    result = q_grad + ((batch * N + rows) * H + head) * D + column
    tl.store(result, (values * scale).to(q_grad.dtype.element_ty), mask=rows < N)
