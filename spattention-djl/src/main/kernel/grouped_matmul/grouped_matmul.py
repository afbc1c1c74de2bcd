"""Matrix products of the experts' own rows, all experts in one launch, however uneven their load.

Rows are sorted by expert: expert e owns rows ends[e-1] <= r < ends[e], and tile_ends[e] counts the tiles of ROWS rows that the
experts up to e have. Sums run in float32.

    spread_rows    tokens' rows in the experts' order
    rows           each row times its expert's matrix
    matrices       for each expert the sum of its rows' outer products
    sum_slots      each token's rows added up

These are the kernels for every GPU from compute capability 8.0 on; `grouped_matmul_hopper.py` has both products for 9.0 alone.

Letters: S = rows, E = experts, K = the dimension summed over, N = columns of the result.
"""

import triton
import triton.language as tl


@triton.jit
def _count(values, numbers, experts, limit):
    """How many of the first `experts` values are at most limit."""
    return tl.sum(tl.where((numbers < experts) & (values <= limit), 1, 0))


@triton.jit
def spread_rows(array, places, out, slots, size, BLOCK: tl.constexpr):
    """out[places[t, slot]] = array[t] for each slot: [S, size]. A token's row is read once, and not once for each of its experts."""
    token = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    row = tl.load(array + token.to(tl.int64) * size + columns, mask=inside)
    for slot in range(0, slots):
        place = tl.load(places + token.to(tl.int64) * slots + slot).to(tl.int64)
        tl.store(out + place * size + columns, row, mask=inside)


@triton.jit
def rows(array, matrices, out, ends, tile_ends, experts, N, K, ROWS: tl.constexpr, COLUMNS: tl.constexpr, STEP: tl.constexpr,
         EXPERTS: tl.constexpr, TRANSPOSED: tl.constexpr):
    """out[r] = array[r] matrices[e]: [S, N]. matrices [E, K, N], or with TRANSPOSED [E, N, K].

    A program computes ROWS rows of one expert. Programs beyond the last tile have nothing to do, so that nobody need know the
    loads on the host."""
    tile = tl.program_id(1)
    numbers = tl.arange(0, EXPERTS)
    all_tile_ends = tl.load(tile_ends + numbers, mask=numbers < experts, other=0)
    expert = _count(all_tile_ends, numbers, experts, tile)
    if expert < experts:
        before = tl.maximum(expert - 1, 0)
        first_tile = tl.where(expert > 0, tl.load(tile_ends + before), 0)
        first_row = tl.where(expert > 0, tl.load(ends + before), 0) + (tile - first_tile) * ROWS
        end = tl.load(ends + expert)
        r = first_row + tl.arange(0, ROWS)
        n = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
        k = tl.arange(0, STEP)
        left = array + r.to(tl.int64)[:, None] * K + k[None, :]
        base = matrices + expert.to(tl.int64) * N * K
        if TRANSPOSED:
            right = base + k[:, None] + n[None, :] * K
        else:
            right = base + k[:, None] * N + n[None, :]
        sums = tl.zeros([ROWS, COLUMNS], tl.float32)
        for start in range(0, K, STEP):
            a = tl.load(left, mask=(r < end)[:, None], other=0.0)
            b = tl.load(right, mask=(n < N)[None, :], other=0.0)
            sums = tl.dot(a, b, sums)
            left += STEP
            right += STEP if TRANSPOSED else STEP * N
        tl.store(out + r.to(tl.int64)[:, None] * N + n[None, :], sums.to(out.dtype.element_ty),
                 mask=(r < end)[:, None] & (n < N)[None, :])


@triton.jit
def matrices(left, right, out, ends, M, N, ROWS: tl.constexpr, COLUMNS: tl.constexpr, STEP: tl.constexpr, ADD: tl.constexpr):
    """out[e] = sum over the expert's rows of left[r]^T right[r]: [E, M, N], or with ADD out[e] + that; zeros for an expert without
    rows."""
    expert = tl.program_id(2)
    begin = tl.where(expert > 0, tl.load(ends + tl.maximum(expert - 1, 0)), 0)
    end = tl.load(ends + expert)
    m = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    n = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    sums = tl.zeros([ROWS, COLUMNS], tl.float32)
    for start in range(begin, end, STEP):
        r = start + tl.arange(0, STEP)
        inside = (r < end)[:, None]
        a = tl.load(left + r.to(tl.int64)[:, None] * M + m[None, :], mask=inside & (m < M)[None, :], other=0.0)
        b = tl.load(right + r.to(tl.int64)[:, None] * N + n[None, :], mask=inside & (n < N)[None, :], other=0.0)
        sums = tl.dot(a.T, b, sums)
    at = out + expert.to(tl.int64) * M * N + m.to(tl.int64)[:, None] * N + n[None, :]
    inside = (m < M)[:, None] & (n < N)[None, :]
    if ADD:
        sums += tl.load(at, mask=inside, other=0.0)
    tl.store(at, sums.to(out.dtype.element_ty), mask=inside)


@triton.jit
def sum_slots(array, places, out, slots, size, BLOCK: tl.constexpr):
    """out[t] = sum over the token's slots of array[places[t, slot]]: [tokens, size], the slots in their order."""
    token = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    total = tl.zeros([BLOCK], tl.float32)
    for slot in range(0, slots):
        row = tl.load(places + token.to(tl.int64) * slots + slot).to(tl.int64)
        total += tl.load(array + row * size + columns, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + token.to(tl.int64) * size + columns, total.to(out.dtype.element_ty), mask=inside)
