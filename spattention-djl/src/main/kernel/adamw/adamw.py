"""AdamW (arXiv 1711.05101) over flat arrays, with the gradients' norm, clipping and the skipping of bad steps, all on the device.

A weight is a float32 number in two halves of 16 bits, so that matrix products read it without a cast: `high` is the number rounded to
bfloat16 and `low` what its bits lack: bits = (high << 16) + low, low signed. Both together are exact. Weights that no product reads as
bfloat16 (norms, routers) are plain float32.

    add_gradients   one program for each block: adds gradients to sums
    square_parts    one program for each `each` gradients: the sum of their squares
    begin_update    one program: norm, clipping factor, the step's constants, and whether the step is skipped
    adamw_split     one program for each block of weights in two halves
    adamw_plain     one program for each block of float32 weights

Update t: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, w = w - rate (decay w + m^ / (sqrt(v^) + epsilon)) with
m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t). Moments are float32 or bfloat16.

`state` [8], float32: 0 the gradients' factor, 1 their norm, 2 whether the step is skipped, 3 the learning rate, 4 and 5 the moments'
corrections 1 / (1 - beta^t). `updates` [1], int64: t.
"""

import triton
import triton.language as tl


@triton.jit
def add_gradients(grads, sums, count, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    tl.store(sums + at, tl.load(sums + at, mask=inside, other=0.0) + tl.load(grads + at, mask=inside, other=0.0), mask=inside)


@triton.jit
def square_parts(grads, parts, count, each, BLOCK: tl.constexpr):
    program = tl.program_id(0)
    first = program.to(tl.int64) * each
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, each, BLOCK):
        at = first + start + tl.arange(0, BLOCK)
        g = tl.load(grads + at, mask=at < count, other=0.0)
        total += g * g
    tl.store(parts + program, tl.sum(total, 0).to(tl.float64))


@triton.jit
def begin_update(parts, loss, rates, updates, state, programs, divisor, max_norm, log2_beta1, log2_beta2, BLOCK: tl.constexpr):
    """parts [programs], float64. loss []: a step whose loss is no finite number is skipped, too. rates [t]: the learning rate of update t.
    max_norm 0: no clipping."""
    total = tl.zeros([BLOCK], tl.float64)
    for start in range(0, programs, BLOCK):
        at = start + tl.arange(0, BLOCK)
        total += tl.load(parts + at, mask=at < programs, other=0.0)
    norm = tl.sqrt(tl.sum(total, 0)).to(tl.float32) / divisor
    finite = (tl.abs(norm) < float("inf")) & (tl.abs(tl.load(loss)) < float("inf"))  # neither holds for what is no number
    t = tl.load(updates) + finite.to(tl.int64)
    factor = 1.0 / divisor
    factor = tl.where((max_norm > 0) & (norm > max_norm), factor * max_norm / norm, factor)
    tl.store(state + 0, tl.where(finite, factor, 0.0))
    tl.store(state + 1, norm)
    tl.store(state + 2, tl.where(finite, 0.0, 1.0))
    tl.store(state + 3, tl.load(rates + t))
    tl.store(state + 4, 1.0 / (1.0 - tl.exp2(t.to(tl.float32) * log2_beta1)))
    tl.store(state + 5, 1.0 / (1.0 - tl.exp2(t.to(tl.float32) * log2_beta2)))
    tl.store(updates, t)


@triton.jit
def updated(w, grads, means, variances, state, at, inside, beta1, beta2, epsilon, decay):
    g = tl.load(grads + at, mask=inside, other=0.0) * tl.load(state + 0)
    m = beta1 * tl.load(means + at, mask=inside, other=0.0).to(tl.float32) + (1.0 - beta1) * g
    v = beta2 * tl.load(variances + at, mask=inside, other=0.0).to(tl.float32) + (1.0 - beta2) * g * g
    tl.store(means + at, m.to(means.dtype.element_ty), mask=inside)
    tl.store(variances + at, v.to(variances.dtype.element_ty), mask=inside)
    step = m * tl.load(state + 4) / (tl.sqrt(v * tl.load(state + 5)) + epsilon)
    return w - tl.load(state + 3) * (decay * w + step)


@triton.jit
def adamw_split(high, low, grads, means, variances, state, count, beta1, beta2, epsilon, decay, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    if tl.load(state + 2) == 0.0:
        bits = (tl.load(high + at, mask=inside, other=0).to(tl.int32) << 16) + tl.load(low + at, mask=inside, other=0).to(tl.int32)
        w = updated(bits.to(tl.float32, bitcast=True), grads, means, variances, state, at, inside, beta1, beta2, epsilon, decay)
        bits = w.to(tl.int32, bitcast=True)
        upper = (bits + 0x8000) >> 16
        tl.store(high + at, upper.to(tl.int16), mask=inside)
        tl.store(low + at, (bits - (upper << 16)).to(tl.int16), mask=inside)


@triton.jit
def adamw_plain(weights, grads, means, variances, state, count, beta1, beta2, epsilon, decay, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    if tl.load(state + 2) == 0.0:
        w = tl.load(weights + at, mask=inside, other=0.0)
        tl.store(weights + at, updated(w, grads, means, variances, state, at, inside, beta1, beta2, epsilon, decay), mask=inside)
