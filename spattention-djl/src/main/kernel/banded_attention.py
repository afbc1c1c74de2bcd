"""Attention over distance ranges, forward and backward, as three Triton kernels.

What is computed. Query i of a head sees key j when the distance d = i - j lies in one of the head's ranges. With the scores
S = Q K^T / sqrt(D) over the pairs that are seen,

    O = softmax(S) V                        dV = P^T dO           dS = P * (dP - delta),  P = softmax(S), dP = dO V^T
    L = log sum exp S   (per query)         dQ = dS K / sqrt(D)   delta = rowsum(dO * O)
                                            dK = dS^T Q / sqrt(D)

as in FlashAttention-2 (arXiv 2307.08691, algorithms 1 and 2), but that a tile of queries does not walk over all keys before
it: it walks over the key tiles that its head's ranges reach, one range after the other, under one softmax. SPAttention's
head (arXiv 2511.09596) has two ranges, the local window and the head's own band; causal attention has one, and so on.
`docs/kernel.md` draws it.

    forward            one program for each tile of queries: O and L
    backward_queries   one program for each tile of queries: dQ and delta
    backward_keys      one program for each tile of keys: dK and dV; runs after backward_queries

The grid is (H, tiles, B), heads fastest: programs that run together read neighbouring memory, for rows of all heads lie side by
side. Scores are recomputed in both backward kernels. Nothing is added up by atomics, so every run gives the same bits.

Letters. B batch, H query heads, N queries, M keys (the queries are the last N of M positions), D head dimension. A *position*
counts from the first key: row r of the queries stands at position r + M - N. Scores and L are in powers of 2 inside: `log2_scale`
is log2(e) / sqrt(D).

A query that sees nothing gets O = 0 and L = +inf, so that its P, and with it its share of every gradient, is 0.

What a head sees comes as one row of 8 int32 in `heads` [H, 8]:
    near_a, far_a, near_b, far_b    two disjoint ranges of distances, both ends included; an empty one has near 2^29, far -2^29
    prefix                          the first so many keys are seen by every later query        (GENERAL only)
    period, first                   the distances k * period for k >= first are seen too        (GENERAL only)

Variants (compile-time switches).
    TMA         tiles come through the tensor memory accelerator (compute capability 9.0); else through plain pointers
    GENERAL     prefix and period are honoured
    DOCUMENTS   a query sees only keys of its own document: documents [B, M], int64
"""

import triton
import triton.language as tl

# Below any score, and finite: exp2(x - LOWEST) of a masked x = -inf is 0 and never NaN.
LOWEST = tl.constexpr(-1.0e30)


# ---- Which tiles -----------------------------------------------------------------------------------------------------------


@triton.jit
def count_tiles(first, last, TILE: tl.constexpr):
    """How many tiles of TILE positions cover first..last, both included; 0 if last < first."""
    return tl.maximum(last - first + TILE, 0) // TILE


@triton.jit
def head_ranges(heads, head):
    """The two distance ranges of a head."""
    row = heads + head * 8
    return tl.load(row), tl.load(row + 1), tl.load(row + 2), tl.load(row + 3)


@triton.jit
def head_extras(heads, head, GENERAL: tl.constexpr):
    """The head's prefix, period and first multiple; nothing at all in variants without them."""
    row = heads + head * 8
    if GENERAL:
        return tl.load(row + 4), tl.load(row + 5), tl.load(row + 6)
    else:
        return 0, 1, 0


@triton.jit
def key_tile(t, low_a, low_b, near_a, far_a, near_b, far_b, tiles_b, tiles_a, tiles_prefix, period, first, position,
             TILE: tl.constexpr, GENERAL: tl.constexpr):
    """The t-th key tile of a query tile: its first key, its range of distances, and whether it belongs to range b, to a range
    at all, to the prefix. Range b comes first (old keys), then a, the prefix, and one tile for each multiple of the period."""
    in_b = t < tiles_b
    start = tl.where(in_b, low_b + t * TILE, low_a + (t - tiles_b) * TILE)
    near = tl.where(in_b, near_b, near_a)
    far = tl.where(in_b, far_b, far_a)
    in_range = True
    in_prefix = False
    if GENERAL:
        past = t - tiles_b - tiles_a
        in_range = past < 0
        in_prefix = (past >= 0) & (past < tiles_prefix)
        distance = (first + past - tiles_prefix) * period
        start = tl.where(in_range, start, tl.where(in_prefix, past * TILE, position - distance))
        near = tl.where(in_range, near, tl.where(in_prefix, 0, distance))
        far = tl.where(in_range, far, tl.where(in_prefix, 1 << 30, distance))
    return start, near, far, in_range, in_prefix


@triton.jit
def query_tile(t, low_a, low_b, low_prefix, near_a, far_a, near_b, far_b, tiles_a, tiles_b, tiles_prefix, period, first, key,
               TILE: tl.constexpr, GENERAL: tl.constexpr):
    """The t-th query tile of a key tile, as a position; range a comes first (near queries). Else as `key_tile`."""
    in_a = t < tiles_a
    start = tl.where(in_a, low_a + t * TILE, low_b + (t - tiles_a) * TILE)
    near = tl.where(in_a, near_a, near_b)
    far = tl.where(in_a, far_a, far_b)
    in_range = True
    in_prefix = False
    if GENERAL:
        past = t - tiles_b - tiles_a
        in_range = past < 0
        in_prefix = (past >= 0) & (past < tiles_prefix)
        distance = (first + past - tiles_prefix) * period
        start = tl.where(in_range, start, tl.where(in_prefix, low_prefix + past * TILE, key + distance))
        near = tl.where(in_range, near, tl.where(in_prefix, 0, distance))
        far = tl.where(in_range, far, tl.where(in_prefix, 1 << 30, distance))
    return start, near, far, in_range, in_prefix


@triton.jit
def needs_mask(first_query, first_key, near, far, in_range, QUERIES: tl.constexpr, KEYS: tl.constexpr, GENERAL: tl.constexpr):
    """Whether a tile may hold a pair that is not seen: tiles inside a range do not."""
    nearest = first_query - (first_key + KEYS - 1)
    farthest = first_query + QUERIES - 1 - first_key
    outside = (nearest < near) | (farthest > far)
    if GENERAL:
        outside = outside | (in_range == 0)
    return outside


@triton.jit
def seen(query, key, near, far, in_range, in_prefix, near_a, far_a, near_b, far_b, prefix, GENERAL: tl.constexpr):
    """Which pairs of a tile are seen; query and key are positions that broadcast against each other. A pair that several rules
    allow belongs to the ranges before the prefix, and to the prefix before the period."""
    distance = query - key
    allowed = (distance >= near) & (distance <= far)
    if GENERAL:
        elsewhere = ((distance >= near_a) & (distance <= far_a)) | ((distance >= near_b) & (distance <= far_b))
        elsewhere = elsewhere | ((key < prefix) != in_prefix)
        allowed = allowed & (in_range | (elsewhere == 0))
    return allowed


# ---- Memory ----------------------------------------------------------------------------------------------------------------


@triton.jit
def load_tile(source, batch_stride, head_stride, row_stride, batch, head, row, rows, TILE: tl.constexpr, D: tl.constexpr,
              TMA: tl.constexpr):
    """Rows row..row+TILE of one head of [B, heads, rows, D]; those that do not exist are 0."""
    if TMA:
        return source.load([batch, head, row, 0]).reshape([TILE, D])
    else:
        r = row + tl.arange(0, TILE)
        base = source + batch.to(tl.int64) * batch_stride + head.to(tl.int64) * head_stride
        offsets = r.to(tl.int64)[:, None] * row_stride + tl.arange(0, D)[None, :]
        return tl.load(base + offsets, mask=((r >= 0) & (r < rows))[:, None], other=0.0)


@triton.jit
def load_rows(source, line, padded, row, TILE: tl.constexpr, TMA: tl.constexpr):
    """Elements row..row+TILE of one line of [B H, padded], float32; those that do not exist are 0."""
    if TMA:
        return source.load([line, row]).reshape([TILE])
    else:
        r = row + tl.arange(0, TILE)
        return tl.load(source + line.to(tl.int64) * padded + r, mask=(r >= 0) & (r < padded), other=0.0)


@triton.jit
def load_documents(documents, batch, position, M, TILE: tl.constexpr):
    """The documents of TILE positions, -1 where there is no position."""
    p = position + tl.arange(0, TILE)
    return tl.load(documents + batch.to(tl.int64) * M + p, mask=(p >= 0) & (p < M), other=-1)


@triton.jit
def result_tile(result, batch, head, row, rows, H, TILE: tl.constexpr, D: tl.constexpr):
    """Pointers to and mask of rows row..row+TILE of one head of a result, whose memory is [B, rows, H, D]."""
    r = tl.arange(0, TILE)
    base = result + ((batch.to(tl.int64) * rows + row) * H + head) * D
    return base + r[:, None] * (H * D) + tl.arange(0, D)[None, :], (row + r < rows)[:, None]


@triton.jit
def pad4(n):
    """The length of a line of L and delta: whole groups of 16 bytes."""
    return (n + 3) // 4 * 4


# ---- Kernels ---------------------------------------------------------------------------------------------------------------


@triton.jit
def forward(q, q_batch, q_head, q_row, k, k_batch, k_head, k_row, v, v_batch, v_head, v_row, heads, documents, out, lse,
            H, group, N, M, log2_scale,
            QUERIES: tl.constexpr, KEYS: tl.constexpr, D: tl.constexpr, TMA: tl.constexpr, GENERAL: tl.constexpr,
            DOCUMENTS: tl.constexpr):
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    kv_head = head // group
    row = (tl.num_programs(1) - 1 - tile) * QUERIES  # late tiles see most: they start first
    position = row + M - N
    last = tl.minimum(position + QUERIES, M) - 1
    near_a, far_a, near_b, far_b = head_ranges(heads, head)
    prefix, period, first = head_extras(heads, head, GENERAL)
    q_tile = load_tile(q, q_batch, q_head, q_row, batch, head, row, N, QUERIES, D, TMA)

    low_a = tl.maximum(position - far_a, 0)
    low_b = tl.maximum(position - far_b, 0)
    tiles_a = count_tiles(low_a, last - near_a, KEYS)
    tiles_b = count_tiles(low_b, last - near_b, KEYS)
    tiles = tiles_a + tiles_b
    tiles_prefix = 0
    if GENERAL:
        tiles_prefix = count_tiles(0, tl.minimum(prefix - 1, last), KEYS)
        tiles += tiles_prefix + tl.maximum(last // period - first + 1, 0)

    queries = position + tl.arange(0, QUERIES)
    if DOCUMENTS:
        query_documents = load_documents(documents, batch, position, M, QUERIES)
    largest = tl.full([QUERIES], LOWEST, tl.float32)
    total = tl.zeros([QUERIES], tl.float32)
    weighted = tl.zeros([QUERIES, D], tl.float32)
    for t in tl.range(0, tiles):
        start, near, far, in_range, in_prefix = key_tile(t, low_a, low_b, near_a, far_a, near_b, far_b, tiles_b, tiles_a,
                                                         tiles_prefix, period, first, position, KEYS, GENERAL)
        k_tile = load_tile(k, k_batch, k_head, k_row, batch, kv_head, start, M, KEYS, D, TMA)
        scores = tl.dot(q_tile, k_tile.T)
        if needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL):
            keys = start + tl.arange(0, KEYS)
            scores = tl.where(seen(queries[:, None], keys[None, :], near, far, in_range, in_prefix, near_a, far_a, near_b,
                                   far_b, prefix, GENERAL), scores, float("-inf"))
        if DOCUMENTS:
            key_documents = load_documents(documents, batch, start, M, KEYS)
            scores = tl.where(query_documents[:, None] == key_documents[None, :], scores, float("-inf"))
        larger = tl.maximum(largest, tl.max(scores, 1) * log2_scale)
        weights = tl.exp2(scores * log2_scale - larger[:, None])
        shrink = tl.exp2(largest - larger)
        total = total * shrink + tl.sum(weights, 1)
        weighted = weighted * shrink[:, None]
        v_tile = load_tile(v, v_batch, v_head, v_row, batch, kv_head, start, M, KEYS, D, TMA)
        weighted = tl.dot(weights.to(v_tile.dtype), v_tile, weighted)
        largest = larger

    sees = total > 0
    safe = tl.where(sees, total, 1.0)
    pointers, mask = result_tile(out, batch, head, row, N, H, QUERIES, D)
    tl.store(pointers, (weighted * (1.0 / safe)[:, None]).to(out.dtype.element_ty), mask=mask)
    rows = row + tl.arange(0, QUERIES)
    log_sum = tl.where(sees & (rows < N), largest + tl.log2(safe), float("inf"))  # the padding is read: it must say "nothing"
    line = (batch * H + head).to(tl.int64) * pad4(N)
    tl.store(lse + line + rows, log_sum, mask=rows < pad4(N))


@triton.jit
def backward_queries(q, q_batch, q_head, q_row, k, k_batch, k_head, k_row, v, v_batch, v_head, v_row,
                     grad, grad_batch, grad_head, grad_row, heads, documents, out, lse, delta, q_grad,
                     H, group, N, M, log2_scale, scale,
                     QUERIES: tl.constexpr, KEYS: tl.constexpr, D: tl.constexpr, TMA: tl.constexpr, GENERAL: tl.constexpr,
                     DOCUMENTS: tl.constexpr):
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    kv_head = head // group
    row = (tl.num_programs(1) - 1 - tile) * QUERIES
    position = row + M - N
    last = tl.minimum(position + QUERIES, M) - 1
    near_a, far_a, near_b, far_b = head_ranges(heads, head)
    prefix, period, first = head_extras(heads, head, GENERAL)
    low_a = tl.maximum(position - far_a, 0)
    low_b = tl.maximum(position - far_b, 0)
    tiles_a = count_tiles(low_a, last - near_a, KEYS)
    tiles_b = count_tiles(low_b, last - near_b, KEYS)
    tiles = tiles_a + tiles_b
    tiles_prefix = 0
    if GENERAL:
        tiles_prefix = count_tiles(0, tl.minimum(prefix - 1, last), KEYS)
        tiles += tiles_prefix + tl.maximum(last // period - first + 1, 0)

    grad_tile = load_tile(grad, grad_batch, grad_head, grad_row, batch, head, row, N, QUERIES, D, TMA)
    pointers, mask = result_tile(out, batch, head, row, N, H, QUERIES, D)
    out_tile = tl.load(pointers, mask=mask, other=0.0)
    deltas = tl.sum(out_tile.to(tl.float32) * grad_tile.to(tl.float32), 1)
    rows = row + tl.arange(0, QUERIES)
    line = (batch * H + head).to(tl.int64) * pad4(N)
    tl.store(delta + line + rows, deltas, mask=rows < pad4(N))
    log_sum = tl.load(lse + line + rows, mask=rows < N, other=float("inf"))
    q_tile = load_tile(q, q_batch, q_head, q_row, batch, head, row, N, QUERIES, D, TMA)

    queries = position + tl.arange(0, QUERIES)
    if DOCUMENTS:
        query_documents = load_documents(documents, batch, position, M, QUERIES)
    gradient = tl.zeros([QUERIES, D], tl.float32)
    for t in tl.range(0, tiles):
        start, near, far, in_range, in_prefix = key_tile(t, low_a, low_b, near_a, far_a, near_b, far_b, tiles_b, tiles_a,
                                                         tiles_prefix, period, first, position, KEYS, GENERAL)
        k_tile = load_tile(k, k_batch, k_head, k_row, batch, kv_head, start, M, KEYS, D, TMA)
        v_tile = load_tile(v, v_batch, v_head, v_row, batch, kv_head, start, M, KEYS, D, TMA)
        scores = tl.dot(q_tile, k_tile.T)
        weight_grads = tl.dot(grad_tile, v_tile.T)
        weights = tl.exp2(scores * log2_scale - log_sum[:, None])
        if needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL):
            keys = start + tl.arange(0, KEYS)
            weights = tl.where(seen(queries[:, None], keys[None, :], near, far, in_range, in_prefix, near_a, far_a, near_b,
                                    far_b, prefix, GENERAL), weights, 0.0)
        if DOCUMENTS:
            key_documents = load_documents(documents, batch, start, M, KEYS)
            weights = tl.where(query_documents[:, None] == key_documents[None, :], weights, 0.0)
        score_grads = weights * (weight_grads - deltas[:, None])
        gradient = tl.dot(score_grads.to(k_tile.dtype), k_tile, gradient)
    pointers, mask = result_tile(q_grad, batch, head, row, N, H, QUERIES, D)
    tl.store(pointers, (gradient * scale).to(q_grad.dtype.element_ty), mask=mask)


@triton.jit
def backward_keys(q, q_batch, q_head, q_row, k, k_batch, k_head, k_row, v, v_batch, v_head, v_row,
                  grad, grad_batch, grad_head, grad_row, heads, documents, lse, delta, k_grad, v_grad,
                  H, group, N, M, log2_scale, scale,
                  QUERIES: tl.constexpr, KEYS: tl.constexpr, D: tl.constexpr, TMA: tl.constexpr, GENERAL: tl.constexpr,
                  DOCUMENTS: tl.constexpr):
    """The gradients of one tile of keys, seen by one query head: [B, M, H, D]. Query heads that share keys are added up outside.
    Tiles are transposed here: keys are rows."""
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    kv_head = head // group
    start = tile * KEYS  # early tiles are seen most: they start first
    last = tl.minimum(start + KEYS, M) - 1
    offset = M - N
    near_a, far_a, near_b, far_b = head_ranges(heads, head)
    prefix, period, first = head_extras(heads, head, GENERAL)
    k_tile = load_tile(k, k_batch, k_head, k_row, batch, kv_head, start, M, KEYS, D, TMA)
    v_tile = load_tile(v, v_batch, v_head, v_row, batch, kv_head, start, M, KEYS, D, TMA)

    # first rows of queries; a multiple of 4 keeps the tiles of L and delta on whole groups of 16 bytes
    low_a = tl.maximum(start + near_a - offset, 0) // 4 * 4
    low_b = tl.maximum(start + near_b - offset, 0) // 4 * 4
    low_prefix = tl.maximum(start - offset, 0) // 4 * 4
    tiles_a = count_tiles(low_a, tl.minimum(last + far_a, M - 1) - offset, QUERIES)
    tiles_b = count_tiles(low_b, tl.minimum(last + far_b, M - 1) - offset, QUERIES)
    tiles = tiles_a + tiles_b
    tiles_prefix = 0
    if GENERAL:
        tiles_prefix = tl.where(start < prefix, count_tiles(low_prefix, N - 1, QUERIES), 0)
        tiles += tiles_prefix + tl.maximum((M - 1 - start) // period - first + 1, 0)

    keys = start + tl.arange(0, KEYS)
    if DOCUMENTS:
        key_documents = load_documents(documents, batch, start, M, KEYS)
    k_gradient = tl.zeros([KEYS, D], tl.float32)
    v_gradient = tl.zeros([KEYS, D], tl.float32)
    for t in tl.range(0, tiles):
        row, near, far, in_range, in_prefix = query_tile(t, low_a, low_b, low_prefix, near_a, far_a, near_b, far_b, tiles_a,
                                                         tiles_b, tiles_prefix, period, first, start - offset, QUERIES, GENERAL)
        q_tile = load_tile(q, q_batch, q_head, q_row, batch, head, row, N, QUERIES, D, TMA)
        scores = tl.dot(k_tile, q_tile.T)
        log_sum = load_rows(lse, batch * H + head, pad4(N), row, QUERIES, TMA and not GENERAL)
        weights = tl.exp2(scores * log2_scale - log_sum[None, :])
        if needs_mask(row + offset, start, near, far, in_range, QUERIES, KEYS, GENERAL):
            queries = row + offset + tl.arange(0, QUERIES)
            weights = tl.where(seen(queries[None, :], keys[:, None], near, far, in_range, in_prefix, near_a, far_a, near_b,
                                    far_b, prefix, GENERAL), weights, 0.0)
        if DOCUMENTS:
            query_documents = load_documents(documents, batch, row + offset, M, QUERIES)
            weights = tl.where(query_documents[None, :] == key_documents[:, None], weights, 0.0)
        grad_tile = load_tile(grad, grad_batch, grad_head, grad_row, batch, head, row, N, QUERIES, D, TMA)
        v_gradient = tl.dot(weights.to(grad_tile.dtype), grad_tile, v_gradient)
        weight_grads = tl.dot(v_tile, grad_tile.T)
        deltas = load_rows(delta, batch * H + head, pad4(N), row, QUERIES, TMA and not GENERAL)
        score_grads = weights * (weight_grads - deltas[None, :])
        k_gradient = tl.dot(score_grads.to(q_tile.dtype), q_tile, k_gradient)
    pointers, mask = result_tile(v_grad, batch, head, start, M, H, KEYS, D)
    tl.store(pointers, v_gradient.to(v_grad.dtype.element_ty), mask=mask)
    pointers, mask = result_tile(k_grad, batch, head, start, M, H, KEYS, D)
    tl.store(pointers, (k_gradient * scale).to(k_grad.dtype.element_ty), mask=mask)
