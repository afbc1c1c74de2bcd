"""Attention over distance ranges, forward and backward, as three Triton kernels.

What is computed. Query i of a head sees key j when the distance d = i - j lies in one of the head's ranges. With the scores
S = Q K^T / sqrt(D) over the pairs that are seen,

    O = softmax(S) V                        dV = P^T dO           dS = P * (dP - delta),  P = softmax(S), dP = dO V^T
    L = log sum exp S   (per query)         dQ = dS K / sqrt(D)   delta = rowsum(dO * O)
                                            dK = dS^T Q / sqrt(D)

as in FlashAttention-2 (arXiv 2307.08691, algorithms 1 and 2), but that a tile of queries does not walk over all keys before
it: it walks over the key tiles that its head's ranges reach, one range after the other, under one softmax. SPAttention's
head (arXiv 2511.09596) has two ranges, the local window and the head's own band; causal attention has one, and so on.
The page of `docs` on kernels draws it.

    document_spans     one program for each sequence: where documents begin and end (DOCUMENTS only)
    forward            one program for each tile of queries: O and L
    backward_queries   one program for each tile of queries: dQ and delta
    backward_keys      one program for each tile of keys: dK and dV; runs after backward_queries

The grid is (H, tiles, B), heads fastest: programs that run together read neighbouring memory, for rows of all heads lie side by
side. Scores are recomputed in both backward kernels. Nothing is added up by atomics, so every run gives the same bits.

Letters. B batch, H query heads, N queries, M keys (the queries are the last N of M positions), D head dimension. A *position*
counts from the first key: row r of the queries stands at position r + M - N. Scores and L are in powers of 2 inside: `log2_scale`
is log2(e) / sqrt(D).

A query that sees nothing gets O = 0 and L = +inf, so that its P, and with it its share of every gradient, is 0.

With dropout of attention weights, Z is 1 / (the probability of being kept) where a weight is kept and 0 where it is dropped. As
in FlashAttention-2 the softmax is that of all weights, and with dP = Z * (dO V^T) the formulas above stay true:

    O = (P * Z) V      dV = (P * Z)^T dO      dS = P * (dP - delta)      delta = rowsum(dO * O) = rowsum(P * dP)

Z is not kept for the backward pass: it is drawn again, from the same counters (`random_numbers`).

What a head sees comes as one row of 8 int32 in `heads` [H, 8]:
    near_a, far_a, near_b, far_b    two disjoint ranges of distances, both ends included; an empty one has near 2^29, far -2^29
    prefix                          the first so many keys are seen by every later query        (GENERAL only)
    period, first                   the distances k * period for k >= first are seen too        (GENERAL only)

These are the kernels for every GPU from compute capability 8.0 on. `banded_attention_hopper.py` has the same for 9.0 alone, for numbers
of 16 bits and D = 64 and 128; both take their tiles from `band_tiles.py`.

Variants (compile-time switches).
    GENERAL     prefix and period are honoured
    DOCUMENTS   a query sees only keys of its own document: documents [B, M], int64
    DROPOUT     of 65,536 attention weights `kept` stay, chosen by `seed`
    PRECISION   how float32 numbers are multiplied: "tf32x3", three products of 11 bits each, as good as float32's own; or "tf32", one.
                Numbers of 16 bits are multiplied as they are

With documents, `spans` [B, 4, M], int32, says of each position where its run of equal numbers begins and ends (line 0, line 1:
one past the end): tiles inside one run need no mask. Lines 2 and 3 bound all positions of its document: the same run where the
numbers of a sequence never fall, as packing makes them, and the whole sequence elsewhere. Tiles beyond these bounds are not
visited.
"""

import triton
import triton.language as tl

from band_tiles import (LOWEST, document_of, head_bands, key_tile, key_walk, load_span, needs_mask, pad4, query_tile, query_walk,
                        seen)


# ---- Memory ----------------------------------------------------------------------------------------------------------------


@triton.jit
def load_tile(source, batch_stride, head_stride, row_stride, batch, head, row, rows, TILE: tl.constexpr, D: tl.constexpr):
    """Rows row..row+TILE of one head of [B, heads, rows, D]; those that do not exist are 0."""
    r = row + tl.arange(0, TILE)
    base = source + batch.to(tl.int64) * batch_stride + head.to(tl.int64) * head_stride
    offsets = r.to(tl.int64)[:, None] * row_stride + tl.arange(0, D)[None, :]
    return tl.load(base + offsets, mask=((r >= 0) & (r < rows))[:, None], other=0.0)


@triton.jit
def load_rows(source, line, padded, row, TILE: tl.constexpr):
    """Elements row..row+TILE of one line of [B H, padded], float32; those that do not exist are 0."""
    r = row + tl.arange(0, TILE)
    return tl.load(source + line.to(tl.int64) * padded + r, mask=(r >= 0) & (r < padded), other=0.0)


@triton.jit
def result_tile(result, batch, head, row, rows, H, TILE: tl.constexpr, D: tl.constexpr):
    """Pointers to and mask of rows row..row+TILE of one head of a result, whose memory is [B, rows, H, D]."""
    r = tl.arange(0, TILE)
    base = result + ((batch.to(tl.int64) * rows + row) * H + head) * D
    return base + r[:, None] * (H * D) + tl.arange(0, D)[None, :], (row + r < rows)[:, None]


# ---- Dropout ---------------------------------------------------------------------------------------------------------------


@triton.jit
def random_numbers(seed, line, row, keys, QUERIES: tl.constexpr):
    """A number of 16 bits for each pair of a key and a row of row..row+QUERIES, `row` a multiple of 8: [keys, QUERIES]. It depends
    on the pair alone, on its line of [B H] and on the seed, whatever the tile.

    Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011) makes 128 bits of a counter of 128 bits, here
    (key, row // 8, line, 0), and a key of 64 bits, the seed: numbers for eight rows. The low half of its word w is for the row 2 w
    of the eight, the high half for the next."""
    eights = row // 8 + tl.arange(0, QUERIES // 8)
    a, b, c, d = tl.philox(seed, keys[:, None], eights[None, :], line, 0)
    words = tl.interleave(tl.interleave(a, c), tl.interleave(b, d))
    return tl.interleave(words & 0xFFFF, words >> 16).to(tl.int32)


@triton.jit
def random_diagonal(seed, line, rows, keys):
    """The same for one row of each key."""
    a, b, c, d = tl.philox(seed, keys, rows // 8, line, 0)
    word = rows // 2 % 4
    words = tl.where(word < 2, tl.where(word == 0, a, b), tl.where(word == 2, c, d))
    return (tl.where(rows % 2 == 0, words, words >> 16) & 0xFFFF).to(tl.int32)


# ---- Kernels ---------------------------------------------------------------------------------------------------------------


@triton.jit
def larger_of(a, b):
    return tl.maximum(a, b)


@triton.jit
def smaller_of(a, b):
    return tl.minimum(a, b)


@triton.jit
def document_spans(documents, spans, M, TILE: tl.constexpr):
    batch = tl.program_id(2)
    ids = documents + batch.to(tl.int64) * M
    begins = spans + batch.to(tl.int64) * 4 * M
    ends, bounds_begin, bounds_end = begins + M, begins + 2 * M, begins + 3 * M

    falls = tl.zeros([TILE], tl.int32)
    for start in tl.range(0, M, TILE):
        p = start + tl.arange(0, TILE)
        here = tl.load(ids + p, mask=p < M, other=0)
        before = tl.load(ids + p - 1, mask=(p > 0) & (p < M), other=0)
        falls = falls | ((p > 0) & (p < M) & (here < before)).to(tl.int32)
    ordered = tl.max(falls, 0) == 0

    carried = 0
    for start in tl.range(0, M, TILE):
        p = start + tl.arange(0, TILE)
        here = tl.load(ids + p, mask=p < M, other=0)
        before = tl.load(ids + p - 1, mask=(p > 0) & (p < M), other=0)
        begin = tl.associative_scan(tl.where((p > 0) & (here != before), p, carried), 0, larger_of)
        carried = tl.max(tl.where(p < M, begin, 0), 0)
        tl.store(begins + p, begin, mask=p < M)
        tl.store(bounds_begin + p, tl.where(ordered, begin, 0), mask=p < M)

    carried = M
    for past in tl.range(0, M, TILE):
        p = (M - 1) // TILE * TILE - past + tl.arange(0, TILE)
        here = tl.load(ids + p, mask=p < M, other=0)
        after = tl.load(ids + p + 1, mask=p + 1 < M, other=0)
        end = tl.associative_scan(tl.where((p + 1 < M) & (here != after), p + 1, carried), 0, smaller_of, reverse=True)
        carried = tl.min(end, 0)
        tl.store(ends + p, end, mask=p < M)
        tl.store(bounds_end + p, tl.where(ordered, end, M), mask=p < M)


@triton.jit
def forward(q, q_batch, q_head, q_row, k, k_batch, k_head, k_row, v, v_batch, v_head, v_row, heads, documents, spans, out, lse,
            H, group, N, M, log2_scale, seed, kept,
            QUERIES: tl.constexpr, KEYS: tl.constexpr, D: tl.constexpr, GENERAL: tl.constexpr,
            DOCUMENTS: tl.constexpr, DROPOUT: tl.constexpr, PRECISION: tl.constexpr):
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    kv_head = head // group
    row = (tl.num_programs(1) - 1 - tile) * QUERIES  # late tiles see most: they start first
    position = row + M - N
    last = tl.minimum(position + QUERIES, M) - 1
    bands = head_bands(heads, head, GENERAL)
    q_tile = load_tile(q, q_batch, q_head, q_row, batch, head, row, N, QUERIES, D)

    oldest = 0
    if DOCUMENTS:
        oldest = load_span(spans, batch, 2, position, M)  # no row sees older keys
        run = load_span(spans, batch, 0, last, M)  # from here on keys are in the last row's document, as are the rows that see them
    tiles, walk = key_walk(bands, position, last, oldest, KEYS, GENERAL)

    queries = position + tl.arange(0, QUERIES)
    largest = tl.full([QUERIES], LOWEST, tl.float32)
    total = tl.zeros([QUERIES], tl.float32)
    weighted = tl.zeros([QUERIES, D], tl.float32)
    for t in tl.range(0, tiles):
        start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, GENERAL)
        k_tile = load_tile(k, k_batch, k_head, k_row, batch, kv_head, start, M, KEYS, D)
        scores = tl.dot(q_tile, k_tile.T, input_precision=PRECISION)
        masked = needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL)
        if DOCUMENTS:
            masked = masked | (start < run)
        if masked:
            keys = start + tl.arange(0, KEYS)
            allowed = seen(queries[:, None], keys[None, :], near, far, in_range, in_prefix, bands, GENERAL)
            if DOCUMENTS:
                same = document_of(documents, batch, queries, M)[:, None] == document_of(documents, batch, keys, M)[None, :]
                allowed = allowed & same
            scores = tl.where(allowed, scores, float("-inf"))
        larger = tl.maximum(largest, tl.max(scores, 1) * log2_scale)
        weights = tl.exp2(scores * log2_scale - larger[:, None])
        shrink = tl.exp2(largest - larger)
        total = total * shrink + tl.sum(weights, 1)
        weighted = weighted * shrink[:, None]
        if DROPOUT:
            numbers = random_numbers(seed, batch * H + head, row, start + tl.arange(0, KEYS), QUERIES).T
            weights = tl.where(numbers < kept, weights, 0.0)
        v_tile = load_tile(v, v_batch, v_head, v_row, batch, kv_head, start, M, KEYS, D)
        weighted = tl.dot(weights.to(v_tile.dtype), v_tile, weighted, input_precision=PRECISION)
        largest = larger

    sees = total > 0
    safe = tl.where(sees, total, 1.0)
    if DROPOUT:
        weighted *= 65536.0 / kept
    pointers, mask = result_tile(out, batch, head, row, N, H, QUERIES, D)
    tl.store(pointers, (weighted * (1.0 / safe)[:, None]).to(out.dtype.element_ty), mask=mask)
    rows = row + tl.arange(0, QUERIES)
    log_sum = tl.where(sees & (rows < N), largest + tl.log2(safe), float("inf"))  # the padding is read: it must say "nothing"
    line = (batch * H + head).to(tl.int64) * pad4(N)
    tl.store(lse + line + rows, log_sum, mask=rows < pad4(N))


@triton.jit
def backward_queries(q, q_batch, q_head, q_row, k, k_batch, k_head, k_row, v, v_batch, v_head, v_row,
                     grad, grad_batch, grad_head, grad_row, heads, documents, spans, out, lse, delta, q_grad,
                     H, group, N, M, log2_scale, scale, seed, kept,
                     QUERIES: tl.constexpr, KEYS: tl.constexpr, D: tl.constexpr, GENERAL: tl.constexpr,
                     DOCUMENTS: tl.constexpr, DROPOUT: tl.constexpr, PRECISION: tl.constexpr):
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    kv_head = head // group
    row = (tl.num_programs(1) - 1 - tile) * QUERIES
    position = row + M - N
    last = tl.minimum(position + QUERIES, M) - 1
    bands = head_bands(heads, head, GENERAL)
    oldest = 0
    if DOCUMENTS:
        oldest = load_span(spans, batch, 2, position, M)  # no row sees older keys
        run = load_span(spans, batch, 0, last, M)  # from here on keys are in the last row's document, as are the rows that see them
    tiles, walk = key_walk(bands, position, last, oldest, KEYS, GENERAL)

    grad_tile = load_tile(grad, grad_batch, grad_head, grad_row, batch, head, row, N, QUERIES, D)
    pointers, mask = result_tile(out, batch, head, row, N, H, QUERIES, D)
    out_tile = tl.load(pointers, mask=mask, other=0.0)
    deltas = tl.sum(out_tile.to(tl.float32) * grad_tile.to(tl.float32), 1)
    rows = row + tl.arange(0, QUERIES)
    line = (batch * H + head).to(tl.int64) * pad4(N)
    tl.store(delta + line + rows, deltas, mask=rows < pad4(N))
    log_sum = tl.load(lse + line + rows, mask=rows < N, other=float("inf"))
    q_tile = load_tile(q, q_batch, q_head, q_row, batch, head, row, N, QUERIES, D)

    queries = position + tl.arange(0, QUERIES)
    gradient = tl.zeros([QUERIES, D], tl.float32)
    for t in tl.range(0, tiles):
        start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, GENERAL)
        k_tile = load_tile(k, k_batch, k_head, k_row, batch, kv_head, start, M, KEYS, D)
        v_tile = load_tile(v, v_batch, v_head, v_row, batch, kv_head, start, M, KEYS, D)
        scores = tl.dot(q_tile, k_tile.T, input_precision=PRECISION)
        weight_grads = tl.dot(grad_tile, v_tile.T, input_precision=PRECISION)
        weights = tl.exp2(scores * log2_scale - log_sum[:, None])
        masked = needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL)
        if DOCUMENTS:
            masked = masked | (start < run)
        if masked:
            keys = start + tl.arange(0, KEYS)
            allowed = seen(queries[:, None], keys[None, :], near, far, in_range, in_prefix, bands, GENERAL)
            if DOCUMENTS:
                same = document_of(documents, batch, queries, M)[:, None] == document_of(documents, batch, keys, M)[None, :]
                allowed = allowed & same
            weights = tl.where(allowed, weights, 0.0)
        if DROPOUT:
            numbers = random_numbers(seed, batch * H + head, row, start + tl.arange(0, KEYS), QUERIES).T
            weight_grads = tl.where(numbers < kept, weight_grads * (65536.0 / kept), 0.0)
        score_grads = weights * (weight_grads - deltas[:, None])
        gradient = tl.dot(score_grads.to(k_tile.dtype), k_tile, gradient, input_precision=PRECISION)
    pointers, mask = result_tile(q_grad, batch, head, row, N, H, QUERIES, D)
    tl.store(pointers, (gradient * scale).to(q_grad.dtype.element_ty), mask=mask)


@triton.jit
def backward_keys(q, q_batch, q_head, q_row, k, k_batch, k_head, k_row, v, v_batch, v_head, v_row,
                  grad, grad_batch, grad_head, grad_row, heads, documents, spans, lse, delta, k_grad, v_grad,
                  H, group, N, M, log2_scale, scale, seed, kept,
                  QUERIES: tl.constexpr, KEYS: tl.constexpr, D: tl.constexpr, GENERAL: tl.constexpr,
                  DOCUMENTS: tl.constexpr, DROPOUT: tl.constexpr, PRECISION: tl.constexpr):
    """The gradients of one tile of keys, seen by one query head: [B, M, H, D]. Query heads that share keys are added up outside.
    Tiles are transposed here: keys are rows."""
    head, tile, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    kv_head = head // group
    start = tile * KEYS  # early tiles are seen most: they start first
    last = tl.minimum(start + KEYS, M) - 1
    offset = M - N
    bands = head_bands(heads, head, GENERAL)
    k_tile = load_tile(k, k_batch, k_head, k_row, batch, kv_head, start, M, KEYS, D)
    v_tile = load_tile(v, v_batch, v_head, v_row, batch, kv_head, start, M, KEYS, D)

    newest = M - 1
    if DOCUMENTS:
        newest = load_span(spans, batch, 3, last, M) - 1  # no newer row sees these keys
        run_end = load_span(spans, batch, 1, start, M)  # rows before it are in the first key's document, as are the keys they see
    tiles, walk = query_walk(bands, start, last, newest, offset, 8 if DROPOUT else 4, QUERIES, GENERAL)

    keys = start + tl.arange(0, KEYS)
    k_gradient = tl.zeros([KEYS, D], tl.float32)
    v_gradient = tl.zeros([KEYS, D], tl.float32)
    for t in tl.range(0, tiles):
        row, near, far, in_range, in_prefix = query_tile(t, walk, bands, QUERIES, GENERAL)
        q_tile = load_tile(q, q_batch, q_head, q_row, batch, head, row, N, QUERIES, D)
        scores = tl.dot(k_tile, q_tile.T, input_precision=PRECISION)
        log_sum = load_rows(lse, batch * H + head, pad4(N), row, QUERIES)
        weights = tl.exp2(scores * log2_scale - log_sum[None, :])
        position = row + offset
        masked = needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL)
        if DOCUMENTS:
            masked = masked | (position + QUERIES > run_end)
        if masked:
            queries = position + tl.arange(0, QUERIES)
            allowed = seen(queries[None, :], keys[:, None], near, far, in_range, in_prefix, bands, GENERAL)
            if DOCUMENTS:
                same = document_of(documents, batch, queries, M)[None, :] == document_of(documents, batch, keys, M)[:, None]
                allowed = allowed & same
            weights = tl.where(allowed, weights, 0.0)
        grad_tile = load_tile(grad, grad_batch, grad_head, grad_row, batch, head, row, N, QUERIES, D)
        used = weights
        if DROPOUT:
            if in_range | in_prefix:
                keep = random_numbers(seed, batch * H + head, row, keys, QUERIES) < kept
            else:  # a multiple of the period: the tile starts at any row, and all but its diagonal is masked
                diagonal = random_diagonal(seed, batch * H + head, keys + near - offset, keys) < kept
                keep = tl.broadcast_to(diagonal[:, None], [KEYS, QUERIES])
            used = tl.where(keep, weights, 0.0)
        v_gradient = tl.dot(used.to(grad_tile.dtype), grad_tile, v_gradient, input_precision=PRECISION)
        weight_grads = tl.dot(v_tile, grad_tile.T, input_precision=PRECISION)
        if DROPOUT:
            weight_grads = tl.where(keep, weight_grads * (65536.0 / kept), 0.0)
        deltas = load_rows(delta, batch * H + head, pad4(N), row, QUERIES)
        score_grads = weights * (weight_grads - deltas[None, :])
        k_gradient = tl.dot(score_grads.to(q_tile.dtype), q_tile, k_gradient, input_precision=PRECISION)
    if DROPOUT:
        v_gradient *= 65536.0 / kept
    pointers, mask = result_tile(v_grad, batch, head, start, M, H, KEYS, D)
    tl.store(pointers, v_gradient.to(v_grad.dtype.element_ty), mask=mask)
    pointers, mask = result_tile(k_grad, batch, head, start, M, H, KEYS, D)
    tl.store(pointers, (k_gradient * scale).to(k_grad.dtype.element_ty), mask=mask)
