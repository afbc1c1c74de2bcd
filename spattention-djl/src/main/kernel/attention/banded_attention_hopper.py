"""The kernels of `banded_attention.py` for compute capability 9.0, in Gluon, where the moment of each copy and product can be said.

Tiles come through the tensor memory accelerator into a ring of STAGES places in shared memory; each place has a barrier that
counts the bytes that have arrived. Products are wgmma instructions that run beside what follows them until they are waited for.
The order within a loop is what counts:

    The scores of a tile are waited for first. Products end in their order, so those of the tile before have ended too, and its
    place is free: the copy of the next tile starts at once, long before it is needed.
    In the backward kernels dP = dO V^T (or its transpose) is computed while the weights are, and the gradients' products run on
    into the next tile.

A program that has nothing to see walks one tile all the same, with every pair masked: where a loop may not run at all, the assembler
waits after each product (`ptx.py` refuses such code).

Waiting names the products whose registers must not be touched before (`deps`). One warpgroup (4 warps) computes a tile of 64 rows;
two programs share a multiprocessor. Parameters, letters and variants as in `banded_attention.py`, but that q, k, v and grad are
tensor maps, in `backward_keys` lse and delta, too (not in GENERAL variants, whose rows do not start at whole groups of 16 bytes).
"""

from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import mbarrier, tma, warpgroup_mma, warpgroup_mma_init, warpgroup_mma_wait

from band_tiles import (LOWEST, document_of, head_bands, key_tile, key_walk, load_span, needs_mask, pad4, query_tile, query_walk,
                        seen)
from hopper import barriers, by_column, by_row, end_barriers, in_memory, next_place, places, product


@gluon.constexpr_function
def left_factor(columns):
    """The left factor of a product, in registers."""
    return gl.DotOperandLayout(operand_index=0, parent=product(columns), k_width=2)


@gluon.jit
def zeros(ROWS: gl.constexpr, COLUMNS: gl.constexpr):
    return gl.full([ROWS, COLUMNS], 0.0, gl.float32, product(COLUMNS))


# ---- Memory ----------------------------------------------------------------------------------------------------------------


@gluon.jit
def fetch(source, batch, head, row, into, ready, BYTES: gl.constexpr, wanted=True):
    """Starts the copy of a tile; rows that do not exist arrive as 0. BYTES: all that this phase of the barrier waits for."""
    mbarrier.expect(ready, BYTES, pred=wanted)
    tma.async_copy_global_to_shared(source, [batch, head, row, 0], ready, into, wanted)


@gluon.jit
def matrix(place, ROWS: gl.constexpr, D: gl.constexpr):
    return place.reshape([ROWS, D])


@gluon.jit
def load_rows(source, line, row, N, TILE: gl.constexpr):
    """Elements row..row+TILE of a line of L or delta, one a thread; those that do not exist are 0."""
    r = row + gl.arange(0, TILE, layout=gl.BlockedLayout([1], [32], [4], [0]))
    return gl.load(source + line.to(gl.int64) * pad4(N) + r, mask=(r >= 0) & (r < pad4(N)), other=0.0)


@gluon.jit
def result_tile(result, batch, head, row, rows, H, TILE: gl.constexpr, D: gl.constexpr):
    """Pointers to and mask of rows row..row+TILE of one head of a result, whose memory is [B, rows, H, D]."""
    r = gl.arange(0, TILE, layout=by_row(in_memory(D)))
    base = result + ((batch.to(gl.int64) * rows + row) * H + head) * D
    return base + r[:, None] * (H * D) + gl.arange(0, D, layout=by_column(in_memory(D)))[None, :], (row + r < rows)[:, None]


@gluon.jit
def store_tile(result, values, batch, head, row, rows, H, TILE: gl.constexpr, D: gl.constexpr):
    pointers, mask = result_tile(result, batch, head, row, rows, H, TILE, D)
    gl.store(pointers, gl.convert_layout(values.to(result.dtype.element_ty), in_memory(D)), mask=mask)


# ---- Kernels ---------------------------------------------------------------------------------------------------------------


@gluon.jit
def forward(q, k, v, heads, documents, spans, out, lse, H, group, N, M, log2_scale,
            QUERIES: gl.constexpr, KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr, GENERAL: gl.constexpr,
            DOCUMENTS: gl.constexpr):
    head, tile, batch = gl.program_id(0), gl.program_id(1), gl.program_id(2)
    kv_head = head // group
    row = (gl.num_programs(1) - 1 - tile) * QUERIES  # late tiles see most: they start first
    position = row + M - N
    last = gl.minimum(position + QUERIES, M) - 1
    S: gl.constexpr = product(KEYS)
    O: gl.constexpr = product(D)
    BYTES: gl.constexpr = KEYS * D * 2
    q_place, k_places, v_places = places(q, 1), places(k, STAGES), places(v, STAGES)
    q_ready, k_ready, v_ready = barriers(1), barriers(STAGES), barriers(STAGES)
    fetch(q, batch, head, row, q_place.index(0), q_ready.index(0), QUERIES * D * 2)

    bands = head_bands(heads, head, GENERAL)
    oldest = 0
    if DOCUMENTS:
        oldest = load_span(spans, batch, 2, position, M)  # no row sees older keys
        run = load_span(spans, batch, 0, last, M)  # from here on keys are in the last row's document, as are the rows that see them
    tiles, walk = key_walk(bands, position, last, oldest, KEYS, GENERAL)
    tiles = gl.maximum(tiles, 1)
    for t in gl.static_range(STAGES - 1):
        start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, GENERAL)
        fetch(k, batch, kv_head, start, k_places.index(t), k_ready.index(t), BYTES, t < tiles)
        fetch(v, batch, kv_head, start, v_places.index(t), v_ready.index(t), BYTES, t < tiles)

    queries = position + gl.arange(0, QUERIES, layout=by_row(S))
    largest = gl.full([QUERIES], LOWEST, gl.float32, by_row(S))
    total = gl.full([QUERIES], 0.0, gl.float32, by_row(S))
    weighted = warpgroup_mma_init(zeros(QUERIES, D))
    mbarrier.wait(q_ready.index(0), 0)
    q_tile = matrix(q_place.index(0), QUERIES, D)
    stage = 0
    phase = 0
    for t in range(tiles):
        start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, GENERAL)
        mbarrier.wait(k_ready.index(stage), phase)
        k_tile = matrix(k_places.index(stage), KEYS, D)
        scores = warpgroup_mma(q_tile, k_tile.permute([1, 0]), zeros(QUERIES, KEYS), use_acc=False, is_async=True)
        scores, weighted = warpgroup_mma_wait(0, deps=[scores, weighted])
        ahead = t + STAGES - 1
        free = gl.where(stage == 0, STAGES - 1, stage - 1)
        next_start, _near, _far, _range, _prefix = key_tile(ahead, walk, bands, KEYS, GENERAL)
        fetch(k, batch, kv_head, next_start, k_places.index(free), k_ready.index(free), BYTES, ahead < tiles)
        fetch(v, batch, kv_head, next_start, v_places.index(free), v_ready.index(free), BYTES, ahead < tiles)
        masked = needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL)
        if DOCUMENTS:
            masked = masked | (start < run)
        if masked:
            keys = start + gl.arange(0, KEYS, layout=by_column(S))
            allowed = seen(queries[:, None], keys[None, :], near, far, in_range, in_prefix, bands, GENERAL)
            if DOCUMENTS:
                same = document_of(documents, batch, queries, M)[:, None] == document_of(documents, batch, keys, M)[None, :]
                allowed = allowed & same
            scores = gl.where(allowed, scores, float("-inf"))
        larger = gl.maximum(largest, gl.max(scores, 1) * log2_scale)
        weights = gl.exp2(scores * log2_scale - larger[:, None])
        shrink = gl.exp2(largest - larger)
        total = total * shrink + gl.sum(weights, 1)
        weighted = weighted * gl.convert_layout(shrink, by_row(O))[:, None]
        largest = larger
        factor = gl.convert_layout(weights.to(q.dtype), left_factor(D))
        mbarrier.wait(v_ready.index(stage), phase)
        weighted = warpgroup_mma(factor, matrix(v_places.index(stage), KEYS, D), weighted, is_async=True)
        stage, phase = next_place(stage, phase, STAGES)
    weighted = warpgroup_mma_wait(0, deps=[weighted])

    sees = total > 0
    safe = gl.where(sees, total, 1.0)
    store_tile(out, weighted * gl.convert_layout(1.0 / safe, by_row(O))[:, None], batch, head, row, N, H, QUERIES, D)
    rows = row + gl.arange(0, QUERIES, layout=by_row(S))
    log_sum = gl.where(sees & (rows < N), largest + gl.log2(safe), float("inf"))  # the padding is read: it must say "nothing"
    line = (batch * H + head).to(gl.int64) * pad4(N)
    gl.store(lse + line + rows, log_sum, mask=rows < pad4(N))
    end_barriers(q_ready)
    end_barriers(k_ready)
    end_barriers(v_ready)


@gluon.jit
def backward_queries(q, k, v, grad, heads, documents, spans, out, lse, delta, q_grad, H, group, N, M, log2_scale, scale,
                     QUERIES: gl.constexpr, KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr, GENERAL: gl.constexpr,
                     DOCUMENTS: gl.constexpr):
    head, tile, batch = gl.program_id(0), gl.program_id(1), gl.program_id(2)
    kv_head = head // group
    row = (gl.num_programs(1) - 1 - tile) * QUERIES
    position = row + M - N
    last = gl.minimum(position + QUERIES, M) - 1
    S: gl.constexpr = product(KEYS)
    BYTES: gl.constexpr = KEYS * D * 2
    q_place, grad_place, k_places, v_places = places(q, 1), places(grad, 1), places(k, STAGES), places(v, STAGES)
    q_ready, grad_ready, k_ready, v_ready = barriers(1), barriers(1), barriers(STAGES), barriers(STAGES)
    fetch(grad, batch, head, row, grad_place.index(0), grad_ready.index(0), QUERIES * D * 2)
    fetch(q, batch, head, row, q_place.index(0), q_ready.index(0), QUERIES * D * 2)

    bands = head_bands(heads, head, GENERAL)
    oldest = 0
    if DOCUMENTS:
        oldest = load_span(spans, batch, 2, position, M)  # as in `forward`
        run = load_span(spans, batch, 0, last, M)
    tiles, walk = key_walk(bands, position, last, oldest, KEYS, GENERAL)
    tiles = gl.maximum(tiles, 1)
    for t in gl.static_range(STAGES):
        start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, GENERAL)
        fetch(k, batch, kv_head, start, k_places.index(t), k_ready.index(t), BYTES, t < tiles)
        fetch(v, batch, kv_head, start, v_places.index(t), v_ready.index(t), BYTES, t < tiles)

    pointers, mask = result_tile(out, batch, head, row, N, H, QUERIES, D)
    out_tile = gl.load(pointers, mask=mask, other=0.0)
    mbarrier.wait(grad_ready.index(0), 0)
    grad_tile = matrix(grad_place.index(0), QUERIES, D)
    deltas = gl.convert_layout(gl.sum(out_tile.to(gl.float32) * grad_tile.load(in_memory(D)).to(gl.float32), 1), by_row(S))
    rows = row + gl.arange(0, QUERIES, layout=by_row(S))
    line = (batch * H + head).to(gl.int64) * pad4(N)
    gl.store(delta + line + rows, deltas, mask=rows < pad4(N))
    log_sum = gl.load(lse + line + rows, mask=rows < N, other=float("inf"))

    queries = position + gl.arange(0, QUERIES, layout=by_row(S))
    gradient = warpgroup_mma_init(zeros(QUERIES, D))
    mbarrier.wait(q_ready.index(0), 0)
    q_tile = matrix(q_place.index(0), QUERIES, D)
    stage = 0
    phase = 0
    for t in range(tiles):
        start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, GENERAL)
        k_tile = matrix(k_places.index(stage), KEYS, D)
        mbarrier.wait(k_ready.index(stage), phase)
        scores = warpgroup_mma(q_tile, k_tile.permute([1, 0]), zeros(QUERIES, KEYS), use_acc=False, is_async=True)
        mbarrier.wait(v_ready.index(stage), phase)
        v_tile = matrix(v_places.index(stage), KEYS, D)
        weight_grads = warpgroup_mma(grad_tile, v_tile.permute([1, 0]), zeros(QUERIES, KEYS), use_acc=False, is_async=True)
        scores, gradient = warpgroup_mma_wait(1, deps=[scores, gradient])
        ahead = t + STAGES - 1
        wanted = (t > 0) & (ahead < tiles)  # the first tiles are under way since before the loop
        free = gl.where(stage == 0, STAGES - 1, stage - 1)
        next_start, _near, _far, _range, _prefix = key_tile(ahead, walk, bands, KEYS, GENERAL)
        fetch(k, batch, kv_head, next_start, k_places.index(free), k_ready.index(free), BYTES, wanted)
        fetch(v, batch, kv_head, next_start, v_places.index(free), v_ready.index(free), BYTES, wanted)
        weights = gl.exp2(scores * log2_scale - log_sum[:, None])
        masked = needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL)
        if DOCUMENTS:
            masked = masked | (start < run)
        if masked:
            keys = start + gl.arange(0, KEYS, layout=by_column(S))
            allowed = seen(queries[:, None], keys[None, :], near, far, in_range, in_prefix, bands, GENERAL)
            if DOCUMENTS:
                same = document_of(documents, batch, queries, M)[:, None] == document_of(documents, batch, keys, M)[None, :]
                allowed = allowed & same
            weights = gl.where(allowed, weights, 0.0)
        weight_grads = warpgroup_mma_wait(0, deps=[weight_grads])
        score_grads = weights * (weight_grads - deltas[:, None])
        gradient = warpgroup_mma(gl.convert_layout(score_grads.to(q.dtype), left_factor(D)), k_tile, gradient, is_async=True)
        stage, phase = next_place(stage, phase, STAGES)
    gradient = warpgroup_mma_wait(0, deps=[gradient])
    store_tile(q_grad, gradient * scale, batch, head, row, N, H, QUERIES, D)
    end_barriers(q_ready)
    end_barriers(grad_ready)
    end_barriers(k_ready)
    end_barriers(v_ready)


@gluon.jit
def fetch_queries(q, grad, lse, delta, batch, head, line, row, q_place, grad_place, lse_place, delta_place, q_ready, grad_ready,
                  BYTES: gl.constexpr, wanted, GENERAL: gl.constexpr):
    """Starts the copies of a tile of queries and of dO, each with its rows of L or delta."""
    fetch(q, batch, head, row, q_place, q_ready, BYTES, wanted)
    if not GENERAL:
        tma.async_copy_global_to_shared(lse, [line, row], q_ready, lse_place, wanted)
    fetch(grad, batch, head, row, grad_place, grad_ready, BYTES, wanted)
    if not GENERAL:
        tma.async_copy_global_to_shared(delta, [line, row], grad_ready, delta_place, wanted)


@gluon.jit
def backward_keys(q, k, v, grad, heads, documents, spans, lse, delta, k_grad, v_grad, H, group, N, M, log2_scale, scale,
                  QUERIES: gl.constexpr, KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr, GENERAL: gl.constexpr,
                  DOCUMENTS: gl.constexpr):
    """As in `banded_attention.py`; keys are rows."""
    head, tile, batch = gl.program_id(0), gl.program_id(1), gl.program_id(2)
    kv_head = head // group
    start = tile * KEYS  # early tiles are seen most: they start first
    last = gl.minimum(start + KEYS, M) - 1
    offset = M - N
    line = batch * H + head
    S: gl.constexpr = product(QUERIES)
    BYTES: gl.constexpr = QUERIES * D * 2 + (0 if GENERAL else QUERIES * 4)
    k_place, v_place, q_places, grad_places = places(k, 1), places(v, 1), places(q, STAGES), places(grad, STAGES)
    k_ready, v_ready, q_ready, grad_ready = barriers(1), barriers(1), barriers(STAGES), barriers(STAGES)
    if GENERAL:
        lse_places, delta_places = q_places, grad_places  # not used
    else:
        lse_places, delta_places = places(lse, STAGES), places(delta, STAGES)
    fetch(k, batch, kv_head, start, k_place.index(0), k_ready.index(0), KEYS * D * 2)
    fetch(v, batch, kv_head, start, v_place.index(0), v_ready.index(0), KEYS * D * 2)

    bands = head_bands(heads, head, GENERAL)
    newest = M - 1
    if DOCUMENTS:
        newest = load_span(spans, batch, 3, last, M) - 1  # no newer row sees these keys
        run_end = load_span(spans, batch, 1, start, M)  # rows before it are in the first key's document, as are the keys they see
    tiles, walk = query_walk(bands, start, last, newest, offset, 4, QUERIES, GENERAL)
    tiles = gl.maximum(tiles, 1)
    for t in gl.static_range(STAGES):
        row, near, far, in_range, in_prefix = query_tile(t, walk, bands, QUERIES, GENERAL)
        fetch_queries(q, grad, lse, delta, batch, head, line, row, q_places.index(t), grad_places.index(t), lse_places.index(t),
                      delta_places.index(t), q_ready.index(t), grad_ready.index(t), BYTES, t < tiles, GENERAL)

    keys = start + gl.arange(0, KEYS, layout=by_row(S))
    k_gradient = warpgroup_mma_init(zeros(KEYS, D))
    v_gradient = warpgroup_mma_init(zeros(KEYS, D))
    mbarrier.wait(k_ready.index(0), 0)
    k_tile = matrix(k_place.index(0), KEYS, D)
    mbarrier.wait(v_ready.index(0), 0)
    v_tile = matrix(v_place.index(0), KEYS, D)
    stage = 0
    phase = 0
    for t in range(tiles):
        row, near, far, in_range, in_prefix = query_tile(t, walk, bands, QUERIES, GENERAL)
        mbarrier.wait(q_ready.index(stage), phase)
        q_tile = matrix(q_places.index(stage), QUERIES, D)
        scores = warpgroup_mma(k_tile, q_tile.permute([1, 0]), zeros(KEYS, QUERIES), use_acc=False, is_async=True)
        if GENERAL:  # under way early, in few registers
            log_sums = load_rows(lse, line, row, N, QUERIES)
            all_deltas = load_rows(delta, line, row, N, QUERIES)
        scores, k_gradient, v_gradient = warpgroup_mma_wait(0, deps=[scores, k_gradient, v_gradient])
        mbarrier.wait(grad_ready.index(stage), phase)
        grad_tile = matrix(grad_places.index(stage), QUERIES, D)
        weight_grads = warpgroup_mma(v_tile, grad_tile.permute([1, 0]), zeros(KEYS, QUERIES), use_acc=False, is_async=True)
        ahead = t + STAGES - 1
        wanted = (t > 0) & (ahead < tiles)
        free = gl.where(stage == 0, STAGES - 1, stage - 1)
        next_row, _near, _far, _range, _prefix = query_tile(ahead, walk, bands, QUERIES, GENERAL)
        fetch_queries(q, grad, lse, delta, batch, head, line, next_row, q_places.index(free), grad_places.index(free),
                      lse_places.index(free), delta_places.index(free), q_ready.index(free), grad_ready.index(free), BYTES, wanted,
                      GENERAL)
        if GENERAL:
            log_sum = gl.convert_layout(log_sums, by_column(S))
        else:
            log_sum = lse_places.index(stage).reshape([QUERIES]).load(by_column(S))
        weights = gl.exp2(scores * log2_scale - log_sum[None, :])
        position = row + offset
        masked = needs_mask(position, start, near, far, in_range, QUERIES, KEYS, GENERAL)
        if DOCUMENTS:
            masked = masked | (position + QUERIES > run_end)
        if masked:
            queries = position + gl.arange(0, QUERIES, layout=by_column(S))
            allowed = seen(queries[None, :], keys[:, None], near, far, in_range, in_prefix, bands, GENERAL)
            if DOCUMENTS:
                same = document_of(documents, batch, queries, M)[None, :] == document_of(documents, batch, keys, M)[:, None]
                allowed = allowed & same
            weights = gl.where(allowed, weights, 0.0)
        v_gradient = warpgroup_mma(gl.convert_layout(weights.to(q.dtype), left_factor(D)), grad_tile, v_gradient, is_async=True)
        if GENERAL:
            deltas = gl.convert_layout(all_deltas, by_column(S))
        else:
            deltas = delta_places.index(stage).reshape([QUERIES]).load(by_column(S))
        weight_grads = warpgroup_mma_wait(1, deps=[weight_grads])
        score_grads = weights * (weight_grads - deltas[None, :])
        k_gradient = warpgroup_mma(gl.convert_layout(score_grads.to(q.dtype), left_factor(D)), q_tile, k_gradient, is_async=True)
        stage, phase = next_place(stage, phase, STAGES)
    k_gradient, v_gradient = warpgroup_mma_wait(0, deps=[k_gradient, v_gradient])
    store_tile(v_grad, v_gradient, batch, head, start, M, H, KEYS, D)
    store_tile(k_grad, k_gradient * scale, batch, head, start, M, H, KEYS, D)
    end_barriers(k_ready)
    end_barriers(v_ready)
    end_barriers(q_ready)
    end_barriers(grad_ready)
