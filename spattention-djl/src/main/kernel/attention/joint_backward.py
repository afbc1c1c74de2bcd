"""All gradients of attention in one kernel, for long ranges: scores and their gradients are computed once, five products for each pair of
tiles where dQ and dK, dV by themselves take seven. For heads of at most one range of distances and as many queries as keys, without
documents and GENERAL; letters otherwise as in `banded_attention_hopper.py`. Before and after it run the kernels of
`joint_backward_ends.py`.

A program holds 128 keys and values and walks the tiles of 64 queries that see them, as FlashAttention-2 does (Dao, arXiv 2307.08691). Two
warpgroups compute 64 keys each:

    S^T = K Q^T    dP^T = V dO^T    P^T, dS^T    dV += P^T dO    dK += dS^T Q    dQ = dS K

dQ sums over both warpgroups' keys: they leave their dS in shared memory, and each takes half of the columns, for the tile before, so that
none waits for the other. One warp starts all copies. One warp adds what is summed up to `sums` in memory, through the tensor memory
accelerator, while the warpgroups go on.

dQ is a sum over programs, too. They add always in the same order, so that the same call gives the same bits: from the last keys that a tile
of queries sees to the first. `turns` counts the programs that have added to a tile of queries; each waits for its turn, the first writes.
Works start in that order, and a program starts with the queries next to its own keys: mostly its turn has come when it arrives. Whoever waits,
waits for a work that was taken before its own by a program that runs: all of them end.

    counter, turns   0 before the kernel starts, or programs wait for ever; turns [B, H, tiles of queries]
    sums             [B H tiles 2 16, 256]: 64 x 64 numbers of each half of D, as the threads hold them (`joint_backward_ends.py` says where)
"""

from triton._C.libtriton import ir
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language._core import builtin
from triton.experimental.gluon.language.nvidia.hopper import fence_async_shared, mbarrier, tma, warpgroup_mma, warpgroup_mma_wait

from band_tiles import head_bands, needs_mask, query_tile, query_walk, seen
from banded_attention_hopper import fetch, fetch_queries, left_factor, matrix, store_tile, zeros
from banded_attention_wide import FEW_REGISTERS, GROUPS, REGISTERS, ROWS, TILE, publish, published, tiles_of, work_places
from hopper import barriers, by_column, by_row, end_barriers, next_place, places, product

HALF = gl.constexpr(64)  # columns of D that lie side by side in shared memory, and that a warpgroup sums up of dQ
TOGETHER = gl.constexpr(256)  # tiles of the heads that are computed together
SUM_ROWS = gl.constexpr(16)  # of 64 x 64 sums in memory
SUM_COLUMNS = gl.constexpr(256)
LINES = gl.constexpr(gl.NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank=2))


# ---- Works -----------------------------------------------------------------------------------------------------------------


@gluon.jit
def take(counter):
    """The next work. Also the first is taken only by a program that runs: others wait for it."""
    return gl.atomic_add(counter, 1, sem="relaxed")


@gluon.jit
def located(work, H, tiles, lines):
    """The head, tile and sequence of a work. Some heads are computed together, late keys first: a tile of queries is ready for the next program
    when that one comes, and what a head's programs share stays in the cache. lines: B H."""
    together = gl.maximum(TOGETHER // tiles, 1)
    first = work // (tiles * together) * together
    count = gl.maximum(gl.minimum(together, lines - first), 1)
    place = work - first * tiles
    line = first + place % count
    return line % H, tiles - 1 - place // count, line // H


@gluon.jit
def column_walk(heads, head, start, N):
    """The walk of a tile of keys over whole tiles of queries. How many see it, and how many are walked: one at least."""
    bands = head_bands(heads, head, False)
    seeing, walk = query_walk(bands, start, gl.minimum(start + TILE, N) - 1, N - 1, 0, ROWS, ROWS, False)
    return seeing, gl.maximum(seeing, 1), walk, bands


# ---- Copies ----------------------------------------------------------------------------------------------------------------


@gluon.jit
def copies(q, k, v, grad, counter, heads, lse, delta, H, group, N, k_place, v_places, q_places, grad_places, lse_places, delta_places,
           k_ready, v_ready, q_ready, grad_ready, keys_free, rows_free, work_place, work_ready, work_free, D: gl.constexpr, STAGES: gl.constexpr):
    BYTES: gl.constexpr = ROWS * D * 2 + ROWS * 4
    key_tiles = tiles_of(N)
    lines = H * q.shape[0]
    stage = 0
    phase = 0
    turn = 0
    work = take(counter)
    while work < lines * key_tiles:
        publish(work, turn, work_place, work_ready, work_free)
        head, tile, batch = located(work, H, key_tiles, lines)
        kv_head = head // group
        start = tile * TILE
        seeing, tiles, walk, bands = column_walk(heads, head, start, N)
        mbarrier.wait(keys_free.index(0), turn % 2 ^ 1)
        mbarrier.expect(k_ready.index(0), TILE * D * 2)
        for half in gl.static_range(D // HALF):
            tma.async_copy_global_to_shared(k, [batch, kv_head, start, half * HALF], k_ready.index(0), k_place.index(half))
        for part in gl.static_range(GROUPS):
            fetch(v, batch, kv_head, start + part * ROWS, v_places.index(part), v_ready.index(part), ROWS * D * 2)
        for t in range(tiles):
            row, near, far, in_range, in_prefix = query_tile(t, walk, bands, ROWS, False)
            mbarrier.wait(rows_free.index(stage), phase ^ 1)
            fetch_queries(q, grad, lse, delta, batch, head, batch * H + head, row, q_places.index(stage), grad_places.index(stage),
                          lse_places.index(stage), delta_places.index(stage), q_ready.index(stage), grad_ready.index(stage), BYTES, True, False)
            stage, phase = next_place(stage, phase, STAGES)
        work = take(counter)  # not before it is about to start: others wait for it
        turn += 1
    publish(work, turn, work_place, work_ready, work_free)


# ---- Sums of dQ ------------------------------------------------------------------------------------------------------------


@builtin
def async_add(tensor_desc, coord, source, _semantic=None):
    """As `tma.async_copy_shared_to_global`, which Gluon has, but adds to what is there."""
    coord = _semantic._convert_to_ir_values(coord, require_i64=False)
    _semantic.builder.create_async_tma_reduce(ir.DESCRIPTOR_REDUCE_KIND.ADD, tensor_desc.handle, coord, source.handle)


@gluon.jit
def turn_of(tile, row, near, key_tiles):
    """How many programs add to a tile of queries before the one of a tile of keys."""
    return gl.minimum((row - near // ROWS * ROWS) // TILE, key_tiles - 1) - tile


@gluon.jit
def await_turn(turns, turn):
    """Waits until so many programs have added."""
    gl.inline_asm_elementwise("""{
        .reg .pred before;
        .reg .s32 added;
        wait: ld.acquire.gpu.global.s32 added, [$1];
        setp.lt.s32 before, added, $2;
        @before bra wait;
        fence.proxy.async.global;
        mov.b32 $0, 0;
        }""", "=r,l,r", [turns, turn], dtype=gl.int32, is_pure=False, pack=1)


@gluon.jit
def give_turn(turns, turn):
    """Says that the program whose turn it was has added; to be called by one warp, when its additions have ended."""
    gl.inline_asm_elementwise("bar.warp.sync 0xffffffff; st.release.gpu.global.s32 [$1], $2; mov.b32 $0, 0;", "=r,l,r", [turns, turn + 1],
                              dtype=gl.int32, is_pure=False, pack=1)


@gluon.jit
def await_additions(ALL: gl.constexpr):
    """Waits until what this warp has added is in memory: all, or all but the last tile's two halves."""
    if ALL:
        gl.inline_asm_elementwise("cp.async.bulk.wait_group 0; mov.b32 $0, 0;", "=r", [], dtype=gl.int32, is_pure=False, pack=1)
    else:
        gl.inline_asm_elementwise("cp.async.bulk.wait_group 2; mov.b32 $0, 0;", "=r", [], dtype=gl.int32, is_pure=False, pack=1)


@gluon.jit
def additions(sums, turns, heads, lines, H, N, sum_places, sums_ready, sums_free, work_place, work_ready, work_free):
    key_tiles = tiles_of(N)
    row_tiles = (N + ROWS - 1) // ROWS
    turn = 0
    count = 0
    work = published(turn, work_place, work_ready, work_free, 1)
    while work < lines * key_tiles:
        head, tile, batch = located(work, H, key_tiles, lines)
        seeing, tiles, walk, bands = column_walk(heads, head, tile * TILE, N)
        line = (batch * H + head) * row_tiles
        for t in range(seeing):
            row, near, far, in_range, in_prefix = query_tile(t, walk, bands, ROWS, False)
            before = turn_of(tile, row, near, key_tiles)
            index = line + row // ROWS
            for part in gl.static_range(GROUPS):
                mbarrier.wait(sums_ready.index(part), count % 2)
                if before == 0:
                    tma.async_copy_shared_to_global(sums, [(index * GROUPS + part) * SUM_ROWS, 0], sum_places.index(part))
                else:
                    if part == 0:
                        await_turn(turns + index, before)
                    async_add(sums, [(index * GROUPS + part) * SUM_ROWS, 0], sum_places.index(part))
            tma.store_wait(0)  # both places have been read
            for part in gl.static_range(GROUPS):
                mbarrier.arrive(sums_free.index(part))
            if t > 0:
                await_additions(False)
                give_turn(turns + index - 1, turn_of(tile, row - ROWS, near, key_tiles))
            count += 1
        if seeing > 0:
            row, near, far, in_range, in_prefix = query_tile(seeing - 1, walk, bands, ROWS, False)
            await_additions(True)
            give_turn(turns + line + row // ROWS, turn_of(tile, row, near, key_tiles))
        turn += 1
        work = published(turn, work_place, work_ready, work_free, 1)


@gluon.jit
def hand_over(values, place, ready, free, count):
    """Gives the count-th 64 x 64 sums of a warpgroup to the warp that adds them: 4 numbers of a thread side by side, beside its neighbours'.
    Returns the next count."""
    # rows are 16 warp + 8 half + line, columns 8 group + 2 lane + pair
    values = values.reshape([4, 2, 8, 8, 4, 2]).permute([3, 0, 2, 4, 1, 5]).reshape([SUM_ROWS, SUM_COLUMNS])
    mbarrier.wait(free, count % 2 ^ 1)
    place.store(values)
    fence_async_shared()
    mbarrier.arrive(ready)
    return count + 1


# ---- Products --------------------------------------------------------------------------------------------------------------


@gluon.jit
def less(place, factor):
    """A product's sums to begin with: minus a number for each query. What is subtracted so takes no registers of its own."""
    return zeros(ROWS, ROWS) - (place.reshape([ROWS]).load(by_column(product(ROWS))) * factor)[None, :]


@gluon.jit
def hidden_columns(weights, position, first_key, near, far, bands):
    """A tile of weights, keys by rows, with 0 where a pair is not seen."""
    S: gl.constexpr = product(ROWS)
    if needs_mask(position, first_key, near, far, True, ROWS, ROWS, False):
        keys = first_key + gl.arange(0, ROWS, layout=by_row(S))
        queries = position + gl.arange(0, ROWS, layout=by_column(S))
        weights = gl.where(seen(queries[None, :], keys[:, None], near, far, True, False, bands, False), weights, 0.0)
    return weights


@gluon.jit
def query_products(score_grads, k_columns):
    """dQ in half of the columns of D. score_grads: the first warpgroup's dS^T, behind which the second's lies."""
    both = score_grads._reinterpret(score_grads.dtype, [TILE, ROWS], LINES)
    return warpgroup_mma(both.permute([1, 0]), k_columns, zeros(ROWS, HALF), use_acc=False, is_async=True)


@gluon.jit
def products(q, heads, k_grad, v_grad, H, N, log2_scale, scale, k_place, v_places, q_places, grad_places, lse_places, delta_places,
             score_grads, sum_places, k_ready, v_ready, q_ready, grad_ready, keys_free, rows_free, scores_ready, scores_free, sums_ready, sums_free,
             work_place, work_ready, work_free, PART: gl.constexpr, D: gl.constexpr, STAGES: gl.constexpr):
    """A warpgroup's. score_grads: 2 places for both warpgroups' dS^T."""
    key_tiles = tiles_of(N)
    lines = H * q.shape[0]
    k_rows = k_place._reinterpret(k_place.dtype, [TILE, D], LINES).slice(PART * ROWS, ROWS)
    k_columns = matrix(k_place.index(PART), TILE, HALF)
    stage = 0
    phase = 0
    turn = 0
    step = 0  # of all works, as count, the sums handed over
    count = 0
    work = published(turn, work_place, work_ready, work_free)
    while work < lines * key_tiles:
        head, tile, batch = located(work, H, key_tiles, lines)
        seeing, tiles, walk, bands = column_walk(heads, head, tile * TILE, N)
        start = tile * TILE + PART * ROWS
        k_gradient = zeros(ROWS, D)
        v_gradient = zeros(ROWS, D)
        q_gradient = zeros(ROWS, HALF)
        mbarrier.wait(k_ready.index(0), turn % 2)
        mbarrier.wait(v_ready.index(PART), turn % 2)
        v_tile = matrix(v_places.index(PART), ROWS, D)
        for t in range(tiles):
            row, near, far, in_range, in_prefix = query_tile(t, walk, bands, ROWS, False)
            mbarrier.wait(q_ready.index(stage), phase)
            q_tile = matrix(q_places.index(stage), ROWS, D)
            scores = warpgroup_mma(k_rows, q_tile.permute([1, 0]), less(lse_places.index(stage), 1 / log2_scale), is_async=True)
            if t > 1:  # of the tile before the last one
                count = hand_over(q_gradient, sum_places.index(PART), sums_ready.index(PART), sums_free.index(PART), count)
            mbarrier.wait(grad_ready.index(stage), phase)
            grad_tile = matrix(grad_places.index(stage), ROWS, D)
            weight_grads = warpgroup_mma(v_tile, grad_tile.permute([1, 0]), less(delta_places.index(stage), 1.0), is_async=True)
            scores = warpgroup_mma_wait(1, deps=[scores])
            weights = hidden_columns(gl.exp2(scores * log2_scale), row, start, near, far, bands)
            v_products = warpgroup_mma(gl.convert_layout(weights.to(q.dtype), left_factor(D)), grad_tile, v_gradient, is_async=True)
            weight_grads = warpgroup_mma_wait(1, deps=[weight_grads])
            mbarrier.wait(scores_free.index(step % 2), step // 2 % 2 ^ 1)
            own = score_grads.index(step % 2 * 2 + PART)
            own.store((weights * weight_grads).to(q.dtype))
            fence_async_shared()
            k_products = warpgroup_mma(own, q_tile, k_gradient, is_async=True)
            mbarrier.arrive(scores_ready.index(step % 2))
            last = step + 1  # the other place; in a work's first turn its product is nothing's and is not looked at
            mbarrier.wait(scores_ready.index(last % 2), last // 2 % 2 ^ 1, pred=t > 0)
            q_products = query_products(score_grads.index(last % 2 * 2), k_columns)
            v_gradient, k_gradient = warpgroup_mma_wait(1, deps=[v_products, k_products])
            mbarrier.arrive(rows_free.index(stage))
            q_gradient = warpgroup_mma_wait(0, deps=[q_products])
            mbarrier.arrive(scores_free.index(last % 2), pred=t > 0)
            stage, phase = next_place(stage, phase, STAGES)
            step += 1
        last = step - 1
        mbarrier.wait(scores_ready.index(last % 2), last // 2 % 2)
        q_products = query_products(score_grads.index(last % 2 * 2), k_columns)
        if tiles > 1:
            count = hand_over(q_gradient, sum_places.index(PART), sums_ready.index(PART), sums_free.index(PART), count)
        q_gradient = warpgroup_mma_wait(0, deps=[q_products])
        mbarrier.arrive(scores_free.index(last % 2))
        mbarrier.arrive(keys_free.index(0))
        if seeing > 0:
            count = hand_over(q_gradient, sum_places.index(PART), sums_ready.index(PART), sums_free.index(PART), count)
        store_tile(v_grad, v_gradient, batch, head, start, N, H, ROWS, D)
        store_tile(k_grad, k_gradient * scale, batch, head, start, N, H, ROWS, D)
        turn += 1
        work = published(turn, work_place, work_ready, work_free)


@gluon.jit
def backward(q, k, v, grad, counter, turns, heads, lse, delta, sums, k_grad, v_grad, H, group, N, log2_scale, scale, D: gl.constexpr,
             STAGES: gl.constexpr):
    k_place, v_places, q_places, grad_places = places(k, D // HALF), places(v, GROUPS), places(q, STAGES), places(grad, STAGES)
    lse_places, delta_places, sum_places = places(lse, STAGES), places(delta, STAGES), places(sums, GROUPS)
    score_grads = gl.allocate_shared_memory(q.dtype, [2 * GROUPS, ROWS, ROWS], LINES)
    k_ready, v_ready, q_ready, grad_ready = barriers(1), barriers(GROUPS), barriers(STAGES), barriers(STAGES)
    keys_free, rows_free = barriers(1, GROUPS), barriers(STAGES, GROUPS)
    scores_ready, scores_free = barriers(2, GROUPS), barriers(2, GROUPS)
    sums_ready, sums_free = barriers(GROUPS), barriers(GROUPS)
    work_place, work_ready, work_free = work_places(), barriers(2), barriers(2, GROUPS + 1)
    gl.warp_specialize([
        (products, (q, heads, k_grad, v_grad, H, N, log2_scale, scale, k_place, v_places, q_places, grad_places, lse_places, delta_places,
                    score_grads, sum_places, k_ready, v_ready, q_ready, grad_ready, keys_free, rows_free, scores_ready, scores_free, sums_ready,
                    sums_free, work_place, work_ready, work_free, 0, D, STAGES)),
        (products, (q, heads, k_grad, v_grad, H, N, log2_scale, scale, k_place, v_places, q_places, grad_places, lse_places, delta_places,
                    score_grads, sum_places, k_ready, v_ready, q_ready, grad_ready, keys_free, rows_free, scores_ready, scores_free, sums_ready,
                    sums_free, work_place, work_ready, work_free, 1, D, STAGES)),
        (copies, (q, k, v, grad, counter, heads, lse, delta, H, group, N, k_place, v_places, q_places, grad_places, lse_places, delta_places,
                  k_ready, v_ready, q_ready, grad_ready, keys_free, rows_free, work_place, work_ready, work_free, D, STAGES)),
        (additions, (sums, turns, heads, H * q.shape[0], H, N, sum_places, sums_ready, sums_free, work_place, work_ready, work_free)),
    ], [4, 1, 1], [REGISTERS, FEW_REGISTERS, FEW_REGISTERS])
    end_barriers(k_ready)
    end_barriers(v_ready)
    end_barriers(keys_free)
    end_barriers(q_ready)
    end_barriers(grad_ready)
    end_barriers(rows_free)
    end_barriers(scores_ready)
    end_barriers(scores_free)
    end_barriers(sums_ready)
    end_barriers(sums_free)
    end_barriers(work_ready)
    end_barriers(work_free)
