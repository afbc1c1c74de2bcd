"""The router of a mixture of experts and the order in which its experts' rows lie, forward and backward.

A token's logits x = h W^T go through a softmax over all experts; the K largest probabilities p are its weights, as they are or
divided by their sum (RENORMALIZE). Rows are the (token, slot) pairs sorted by expert, tokens in their order (a counting sort), as
`grouped_matmul` reads them.

    router_parts      one program for each tile of W: its three parts
    router_forward    one program for each tile of tokens: choices, weights, and the tile's share of the statistics
    router_order      one program: where each tile's rows of each expert begin; the statistics summed over tiles
    router_places     one program for each tile of tokens: each pair's row, and each row's weight
    router_backward   one program for each tile of tokens: the gradients of the logits

The products themselves are dense ones of bfloat16 numbers with float32 sums, and as exact as float32's: W (float32) is split into three
bfloat16 numbers, W = W1 + W2 + W3, whose products with h (bfloat16) are exact. Gradients x' of logits are split in two, x' = x1 + x2:

    logits    [T, 3 P] = h [W1; W2; W3]^T, whose three parts router_forward adds up
    h'        [x1 x2 x1] [W1; W1; W2], the columns and rows in that order: the largest terms
    W'        [x1 x2]^T h, two parts to be added up

The statistics are what the router's losses are made of: each expert's tokens and mean probability (balance, arXiv 2101.03961, equations 4
to 6), and the mean of logsumexp(x)^2 (z, arXiv 2202.08906, equation 5). The losses themselves are somebody else's: router_backward takes
their gradients with respect to the mean probabilities and the mean square.

Letters: T = tokens, D = a token's size, E = experts, P = E up to a multiple of 8 (the rest is zeros, so that every row begins where
products can read it), K = slots, S = T K rows. Nothing is added up by atomics.
"""

import triton
import triton.language as tl


@triton.jit
def softmax_of(logits, known):
    """The softmax over the experts of a tile [TOKENS, EXPERTS], and the logarithm of the sum of exponentials."""
    x = tl.where(known[None, :], logits, float("-inf"))
    largest = tl.max(x, 1)
    powers = tl.exp(x - largest[:, None])
    total = tl.sum(powers, 1)
    return powers / total[:, None], largest + tl.log(total)


@triton.jit
def logits_of(parts, tokens, experts, inside, known, P):
    """A tile of logits out of their three parts, the small ones added up first."""
    at = parts + tokens.to(tl.int64)[:, None] * (3 * P) + experts[None, :]
    mask = inside[:, None] & known[None, :]
    small = tl.load(at + P, mask=mask, other=0.0) + tl.load(at + 2 * P, mask=mask, other=0.0)
    return tl.load(at, mask=mask, other=0.0) + small


@triton.jit
def router_parts(weight, parts, gradient_parts, count, all, BLOCK: tl.constexpr):
    """weight [E, D], count = E D, all = P D. parts [3 P, D]: W1, W2, W3 one after the other; gradient_parts: W1, W1, W2."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < all
    w = tl.load(weight + at, mask=at < count, other=0.0)
    first = w.to(tl.bfloat16)
    rest = w - first.to(tl.float32)
    second = rest.to(tl.bfloat16)
    tl.store(parts + at, first, mask=inside)
    tl.store(parts + all + at, second, mask=inside)
    tl.store(parts + 2 * all + at, (rest - second.to(tl.float32)).to(tl.bfloat16), mask=inside)
    tl.store(gradient_parts + at, first, mask=inside)
    tl.store(gradient_parts + all + at, first, mask=inside)
    tl.store(gradient_parts + 2 * all + at, second, mask=inside)


@triton.jit
def router_forward(logits, chosen, weights, counts, probability_sums, square_sums, T, E, P, slots, TOKENS: tl.constexpr,
                   EXPERTS: tl.constexpr, RENORMALIZE: tl.constexpr):
    """logits [T, 3 P], the parts."""
    tile = tl.program_id(0)
    tokens = tile * TOKENS + tl.arange(0, TOKENS)
    experts = tl.arange(0, EXPERTS)
    inside, known = tokens < T, experts < E
    p, log_sum = softmax_of(logits_of(logits, tokens, experts, inside, known, P), known)

    left = tl.where(known[None, :], p, -1.0)
    taken = tl.zeros([TOKENS, EXPERTS], tl.int32)
    total = tl.zeros([TOKENS], tl.float32)
    for slot in range(0, slots):
        best = tl.max(left, 1)
        expert = tl.min(tl.where(left == best[:, None], experts[None, :], EXPERTS), 1)  # the first of equals
        here = experts[None, :] == expert[:, None]
        taken += here.to(tl.int32)
        left = tl.where(here, -2.0, left)
        total += best
        tl.store(chosen + tokens * slots + slot, expert, mask=inside)
        if not RENORMALIZE:
            tl.store(weights + tokens * slots + slot, best, mask=inside)
    if RENORMALIZE:
        left = tl.where(known[None, :], p, -1.0)
        for slot in range(0, slots):
            best = tl.max(left, 1)
            expert = tl.min(tl.where(left == best[:, None], experts[None, :], EXPERTS), 1)
            left = tl.where(experts[None, :] == expert[:, None], -2.0, left)
            tl.store(weights + tokens * slots + slot, best / total, mask=inside)
    line = tile * E + experts
    tl.store(counts + line, tl.sum(tl.where(inside[:, None], taken, 0), 0), mask=known)
    tl.store(probability_sums + line, tl.sum(tl.where(inside[:, None], p, 0.0), 0), mask=known)
    tl.store(square_sums + tile, tl.sum(tl.where(inside, log_sum * log_sum, 0.0), 0))


@triton.jit
def router_order(counts, probability_sums, square_sums, begins, ends, tile_ends, loads, mean_probabilities, mean_square, tiles, T, E, rows,
                 TILES: tl.constexpr, EXPERTS: tl.constexpr):
    """begins [tiles, E]: the first row of each tile's pairs of each expert. ends, tile_ends [E]: as grouped_matmul wants them for tiles
    of `rows` rows. loads [E], int32: how many tokens chose an expert; mean_probabilities [E] and mean_square []: means over tokens."""
    experts = tl.arange(0, EXPERTS)
    known = experts < E
    load = tl.zeros([EXPERTS], tl.int32)
    probability = tl.zeros([EXPERTS], tl.float32)
    square = 0.0
    for start in range(0, tiles, TILES):
        t = start + tl.arange(0, TILES)
        at = t[:, None] * E + experts[None, :]
        there = (t < tiles)[:, None] & known[None, :]
        load += tl.sum(tl.load(counts + at, mask=there, other=0), 0)
        probability += tl.sum(tl.load(probability_sums + at, mask=there, other=0.0), 0)
        square += tl.sum(tl.load(square_sums + t, mask=t < tiles, other=0.0), 0)
    end = tl.cumsum(load, 0)
    tl.store(ends + experts, end, mask=known)
    tl.store(tile_ends + experts, tl.cumsum((load + rows - 1) // rows, 0), mask=known)
    tl.store(loads + experts, load, mask=known)
    tl.store(mean_probabilities + experts, probability / T, mask=known)
    tl.store(mean_square, square / T)
    carried = end - load
    for start in range(0, tiles, TILES):
        t = start + tl.arange(0, TILES)
        at = t[:, None] * E + experts[None, :]
        there = (t < tiles)[:, None] & known[None, :]
        count = tl.load(counts + at, mask=there, other=0)
        tl.store(begins + at, carried[None, :] + tl.cumsum(count, 0) - count, mask=there)
        carried += tl.sum(count, 0)


@triton.jit
def router_places(chosen, weights, begins, places, row_weights, T, E, slots, TOKENS: tl.constexpr, EXPERTS: tl.constexpr):
    """places [T, K]: each pair's row. row_weights [S]: each row's weight."""
    tile = tl.program_id(0)
    tokens = tile * TOKENS + tl.arange(0, TOKENS)
    experts = tl.arange(0, EXPERTS)
    inside, known = tokens < T, experts < E
    taken = tl.zeros([TOKENS, EXPERTS], tl.int32)
    for slot in range(0, slots):
        expert = tl.load(chosen + tokens * slots + slot, mask=inside, other=EXPERTS)
        taken += (experts[None, :] == expert[:, None]).to(tl.int32)  # a token takes an expert once
    rank = tl.cumsum(taken, 0) - taken
    place = rank + tl.load(begins + tile * E + experts, mask=known, other=0)[None, :]
    for slot in range(0, slots):
        expert = tl.load(chosen + tokens * slots + slot, mask=inside, other=EXPERTS)
        row = tl.sum(tl.where(experts[None, :] == expert[:, None], place, 0), 1)
        tl.store(places + tokens * slots + slot, row, mask=inside)
        tl.store(row_weights + row, tl.load(weights + tokens * slots + slot, mask=inside, other=0.0), mask=inside)


@triton.jit
def router_backward(logits, chosen, weights, places, row_weight_grads, probability_grads, square_grad, logit_grads, T, E, P, slots,
                    TOKENS: tl.constexpr, EXPERTS: tl.constexpr, RENORMALIZE: tl.constexpr):
    """probability_grads [E], square_grad []: the gradients of mean_probabilities and mean_square. logit_grads [T, 3 P], bfloat16: x1 x2 x1."""
    tile = tl.program_id(0)
    tokens = tile * TOKENS + tl.arange(0, TOKENS)
    experts = tl.arange(0, EXPERTS)
    inside, known = tokens < T, experts < E
    p, log_sum = softmax_of(logits_of(logits, tokens, experts, inside, known, P), known)

    mean = tl.zeros([TOKENS], tl.float32)
    total = tl.zeros([TOKENS], tl.float32)
    if RENORMALIZE:  # w = p / sum p: dp = (dw - sum dw w) / sum p
        for slot in range(0, slots):
            pair = tokens * slots + slot
            row = tl.load(places + pair, mask=inside, other=0)
            mean += tl.load(row_weight_grads + row, mask=inside, other=0.0) * tl.load(weights + pair, mask=inside, other=0.0)
            expert = tl.load(chosen + pair, mask=inside, other=0)
            total += tl.sum(tl.where(experts[None, :] == expert[:, None], p, 0.0), 1)
    p_grad = tl.zeros([TOKENS, EXPERTS], tl.float32) + (tl.load(probability_grads + experts, mask=known, other=0.0) / T)[None, :]
    square = 2 * tl.load(square_grad) / T
    for slot in range(0, slots):
        pair = tokens * slots + slot
        row = tl.load(places + pair, mask=inside, other=0)
        grad = tl.load(row_weight_grads + row, mask=inside, other=0.0)
        if RENORMALIZE:
            grad = (grad - mean) / total
        expert = tl.load(chosen + pair, mask=inside, other=0)
        p_grad += tl.where(experts[None, :] == expert[:, None], grad[:, None], 0.0)
    x_grad = p * (p_grad - tl.sum(p_grad * p, 1)[:, None] + square * log_sum[:, None])
    x_grad = tl.where(known[None, :], x_grad, 0.0)
    first = x_grad.to(tl.bfloat16)
    at = logit_grads + tokens.to(tl.int64)[:, None] * (3 * P) + experts[None, :]
    mask = inside[:, None] & (experts < P)[None, :]
    tl.store(at, first, mask=mask)
    tl.store(at + P, (x_grad - first.to(tl.float32)).to(tl.bfloat16), mask=mask)
    tl.store(at + 2 * P, first, mask=mask)
