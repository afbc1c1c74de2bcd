"""Which tiles a program walks, and which of their pairs are seen: shared by the kernels of `banded_attention.py` (Triton) and
`banded_attention_hopper.py` (Gluon). Letters and the table of heads as in `banded_attention.py`."""

import triton
import triton.language as tl

# Below any score, and finite: exp2(x - LOWEST) of a masked x = -inf is 0 and never NaN.
LOWEST = tl.constexpr(-1.0e30)


@triton.jit
def count_tiles(first, last, TILE: tl.constexpr):
    """How many tiles of TILE positions cover first..last, both included; 0 if last < first."""
    return tl.maximum(last - first + TILE, 0) // TILE


@triton.jit
def head_bands(heads, head, GENERAL: tl.constexpr):
    """The two distance ranges of a head, its prefix, its period and the first multiple that counts."""
    row = heads + head * 8
    if GENERAL:
        return tl.load(row), tl.load(row + 1), tl.load(row + 2), tl.load(row + 3), tl.load(row + 4), tl.load(row + 5), tl.load(row + 6)
    else:
        return tl.load(row), tl.load(row + 1), tl.load(row + 2), tl.load(row + 3), 0, 1, 0


@triton.jit
def key_walk(bands, position, last, oldest, TILE: tl.constexpr, GENERAL: tl.constexpr):
    """The walk of the query tile that holds the positions position..last over keys from `oldest` on: the number of its key tiles,
    and what `key_tile` needs to find them. Range b comes first (old keys), then a, the prefix, and one tile for each multiple
    of the period."""
    near_a, far_a, near_b, far_b, prefix, period, first = bands
    low_a = tl.maximum(position - far_a, oldest)
    low_b = tl.maximum(position - far_b, oldest)
    tiles_a = count_tiles(low_a, last - near_a, TILE)
    tiles_b = count_tiles(low_b, last - near_b, TILE)
    tiles = tiles_a + tiles_b
    tiles_prefix = 0
    if GENERAL:
        tiles_prefix = count_tiles(oldest, tl.minimum(prefix - 1, last), TILE)
        tiles += tiles_prefix + tl.maximum((last - oldest) // period - first + 1, 0)
    return tiles, (low_b, low_a, oldest, tiles_b, tiles_a, tiles_prefix, position)


@triton.jit
def key_tile(t, walk, bands, TILE: tl.constexpr, GENERAL: tl.constexpr):
    """The t-th key tile of a walk: its first key, its range of distances, and whether it belongs to a range at all, to the
    prefix."""
    low_b, low_a, low_prefix, tiles_b, tiles_a, tiles_prefix, position = walk
    near_a, far_a, near_b, far_b, prefix, period, first = bands
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
        start = tl.where(in_range, start, tl.where(in_prefix, low_prefix + past * TILE, position - distance))
        near = tl.where(in_range, near, tl.where(in_prefix, 0, distance))
        far = tl.where(in_range, far, tl.where(in_prefix, 1 << 30, distance))
    return start, near, far, in_range, in_prefix


@triton.jit
def query_walk(bands, start, last, newest, offset, UNIT: tl.constexpr, TILE: tl.constexpr, GENERAL: tl.constexpr):
    """The walk of the key tile that holds the keys start..last over queries up to the position `newest`, as `key_walk`; range a
    comes first (near queries). First rows, but for the period's, are multiples of UNIT, itself a multiple of 4: tiles of L and delta
    lie on whole groups of 16 bytes."""
    near_a, far_a, near_b, far_b, prefix, period, first = bands
    low_a = tl.maximum(start + near_a - offset, 0) // UNIT * UNIT
    low_b = tl.maximum(start + near_b - offset, 0) // UNIT * UNIT
    low_prefix = tl.maximum(start - offset, 0) // UNIT * UNIT
    tiles_a = count_tiles(low_a, tl.minimum(last + far_a, newest) - offset, TILE)
    tiles_b = count_tiles(low_b, tl.minimum(last + far_b, newest) - offset, TILE)
    tiles = tiles_a + tiles_b
    tiles_prefix = 0
    if GENERAL:
        tiles_prefix = tl.where(start < prefix, count_tiles(low_prefix, newest - offset, TILE), 0)
        tiles += tiles_prefix + tl.maximum((newest - start) // period - first + 1, 0)
    return tiles, (low_a, low_b, low_prefix, tiles_a, tiles_b, tiles_prefix, start - offset)


@triton.jit
def query_tile(t, walk, bands, TILE: tl.constexpr, GENERAL: tl.constexpr):
    """The t-th query tile of a walk, by its first row; else as `key_tile`."""
    low_a, low_b, low_prefix, tiles_a, tiles_b, tiles_prefix, key_row = walk
    near_a, far_a, near_b, far_b, prefix, period, first = bands
    in_a = t < tiles_a
    row = tl.where(in_a, low_a + t * TILE, low_b + (t - tiles_a) * TILE)
    near = tl.where(in_a, near_a, near_b)
    far = tl.where(in_a, far_a, far_b)
    in_range = True
    in_prefix = False
    if GENERAL:
        past = t - tiles_b - tiles_a
        in_range = past < 0
        in_prefix = (past >= 0) & (past < tiles_prefix)
        distance = (first + past - tiles_prefix) * period
        row = tl.where(in_range, row, tl.where(in_prefix, low_prefix + past * TILE, key_row + distance))
        near = tl.where(in_range, near, tl.where(in_prefix, 0, distance))
        far = tl.where(in_range, far, tl.where(in_prefix, 1 << 30, distance))
    return row, near, far, in_range, in_prefix


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
def seen(query, key, near, far, in_range, in_prefix, bands, GENERAL: tl.constexpr):
    """Which pairs of a tile are seen; query and key are positions that broadcast against each other. A pair that several rules
    allow belongs to the ranges before the prefix, and to the prefix before the period."""
    distance = query - key
    allowed = (distance >= near) & (distance <= far)
    if GENERAL:
        near_a, far_a, near_b, far_b, prefix, period, first = bands
        elsewhere = ((distance >= near_a) & (distance <= far_a)) | ((distance >= near_b) & (distance <= far_b))
        elsewhere = elsewhere | ((key < prefix) != in_prefix)
        allowed = allowed & (in_range | (elsewhere == 0))
    return allowed


@triton.jit
def document_of(documents, batch, position, M):
    """The documents of positions, -1 where there is no position."""
    return tl.load(documents + batch.to(tl.int64) * M + position, mask=(position >= 0) & (position < M), other=-1)


@triton.jit
def load_span(spans, batch, line: tl.constexpr, position, M):
    """One number of `spans`: where a run begins (line 0) and ends (1), and the bounds of a document (2, 3)."""
    return tl.load(spans + (batch * 4 + line).to(tl.int64) * M + position)


@triton.jit
def pad4(n):
    """The length of a line of L and delta: whole groups of 16 bytes."""
    return (n + 3) // 4 * 4
