"""The router of a mixture of experts and the order in which its experts' rows lie, forward and backward.

A token's logits x = h W^T go through a softmax over all experts; the K largest probabilities p are its weights, as they are or
divided by their sum (RENORMALIZE). Rows are the (token, slot) pairs sorted by expert, tokens in their order (a counting sort), as
`grouped_matmul` reads them.

    router_forward    one program for each tile of tokens: logits, choices, weights, and the tile's share of the statistics
    router_order      one program: where each tile's rows of each expert begin; the statistics summed over tiles
    router_places     one program for each tile of tokens: each pair's row, and each row's token and weight
    router_backward   one program for each tile of tokens: the gradients of the logits and of h
    router_weights    one program for columns of W and a share of the tokens: that share's part of the gradient of W

Logits are as exact as float32 products: h is bfloat16, and W (float32) is split into three parts of bfloat16, whose products with h
are exact in float32.

The statistics are what the router's losses are made of: each expert's tokens and mean probability (balance, arXiv 2101.03961, equations 4
to 6), and the mean of logsumexp(x)^2 (z, arXiv 2202.08906, equation 5). The losses themselves are somebody else's: router_backward takes
their gradients with respect to the mean probabilities and the mean square.

Letters: T = tokens, D = a token's size, E = experts, K = slots, S = T K rows. Nothing is added up by atomics.
"""

import triton
import triton.language as tl


@triton.jit
def exact_product(h, w):
    """h w^T with h bfloat16 and w float32, summed in float32."""
    first = w.to(tl.bfloat16)
    rest = w - first.to(tl.float32)
    second = rest.to(tl.bfloat16)
    third = (rest - second.to(tl.float32)).to(tl.bfloat16)
    return tl.dot(h, first.T) + (tl.dot(h, second.T) + tl.dot(h, third.T))


@triton.jit
def softmax_of(logits, known):
    """The softmax over the experts of a tile [TOKENS, EXPERTS], and the logarithm of the sum of exponentials."""
    x = tl.where(known[None, :], logits, float("-inf"))
    largest = tl.max(x, 1)
    powers = tl.exp(x - largest[:, None])
    total = tl.sum(powers, 1)
    return powers / total[:, None], largest + tl.log(total)


@triton.jit
def router_forward(hidden, weight, logits, chosen, weights, counts, probability_sums, square_sums, T, D, E, slots,
                   TOKENS: tl.constexpr, EXPERTS: tl.constexpr, STEP: tl.constexpr, RENORMALIZE: tl.constexpr):
    tile = tl.program_id(0)
    tokens = tile * TOKENS + tl.arange(0, TOKENS)
    experts = tl.arange(0, EXPERTS)
    inside, known = tokens < T, experts < E
    h_at = hidden + tokens.to(tl.int64)[:, None] * D + tl.arange(0, STEP)[None, :]
    w_at = weight + experts[:, None] * D + tl.arange(0, STEP)[None, :]
    x = tl.zeros([TOKENS, EXPERTS], tl.float32)
    for start in range(0, D, STEP):
        columns = (start + tl.arange(0, STEP) < D)[None, :]
        h = tl.load(h_at + start, mask=inside[:, None] & columns, other=0.0)
        w = tl.load(w_at + start, mask=known[:, None] & columns, other=0.0)
        x += exact_product(h, w)
    tl.store(logits + tokens.to(tl.int64)[:, None] * E + experts[None, :], x, mask=inside[:, None] & known[None, :])
    p, log_sum = softmax_of(x, known)

    left = tl.where(known[None, :], p, -1.0)
    taken = tl.zeros([TOKENS, EXPERTS], tl.int32)
    total = tl.zeros([TOKENS], tl.float32)
    for slot in range(0, slots):
        best = tl.max(left, 1)
        expert = tl.argmax(left, 1)  # the first of equals
        here = experts[None, :] == expert[:, None]
        taken += here.to(tl.int32)
        left = tl.where(here, -2.0, left)
        total += best
        tl.store(chosen + tokens * slots + slot, expert, mask=inside)
        tl.store(weights + tokens * slots + slot, best, mask=inside)
    if RENORMALIZE:
        for slot in range(0, slots):
            best = tl.load(weights + tokens * slots + slot, mask=inside, other=0.0)
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
def router_places(chosen, weights, begins, places, row_tokens, row_weights, T, E, slots, TOKENS: tl.constexpr, EXPERTS: tl.constexpr):
    """places [T, K]: each pair's row. row_tokens, row_weights [S]: each row's token and weight."""
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
        tl.store(row_tokens + row, tokens, mask=inside)
        tl.store(row_weights + row, tl.load(weights + tokens * slots + slot, mask=inside, other=0.0), mask=inside)


@triton.jit
def router_backward(weight, logits, chosen, weights, places, row_weight_grads, probability_grads, square_grad, logit_grads, hidden_grad,
                    T, D, E, slots, TOKENS: tl.constexpr, EXPERTS: tl.constexpr, STEP: tl.constexpr, RENORMALIZE: tl.constexpr):
    """probability_grads [E], square_grad []: the gradients of mean_probabilities and mean_square."""
    tile = tl.program_id(0)
    tokens = tile * TOKENS + tl.arange(0, TOKENS)
    experts = tl.arange(0, EXPERTS)
    inside, known = tokens < T, experts < E
    at = tokens.to(tl.int64)[:, None] * E + experts[None, :]
    p, log_sum = softmax_of(tl.load(logits + at, mask=inside[:, None] & known[None, :], other=0.0), known)

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
    x_grad = tl.where(inside[:, None] & known[None, :], x_grad, 0.0)
    tl.store(logit_grads + at, x_grad, mask=inside[:, None] & known[None, :])

    for start in range(0, D, STEP):
        columns = start + tl.arange(0, STEP)
        w = tl.load(weight + experts[:, None] * D + columns[None, :], mask=known[:, None] & (columns < D)[None, :], other=0.0)
        grad = tl.dot(x_grad, w, input_precision="tf32x3")
        tl.store(hidden_grad + tokens.to(tl.int64)[:, None] * D + columns[None, :], grad.to(hidden_grad.dtype.element_ty),
                 mask=inside[:, None] & (columns < D)[None, :])


@triton.jit
def router_weights(logit_grads, hidden, parts, T, D, E, each, TOKENS: tl.constexpr, EXPERTS: tl.constexpr, STEP: tl.constexpr):
    """parts[share] = sum of x_grad^T h over the share's `each` tokens: [shares, E, D]."""
    share = tl.program_id(1)
    columns = tl.program_id(0) * STEP + tl.arange(0, STEP)
    experts = tl.arange(0, EXPERTS)
    known = experts < E
    sums = tl.zeros([EXPERTS, STEP], tl.float32)
    for start in range(share * each, tl.minimum(share * each + each, T), TOKENS):
        tokens = start + tl.arange(0, TOKENS)
        inside = tokens < tl.minimum(share * each + each, T)
        grad = tl.load(logit_grads + tokens.to(tl.int64)[:, None] * E + experts[None, :], mask=inside[:, None] & known[None, :], other=0.0)
        h = tl.load(hidden + tokens.to(tl.int64)[:, None] * D + columns[None, :], mask=inside[:, None] & (columns < D)[None, :], other=0.0)
        high = grad.to(tl.bfloat16)
        low = (grad - high.to(tl.float32)).to(tl.bfloat16)
        sums += tl.dot(high.T, h) + tl.dot(low.T, h)
    tl.store(parts + (share * E + experts).to(tl.int64)[:, None] * D + columns[None, :], sums, mask=known[:, None] & (columns < D)[None, :])
