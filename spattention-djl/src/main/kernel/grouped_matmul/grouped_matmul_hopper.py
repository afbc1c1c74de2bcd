"""The products of `grouped_matmul.py` for compute capability 9.0, in Gluon.

As many programs run as the GPU has multiprocessors; each computes tile after tile of the result. The tensor memory accelerator
copies the factors' tiles into a ring of STAGES places in shared memory, STAGES - 1 steps ahead, on into the tile that follows:
the next tile's first products find their factors there, and its copies run while this one's result is written.

In a step the product is started first; then the one before is waited for, whose place is free: the next copy goes there. Two
warpgroups share a tile of 128 rows. Parameters and letters as in `grouped_matmul.py`, but that the factors are tensor maps.
"""

from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import fence_async_shared, mbarrier, tma, warpgroup_mma, warpgroup_mma_wait

from hopper import barriers, by_column, by_row, end_barriers, in_memory, next_place, places, product


@gluon.constexpr_function
def in_each_warp(count, warps):
    """All of a list's numbers in every warp."""
    return gl.BlockedLayout([count // 32], [32], [warps], [0])


@gluon.jit
def fetch(left, left_at, right, right_at, left_place, right_place, ready, wanted):
    """Starts the copies of two factors' tiles; what lies outside the arrays arrives as 0."""
    mbarrier.expect(ready, left.block_type.nbytes + right.block_type.nbytes, pred=wanted)
    tma.async_copy_global_to_shared(left, left_at, ready, left_place, wanted)
    tma.async_copy_global_to_shared(right, right_at, ready, right_place, wanted)


@gluon.jit
def store(out, sums, row, rows_end, column, columns_end, ADD: gl.constexpr):
    """Writes a tile of a matrix with `columns_end` columns, up to its last row and column; with ADD adds it to what stands there. float32
    numbers go out as they lie in registers: four threads fill 32 bytes."""
    WIDE: gl.constexpr = out.dtype.element_ty == gl.float32
    LAYOUT: gl.constexpr = product(sums.shape[1], gl.num_warps()) if WIDE else in_memory(sums.shape[1], gl.num_warps())
    values = gl.convert_layout(sums.to(out.dtype.element_ty), LAYOUT)
    r = row + gl.arange(0, sums.shape[0], layout=by_row(LAYOUT))
    c = column + gl.arange(0, sums.shape[1], layout=by_column(LAYOUT))
    at = out + r.to(gl.int64)[:, None] * columns_end + c[None, :]
    inside = (r < rows_end)[:, None] & (c < columns_end)[None, :]
    if ADD:
        values += gl.load(at, mask=inside, other=0.0)
    gl.store(at, values, mask=inside)


# ---- Rows times matrices ---------------------------------------------------------------------------------------------------


@gluon.jit
def tile_of_rows(tile, tile_ends, ends, ROWS: gl.constexpr):
    """The expert of a tile of rows, the tile's first row, and where the expert's rows end."""
    before = tile_ends <= tile
    expert = gl.sum(before.to(gl.int32), 0)
    first_tile = gl.max(gl.where(before, tile_ends, 0), 0)
    first_row = gl.max(gl.where(before, ends, 0), 0)
    end = gl.min(gl.where(before, 0x7fffffff, ends), 0)
    return expert, first_row + (tile - first_tile) * ROWS, end


@gluon.jit
def matrix_at(expert, k, column, TRANSPOSED: gl.constexpr):
    if TRANSPOSED:
        return expert, column, k
    else:
        return expert, k, column


@gluon.jit
def rows(array, matrices, out, ends, tile_ends, experts, N, K, ROWS: gl.constexpr, COLUMNS: gl.constexpr, STEP: gl.constexpr,
         STAGES: gl.constexpr, EXPERTS: gl.constexpr, TRANSPOSED: gl.constexpr):
    numbers = gl.arange(0, EXPERTS, layout=in_each_warp(EXPERTS, gl.num_warps()))
    all_tile_ends = gl.load(tile_ends + numbers, mask=numbers < experts, other=0x7fffffff)
    all_ends = gl.load(ends + numbers, mask=numbers < experts, other=0x7fffffff)
    column_tiles = (N + COLUMNS - 1) // COLUMNS
    tiles = gl.load(tile_ends + experts - 1) * column_tiles
    steps = gl.maximum((K + STEP - 1) // STEP, STAGES - 1)
    a_places, b_places, ready = places(array, STAGES), places(matrices, STAGES), barriers(STAGES)

    first = gl.program_id(0)
    expert, row, end = tile_of_rows(first // column_tiles, all_tile_ends, all_ends, ROWS)
    column = first % column_tiles * COLUMNS
    for s in gl.static_range(STAGES - 1):
        fetch(array, (row, s * STEP), matrices, matrix_at(expert, s * STEP, column, TRANSPOSED), a_places.index(s), b_places.index(s),
              ready.index(s), first < tiles)
    stage = 0
    phase = 0
    for tile in range(first, tiles, gl.num_programs(0)):
        following = tile + gl.num_programs(0)
        next_expert, next_row, next_end = tile_of_rows(following // column_tiles, all_tile_ends, all_ends, ROWS)
        next_column = following % column_tiles * COLUMNS
        sums = gl.full([ROWS, COLUMNS], 0.0, gl.float32, product(COLUMNS, gl.num_warps()))
        for t in range(steps):
            mbarrier.wait(ready.index(stage), phase)
            if TRANSPOSED:
                b = b_places.index(stage).reshape([COLUMNS, STEP]).permute([1, 0])
            else:
                b = b_places.index(stage).reshape([STEP, COLUMNS])
            sums = warpgroup_mma(a_places.index(stage), b, sums, use_acc=t > 0, is_async=True)
            sums = warpgroup_mma_wait(1, deps=[sums])
            ahead = t + STAGES - 1
            beyond = ahead >= steps  # in the tile that follows
            k = gl.where(beyond, ahead - steps, ahead) * STEP
            free = gl.where(stage == 0, STAGES - 1, stage - 1)
            at = matrix_at(gl.where(beyond, next_expert, expert), k, gl.where(beyond, next_column, column), TRANSPOSED)
            fetch(array, (gl.where(beyond, next_row, row), k), matrices, at, a_places.index(free), b_places.index(free),
                  ready.index(free), (ahead < steps) | (following < tiles))
            stage, phase = next_place(stage, phase, STAGES)
        sums = warpgroup_mma_wait(0, deps=[sums])
        store(out, sums, row, end, column, N, False)
        expert, row, end, column = next_expert, next_row, next_end, next_column
    end_barriers(ready)


# ---- Sums of outer products ------------------------------------------------------------------------------------------------


@gluon.jit
def order_of_experts(ends, numbers, experts):
    """The place of each expert among all, those with many rows first; -1 for what is no expert."""
    known = numbers < experts
    loads = gl.load(ends + numbers, mask=known, other=0) - gl.load(ends + numbers - 1, mask=known & (numbers > 0), other=0)
    order = gl.zeros_like(numbers)
    end = 0
    for expert in range(experts):
        begin = end
        end = gl.load(ends + expert)
        load = end - begin
        order += ((load > loads) | ((load == loads) & (expert < numbers))).to(gl.int32)
    return gl.where(known, order, -1)


@gluon.jit
def tile_of_turn(turn):
    """Which tile a program computes in a turn: the programs take turns in one direction, then in the other."""
    programs = gl.num_programs(0)
    program = gl.program_id(0)
    return turn * programs + gl.where(turn % 2 == 0, program, programs - 1 - program)


@gluon.jit
def tile_of_matrices(tile, order, numbers, ends, row_tiles, column_tiles, ROWS: gl.constexpr, COLUMNS: gl.constexpr):
    """The expert of a tile of the result, the tile's first row and column, and where the expert's rows begin and end. Beyond the last tile:
    the first expert."""
    expert = gl.sum(gl.where(order == tile // (row_tiles * column_tiles), numbers, 0), 0)
    begin = gl.load(ends + expert - 1, mask=expert > 0, other=0)
    return expert, tile // column_tiles % row_tiles * ROWS, tile % column_tiles * COLUMNS, begin, gl.load(ends + expert)


@gluon.jit
def keep(place, count):
    """Empties a tile's rows from `count` on: they are another expert's."""
    LAYOUT: gl.constexpr = in_memory(place.shape[1], gl.num_warps())
    values = place.load(LAYOUT)
    r = gl.arange(0, place.shape[0], layout=by_row(LAYOUT))
    place.store(gl.where((r < count)[:, None], values, gl.zeros_like(values)))


@gluon.jit
def matrices(left, right, out, ends, experts, M, N, ROWS: gl.constexpr, COLUMNS: gl.constexpr, STEP: gl.constexpr,
             STAGES: gl.constexpr, EXPERTS: gl.constexpr, ADD: gl.constexpr):
    """Tiles of experts with many rows come first, in turns, so that all programs end at about the same time."""
    row_tiles = (M + ROWS - 1) // ROWS
    column_tiles = (N + COLUMNS - 1) // COLUMNS
    tiles = experts * row_tiles * column_tiles
    full_turns = tiles // gl.num_programs(0)
    turns = full_turns + (tile_of_turn(full_turns) < tiles).to(gl.int32)
    a_places, b_places, ready = places(left, STAGES), places(right, STAGES), barriers(STAGES)

    numbers = gl.arange(0, EXPERTS, layout=in_each_warp(EXPERTS, gl.num_warps()))
    order = order_of_experts(ends, numbers, experts)

    expert, m, n, begin, end = tile_of_matrices(tile_of_turn(0), order, numbers, ends, row_tiles, column_tiles, ROWS, COLUMNS)
    for s in gl.static_range(STAGES - 1):
        fetch(left, (begin + s * STEP, m), right, (begin + s * STEP, n), a_places.index(s), b_places.index(s), ready.index(s),
              turns > 0)
    stage = 0
    phase = 0
    for turn in range(turns):
        following = turn + 1 < turns
        next_expert, next_m, next_n, next_begin, next_end = tile_of_matrices(tile_of_turn(turn + 1), order, numbers, ends, row_tiles,
                                                                             column_tiles, ROWS, COLUMNS)
        steps = gl.maximum((end - begin + STEP - 1) // STEP, STAGES - 1)  # what was fetched ahead is always used
        sums = gl.full([ROWS, COLUMNS], 0.0, gl.float32, product(COLUMNS, gl.num_warps()))
        for t in range(steps):
            mbarrier.wait(ready.index(stage), phase)
            a = a_places.index(stage)
            b = b_places.index(stage)
            count = end - begin - t * STEP
            if count < STEP:
                keep(a, count)
                keep(b, count)
                fence_async_shared()
            sums = warpgroup_mma(a.permute([1, 0]), b, sums, use_acc=t > 0, is_async=True)
            sums = warpgroup_mma_wait(1, deps=[sums])
            ahead = t + STAGES - 1
            beyond = ahead >= steps
            r = gl.where(beyond, next_begin + (ahead - steps) * STEP, begin + ahead * STEP)
            free = gl.where(stage == 0, STAGES - 1, stage - 1)
            fetch(left, (r, gl.where(beyond, next_m, m)), right, (r, gl.where(beyond, next_n, n)), a_places.index(free),
                  b_places.index(free), ready.index(free), (ahead < steps) | following)
            stage, phase = next_place(stage, phase, STAGES)
        sums = warpgroup_mma_wait(0, deps=[sums])
        store(out + expert.to(gl.int64) * M * N, sums, m, M, n, N, ADD)
        expert, m, n, begin, end = next_expert, next_m, next_n, next_begin, next_end
    end_barriers(ready)
