"""Rows of an embedding, and the sum of the gradients of each token's rows, in a fixed order and without atomics.

    embedding_forward     one program for each position: x = the token's row, high and low parts together (`adamw.py`)
    embedding_links       one program for each tile of positions: the next position with the same token
    embedding_firsts      one program for each tile of positions: where a token does not stand first
    embedding_backward    one program for each position and tile of columns: where a token stands first, the sum over all its positions

Letters: T = positions, V = tokens of the vocabulary, size = a row's length.
"""

import triton
import triton.language as tl


@triton.jit
def embedding_forward(tokens, high, low, x, V, size, BLOCK: tl.constexpr):
    """A token outside [0, V) gives rows that are no numbers. high and low [V, size], x [T, size] float32, tokens [T] int64."""
    position = tl.program_id(0)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    token = tl.load(tokens + position)
    known = (token >= 0) & (token < V)
    inside = (columns < size) & known
    at = tl.where(known, token, 0) * size + columns
    upper = tl.load(high + at, mask=inside, other=0).to(tl.int32)
    bits = (upper << 16) + tl.load(low + at, mask=inside, other=0).to(tl.int32)
    values = tl.where(known, bits.to(tl.float32, bitcast=True), float("nan"))
    tl.store(x + tl.cast(position, tl.int64) * size + columns, values, mask=columns < size)


@triton.jit
def embedding_links(tokens, links, T, TILE: tl.constexpr):
    """links [2, T], int32: the next position with the same token, T if there is none; then 1s."""
    first = tl.program_id(0) * TILE
    mine = first + tl.arange(0, TILE)
    own = tl.load(tokens + mine, mask=mine < T, other=-1).to(tl.int32)
    following = tl.full([TILE], 0x7fffffff, tl.int32)
    for start in range(first, T, TILE):
        others = start + tl.arange(0, TILE)
        token = tl.load(tokens + others, mask=others < T, other=-2).to(tl.int32)
        after = (own[:, None] == token[None, :]) & (others[None, :] > mine[:, None])
        following = tl.minimum(following, tl.min(tl.where(after, others[None, :], 0x7fffffff), 1))
    tl.store(links + mine, tl.minimum(following, T), mask=mine < T)
    tl.store(links + T + mine, tl.full([TILE], 1, tl.int32), mask=mine < T)


@triton.jit
def embedding_firsts(links, T, TILE: tl.constexpr):
    """The second line of links becomes 0 where the token stands at an earlier position, too."""
    mine = tl.program_id(0) * TILE + tl.arange(0, TILE)
    following = tl.load(links + mine, mask=mine < T, other=T)
    tl.store(links + T + following, tl.full([TILE], 0, tl.int32), mask=following < T)


@triton.jit
def embedding_backward(tokens, links, x_grad, out, V, T, size, left_out, BLOCK: tl.constexpr):
    """Adds to out [V, size], float32; the row of the token `left_out` learns nothing.

    A pass's rows are summed by themselves before they are added, so that passes of one GPU add up to what ranks' sums add up to.
    """
    position = tl.program_id(0)
    token = tl.load(tokens + position)
    first = tl.load(links + T + position)
    if (first == 1) & (token != left_out) & (token >= 0) & (token < V):
        columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
        inside = columns < size
        at = out + token * size + columns
        total = tl.zeros([BLOCK], tl.float32)
        while position < T:
            total += tl.load(x_grad + tl.cast(position, tl.int64) * size + columns, mask=inside, other=0.0)
            position = tl.load(links + position)
        tl.store(at, tl.load(at, mask=inside, other=0.0) + total, mask=inside)
