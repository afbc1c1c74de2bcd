"""The kernels of `banded_attention_hopper.py` for long ranges, after FlashAttention-3 (Shah et al., arXiv 2407.08608).

A program is three groups of warps. One warp starts all copies, each as soon as its place is free. Two warpgroups (4 warps each) compute the
halves of a tile of 128 rows from the same copied tiles: half the copies that two programs of 64 rows make. Each place in shared memory has
two barriers: `ready` counts the bytes that have arrived, `free` the warpgroups that have done with it. Registers are dealt out anew: few
for the copies, 240 a thread for the products.

What overlaps: in `forward` and `backward_queries` the last product of a tile runs beside the next tile's weights; in `forward` the two
warpgroups take turns to start their products, so that one's softmax runs beside the other's.

As many programs run as the GPU has multiprocessors. Each takes its first work (a tile of rows of one head) by its own number and the
following ones from a counter, which must be 0 when the kernel starts; the copies of a work begin beside the end of the one before. Works
are ordered by sequence, and in it those that see most first. Who computes a tile changes no bit of it.

Parameters and letters as in `banded_attention_hopper.py`, without documents and GENERAL; `counter` is one number.
"""

from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import mbarrier, warpgroup_mma, warpgroup_mma_wait

from band_tiles import LOWEST, head_bands, key_tile, key_walk, needs_mask, pad4, seen
from banded_attention_hopper import fetch, left_factor, matrix, result_tile, store_tile, zeros
from hopper import barriers, by_column, by_row, end_barriers, in_memory, next_place, places, product

ROWS = gl.constexpr(64)  # of a warpgroup
GROUPS = gl.constexpr(2)
TILE = gl.constexpr(128)  # rows of a work
REGISTERS = gl.constexpr(240)  # of a thread that computes
FEW_REGISTERS = gl.constexpr(24)  # of the warp that copies


# ---- Works -----------------------------------------------------------------------------------------------------------------


@gluon.jit
def work_places():
    """Where the copying warp tells the warpgroups their works: 2 places of a number, repeated for each thread of a warp."""
    return gl.allocate_shared_memory(gl.int32, [2, 32], gl.SwizzledSharedLayout(1, 1, 1, [0]))


@gluon.jit
def draw(counter):
    """The next work that no program has taken."""
    return gl.num_programs(0) + gl.atomic_add(counter, 1, sem="relaxed")


@gluon.jit
def publish(work, turn, at, ready, free):
    """Tells the warpgroups their next work; one that does not exist ends them."""
    mbarrier.wait(free.index(turn % 2), turn // 2 % 2 ^ 1)
    at.index(turn % 2).store(gl.full([32], work, gl.int32, gl.BlockedLayout([1], [32], [1], [0])))
    mbarrier.arrive(ready.index(turn % 2))


@gluon.jit
def published(turn, at, ready, free, WARPS: gl.constexpr = 4):
    mbarrier.wait(ready.index(turn % 2), turn // 2 % 2)
    work = gl.max(at.index(turn % 2).load(gl.BlockedLayout([1], [32], [WARPS], [0])), 0)
    mbarrier.arrive(free.index(turn % 2))
    return work


@gluon.jit
def located(work, H, tiles):
    """The head, tile and sequence of a work: heads fastest, so that programs that run together read the same keys."""
    return work % H, work // H % tiles, work // H // tiles


@gluon.jit
def tiles_of(rows):
    return (rows + TILE - 1) // TILE


# ---- Turns -----------------------------------------------------------------------------------------------------------------


@gluon.jit
def take_turn(PART: gl.constexpr):
    """Waits until the other warpgroup has started its products (barriers 0 to 7 are the compiler's)."""
    if PART == 0:
        gl.inline_asm_elementwise("bar.sync 8, 256; mov.b32 $0, 0;", "=r", [], dtype=gl.int32, is_pure=False, pack=1)
    else:
        gl.inline_asm_elementwise("bar.sync 9, 256; mov.b32 $0, 0;", "=r", [], dtype=gl.int32, is_pure=False, pack=1)


@gluon.jit
def give_turn(PART: gl.constexpr):
    if PART == 0:
        gl.inline_asm_elementwise("bar.arrive 9, 256; mov.b32 $0, 0;", "=r", [], dtype=gl.int32, is_pure=False, pack=1)
    else:
        gl.inline_asm_elementwise("bar.arrive 8, 256; mov.b32 $0, 0;", "=r", [], dtype=gl.int32, is_pure=False, pack=1)


# ---- Forward ---------------------------------------------------------------------------------------------------------------


@gluon.jit
def query_row(tile, tiles):
    return (tiles - 1 - tile) * TILE  # late tiles see most: they start first


@gluon.jit
def row_walk(heads, head, row, N, M, KEYS: gl.constexpr):
    """The walk over keys of a tile of queries; at least one tile, as in `banded_attention_hopper.py`."""
    position = row + M - N
    bands = head_bands(heads, head, False)
    tiles, walk = key_walk(bands, position, gl.minimum(position + TILE, M) - 1, 0, KEYS, False)
    return gl.maximum(tiles, 1), walk, bands


@gluon.jit
def fetch_keys(k, v, batch, kv_head, tiles, walk, bands, stage, phase, k_places, v_places, k_ready, v_ready, k_free, v_free,
               KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr):
    """Starts the copies of all tiles of keys and values of a work."""
    for t in range(tiles):
        start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, False)
        mbarrier.wait(k_free.index(stage), phase ^ 1)
        fetch(k, batch, kv_head, start, k_places.index(stage), k_ready.index(stage), KEYS * D * 2)
        mbarrier.wait(v_free.index(stage), phase ^ 1)
        fetch(v, batch, kv_head, start, v_places.index(stage), v_ready.index(stage), KEYS * D * 2)
        stage, phase = next_place(stage, phase, STAGES)
    return stage, phase


@gluon.jit
def forward_copies(q, k, v, counter, heads, H, group, N, M, q_places, k_places, v_places, q_ready, k_ready, v_ready, q_free, k_free, v_free,
                   work_place, work_ready, work_free, KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr):
    row_tiles = tiles_of(N)
    stage = 0
    phase = 0
    turn = 0
    work = gl.program_id(0)
    while work < H * row_tiles * q.shape[0]:
        publish(work, turn, work_place, work_ready, work_free)
        head, tile, batch = located(work, H, row_tiles)
        row = query_row(tile, row_tiles)
        tiles, walk, bands = row_walk(heads, head, row, N, M, KEYS)
        for part in gl.static_range(GROUPS):
            mbarrier.wait(q_free.index(part), turn % 2 ^ 1)
            fetch(q, batch, head, row + part * ROWS, q_places.index(part), q_ready.index(part), ROWS * D * 2)
        work = draw(counter)
        stage, phase = fetch_keys(k, v, batch, head // group, tiles, walk, bands, stage, phase, k_places, v_places, k_ready, v_ready, k_free,
                                  v_free, KEYS, D, STAGES)
        turn += 1
    publish(work, turn, work_place, work_ready, work_free)


@gluon.jit
def hidden(scores, hide: gl.constexpr, first_query, start, near, far, bands, KEYS: gl.constexpr):
    """A tile of scores or weights with `hide` where a pair is not seen."""
    S: gl.constexpr = product(KEYS)
    if needs_mask(first_query, start, near, far, True, ROWS, KEYS, False):
        queries = first_query + gl.arange(0, ROWS, layout=by_row(S))
        keys = start + gl.arange(0, KEYS, layout=by_column(S))
        scores = gl.where(seen(queries[:, None], keys[None, :], near, far, True, False, bands, False), scores, hide)
    return scores


@gluon.jit
def forward_rows(q, heads, out, lse, H, N, M, log2_scale, q_places, k_places, v_places, q_ready, k_ready, v_ready, q_free, k_free, v_free,
                 work_place, work_ready, work_free, PART: gl.constexpr, KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr):
    S: gl.constexpr = product(KEYS)
    O: gl.constexpr = product(D)
    row_tiles = tiles_of(N)
    stage = 0
    phase = 0
    if PART == 1:
        give_turn(PART)
    turn = 0
    work = published(turn, work_place, work_ready, work_free)
    while work < H * row_tiles * q.shape[0]:
        head, tile, batch = located(work, H, row_tiles)
        first_row = query_row(tile, row_tiles)
        tiles, walk, bands = row_walk(heads, head, first_row, N, M, KEYS)
        row = first_row + PART * ROWS
        position = row + M - N
        q_tile = matrix(q_places.index(PART), ROWS, D)
        mbarrier.wait(q_ready.index(PART), turn % 2)
        start, near, far, in_range, in_prefix = key_tile(0, walk, bands, KEYS, False)
        mbarrier.wait(k_ready.index(stage), phase)
        take_turn(PART)
        scores = warpgroup_mma(q_tile, matrix(k_places.index(stage), KEYS, D).permute([1, 0]), zeros(ROWS, KEYS), use_acc=False,
                               is_async=True)
        give_turn(PART)
        scores = warpgroup_mma_wait(0, deps=[scores])
        mbarrier.arrive(k_free.index(stage))
        scores = hidden(scores, float("-inf"), position, start, near, far, bands, KEYS)
        largest = gl.maximum(gl.max(scores, 1) * log2_scale, LOWEST)
        weights = gl.exp2(scores * log2_scale - largest[:, None])
        total = gl.sum(weights, 1)
        factor = gl.convert_layout(weights.to(q.dtype), left_factor(D))
        weighted = zeros(ROWS, D)
        for t in range(1, tiles):
            start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, False)
            next_stage, next_phase = next_place(stage, phase, STAGES)
            mbarrier.wait(k_ready.index(next_stage), next_phase)
            take_turn(PART)
            scores = warpgroup_mma(q_tile, matrix(k_places.index(next_stage), KEYS, D).permute([1, 0]), zeros(ROWS, KEYS), use_acc=False,
                                   is_async=True)
            mbarrier.wait(v_ready.index(stage), phase)
            products = warpgroup_mma(factor, matrix(v_places.index(stage), KEYS, D), weighted, is_async=True)
            give_turn(PART)
            scores = warpgroup_mma_wait(1, deps=[scores])
            mbarrier.arrive(k_free.index(next_stage))
            scores = hidden(scores, float("-inf"), position, start, near, far, bands, KEYS)
            larger = gl.maximum(largest, gl.max(scores, 1) * log2_scale)
            weights = gl.exp2(scores * log2_scale - larger[:, None])
            shrink = gl.exp2(largest - larger)
            largest = larger
            total = total * shrink + gl.sum(weights, 1)
            weighted, factor = warpgroup_mma_wait(0, deps=[products, factor])
            mbarrier.arrive(v_free.index(stage))
            weighted = weighted * gl.convert_layout(shrink, by_row(O))[:, None]
            factor = gl.convert_layout(weights.to(q.dtype), left_factor(D))
            stage = next_stage
            phase = next_phase
        mbarrier.arrive(q_free.index(PART))
        mbarrier.wait(v_ready.index(stage), phase)
        products = warpgroup_mma(factor, matrix(v_places.index(stage), KEYS, D), weighted, is_async=True)
        weighted = warpgroup_mma_wait(0, deps=[products])
        mbarrier.arrive(v_free.index(stage))
        stage, phase = next_place(stage, phase, STAGES)

        sees = total > 0
        safe = gl.where(sees, total, 1.0)
        store_tile(out, weighted * gl.convert_layout(1.0 / safe, by_row(O))[:, None], batch, head, row, N, H, ROWS, D)
        rows = row + gl.arange(0, ROWS, layout=by_row(S))
        log_sum = gl.where(sees & (rows < N), largest + gl.log2(safe), float("inf"))  # the padding is read: it must say "nothing"
        line = (batch * H + head).to(gl.int64) * pad4(N)
        gl.store(lse + line + rows, log_sum, mask=rows < pad4(N))
        turn += 1
        work = published(turn, work_place, work_ready, work_free)
    if PART == 0:
        take_turn(PART)  # the last that was given


@gluon.jit
def forward(q, k, v, counter, heads, out, lse, H, group, N, M, log2_scale, KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr):
    q_places, k_places, v_places = places(q, GROUPS), places(k, STAGES), places(v, STAGES)
    q_ready, k_ready, v_ready = barriers(GROUPS), barriers(STAGES), barriers(STAGES)
    q_free, k_free, v_free = barriers(GROUPS), barriers(STAGES, GROUPS), barriers(STAGES, GROUPS)
    work_place, work_ready, work_free = work_places(), barriers(2), barriers(2, GROUPS)
    gl.warp_specialize([
        (forward_rows, (q, heads, out, lse, H, N, M, log2_scale, q_places, k_places, v_places, q_ready, k_ready, v_ready, q_free, k_free,
                        v_free, work_place, work_ready, work_free, 0, KEYS, D, STAGES)),
        (forward_rows, (q, heads, out, lse, H, N, M, log2_scale, q_places, k_places, v_places, q_ready, k_ready, v_ready, q_free, k_free,
                        v_free, work_place, work_ready, work_free, 1, KEYS, D, STAGES)),
        (forward_copies, (q, k, v, counter, heads, H, group, N, M, q_places, k_places, v_places, q_ready, k_ready, v_ready, q_free, k_free,
                          v_free, work_place, work_ready, work_free, KEYS, D, STAGES)),
    ], [4, 1], [REGISTERS, FEW_REGISTERS])
    end_barriers(q_ready)
    end_barriers(q_free)
    end_barriers(k_ready)
    end_barriers(k_free)
    end_barriers(v_ready)
    end_barriers(v_free)
    end_barriers(work_ready)
    end_barriers(work_free)


# ---- dQ --------------------------------------------------------------------------------------------------------------------


@gluon.jit
def query_copies(q, k, v, grad, counter, heads, H, group, N, M, q_places, grad_places, k_places, v_places, q_ready, grad_ready, k_ready,
                 v_ready, rows_free, k_free, v_free, work_place, work_ready, work_free, KEYS: gl.constexpr, D: gl.constexpr,
                 STAGES: gl.constexpr):
    row_tiles = tiles_of(N)
    stage = 0
    phase = 0
    turn = 0
    work = gl.program_id(0)
    while work < H * row_tiles * q.shape[0]:
        publish(work, turn, work_place, work_ready, work_free)
        head, tile, batch = located(work, H, row_tiles)
        row = query_row(tile, row_tiles)
        tiles, walk, bands = row_walk(heads, head, row, N, M, KEYS)
        for part in gl.static_range(GROUPS):
            mbarrier.wait(rows_free.index(part), turn % 2 ^ 1)
            fetch(grad, batch, head, row + part * ROWS, grad_places.index(part), grad_ready.index(part), ROWS * D * 2)
            fetch(q, batch, head, row + part * ROWS, q_places.index(part), q_ready.index(part), ROWS * D * 2)
        work = draw(counter)
        stage, phase = fetch_keys(k, v, batch, head // group, tiles, walk, bands, stage, phase, k_places, v_places, k_ready, v_ready, k_free,
                                  v_free, KEYS, D, STAGES)
        turn += 1
    publish(work, turn, work_place, work_ready, work_free)


@gluon.jit
def query_rows(q, grad, heads, out, lse, delta, q_grad, H, N, M, log2_scale, scale, q_places, grad_places, k_places, v_places, q_ready,
               grad_ready, k_ready, v_ready, rows_free, k_free, v_free, work_place, work_ready, work_free, PART: gl.constexpr,
               KEYS: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr):
    S: gl.constexpr = product(KEYS)
    row_tiles = tiles_of(N)
    stage = 0
    phase = 0
    turn = 0
    work = published(turn, work_place, work_ready, work_free)
    while work < H * row_tiles * q.shape[0]:
        head, tile, batch = located(work, H, row_tiles)
        first_row = query_row(tile, row_tiles)
        tiles, walk, bands = row_walk(heads, head, first_row, N, M, KEYS)
        row = first_row + PART * ROWS
        position = row + M - N
        pointers, mask = result_tile(out, batch, head, row, N, H, ROWS, D)
        out_tile = gl.load(pointers, mask=mask, other=0.0)
        rows = row + gl.arange(0, ROWS, layout=by_row(S))
        line = (batch * H + head).to(gl.int64) * pad4(N)
        log_sum = gl.load(lse + line + rows, mask=rows < N, other=float("inf"))
        mbarrier.wait(grad_ready.index(PART), turn % 2)
        grad_tile = matrix(grad_places.index(PART), ROWS, D)
        deltas = gl.convert_layout(gl.sum(out_tile.to(gl.float32) * grad_tile.load(in_memory(D)).to(gl.float32), 1), by_row(S))
        gl.store(delta + line + rows, deltas, mask=rows < pad4(N))
        mbarrier.wait(q_ready.index(PART), turn % 2)
        q_tile = matrix(q_places.index(PART), ROWS, D)

        start, near, far, in_range, in_prefix = key_tile(0, walk, bands, KEYS, False)
        mbarrier.wait(k_ready.index(stage), phase)
        scores = warpgroup_mma(q_tile, matrix(k_places.index(stage), KEYS, D).permute([1, 0]), zeros(ROWS, KEYS), use_acc=False,
                               is_async=True)
        mbarrier.wait(v_ready.index(stage), phase)
        weight_grads = warpgroup_mma(grad_tile, matrix(v_places.index(stage), KEYS, D).permute([1, 0]), zeros(ROWS, KEYS), use_acc=False,
                                     is_async=True)
        scores = warpgroup_mma_wait(1, deps=[scores])
        weights = hidden(gl.exp2(scores * log2_scale - log_sum[:, None]), 0.0, position, start, near, far, bands, KEYS)
        weight_grads = warpgroup_mma_wait(0, deps=[weight_grads])
        mbarrier.arrive(v_free.index(stage))
        score_grads = weights * (weight_grads - deltas[:, None])
        factor = gl.convert_layout(score_grads.to(q.dtype), left_factor(D))
        gradient = zeros(ROWS, D)
        for t in range(1, tiles):
            start, near, far, in_range, in_prefix = key_tile(t, walk, bands, KEYS, False)
            next_stage, next_phase = next_place(stage, phase, STAGES)
            mbarrier.wait(k_ready.index(next_stage), next_phase)
            scores = warpgroup_mma(q_tile, matrix(k_places.index(next_stage), KEYS, D).permute([1, 0]), zeros(ROWS, KEYS), use_acc=False,
                                   is_async=True)
            mbarrier.wait(v_ready.index(next_stage), next_phase)
            weight_grads = warpgroup_mma(grad_tile, matrix(v_places.index(next_stage), KEYS, D).permute([1, 0]), zeros(ROWS, KEYS),
                                         use_acc=False, is_async=True)
            products = warpgroup_mma(factor, matrix(k_places.index(stage), KEYS, D), gradient, is_async=True)
            scores = warpgroup_mma_wait(2, deps=[scores])
            weights = hidden(gl.exp2(scores * log2_scale - log_sum[:, None]), 0.0, position, start, near, far, bands, KEYS)
            weight_grads = warpgroup_mma_wait(1, deps=[weight_grads])
            mbarrier.arrive(v_free.index(next_stage))
            score_grads = weights * (weight_grads - deltas[:, None])
            gradient, factor = warpgroup_mma_wait(0, deps=[products, factor])
            mbarrier.arrive(k_free.index(stage))
            factor = gl.convert_layout(score_grads.to(q.dtype), left_factor(D))
            stage = next_stage
            phase = next_phase
        mbarrier.arrive(rows_free.index(PART))
        products = warpgroup_mma(factor, matrix(k_places.index(stage), KEYS, D), gradient, is_async=True)
        gradient = warpgroup_mma_wait(0, deps=[products])
        mbarrier.arrive(k_free.index(stage))
        stage, phase = next_place(stage, phase, STAGES)
        store_tile(q_grad, gradient * scale, batch, head, row, N, H, ROWS, D)
        turn += 1
        work = published(turn, work_place, work_ready, work_free)


@gluon.jit
def backward_queries(q, k, v, grad, counter, heads, out, lse, delta, q_grad, H, group, N, M, log2_scale, scale, KEYS: gl.constexpr,
                     D: gl.constexpr, STAGES: gl.constexpr):
    q_places, grad_places, k_places, v_places = places(q, GROUPS), places(grad, GROUPS), places(k, STAGES), places(v, STAGES)
    q_ready, grad_ready, k_ready, v_ready = barriers(GROUPS), barriers(GROUPS), barriers(STAGES), barriers(STAGES)
    rows_free, k_free, v_free = barriers(GROUPS), barriers(STAGES, GROUPS), barriers(STAGES, GROUPS)
    work_place, work_ready, work_free = work_places(), barriers(2), barriers(2, GROUPS)
    gl.warp_specialize([
        (query_rows, (q, grad, heads, out, lse, delta, q_grad, H, N, M, log2_scale, scale, q_places, grad_places, k_places, v_places, q_ready,
                      grad_ready, k_ready, v_ready, rows_free, k_free, v_free, work_place, work_ready, work_free, 0, KEYS, D, STAGES)),
        (query_rows, (q, grad, heads, out, lse, delta, q_grad, H, N, M, log2_scale, scale, q_places, grad_places, k_places, v_places, q_ready,
                      grad_ready, k_ready, v_ready, rows_free, k_free, v_free, work_place, work_ready, work_free, 1, KEYS, D, STAGES)),
        (query_copies, (q, k, v, grad, counter, heads, H, group, N, M, q_places, grad_places, k_places, v_places, q_ready, grad_ready, k_ready,
                        v_ready, rows_free, k_free, v_free, work_place, work_ready, work_free, KEYS, D, STAGES)),
    ], [4, 1], [REGISTERS, FEW_REGISTERS])
    end_barriers(q_ready)
    end_barriers(grad_ready)
    end_barriers(rows_free)
    end_barriers(k_ready)
    end_barriers(k_free)
    end_barriers(v_ready)
    end_barriers(v_free)
    end_barriers(work_ready)
    end_barriers(work_free)
