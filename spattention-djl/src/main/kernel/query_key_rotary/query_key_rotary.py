"""Normalisation and rotation of queries or keys as OLMoE has them: y = rotate(norm(x)), the norm over all heads of a row together
(`rms_norm.py` has its formulas), then the pairs (i, i + HALF) of each head turned by the row's position (arXiv 2104.09864, pairs as
Hugging Face lays them).

    rotary_forward     one program for each row
    rotary_backward    one program for `each` rows: the gradient of x, and a part of the weight's gradient

x and x_grad are columns of a wider array (the product for queries, keys and values together): x_pitch and x_grad_pitch are the distances of
their rows. y and y_grad [T, size] have no gaps. All these are bfloat16; weight, cos, sin, root and parts float32.
"""

import triton
import triton.language as tl

from row import load_row, store_row


@triton.jit
def pairs(BLOCK: tl.constexpr, HALF: tl.constexpr, size):
    """The columns of the pairs of all heads in a row of heads of 2 HALF, and the pairs' places in a head."""
    pair = tl.arange(0, BLOCK)
    place = pair % HALF
    low = pair // HALF * (2 * HALF) + place
    return low, low + HALF, place, pair < size // 2


@triton.jit
def rotary_forward(x, x_pitch, weight, cos, sin, y, root, size, length, first, epsilon, BLOCK: tl.constexpr, HALF: tl.constexpr):
    """A row's position is first + row mod length; cos and sin [positions, HALF]."""
    row = tl.program_id(0)
    low, high, place, inside = pairs(BLOCK, HALF, size)
    a = load_row(x, row, x_pitch, low, inside)
    b = load_row(x, row, x_pitch, high, inside)
    r = tl.rsqrt((tl.sum(a * a) + tl.sum(b * b)) / size + epsilon)
    a *= r * tl.load(weight + low, mask=inside, other=0.0)
    b *= r * tl.load(weight + high, mask=inside, other=0.0)
    angle = (first + row % length) * HALF + place
    c = tl.load(cos + angle)
    s = tl.load(sin + angle)
    store_row(y, row, size, low, inside, a * c - b * s)
    store_row(y, row, size, high, inside, b * c + a * s)
    tl.store(root + row, r)


@triton.jit
def rotary_backward(x, x_pitch, weight, cos, sin, root, y_grad, x_grad, x_grad_pitch, parts, T, size, length, first, each,
                    BLOCK: tl.constexpr, HALF: tl.constexpr):
    program = tl.program_id(0)
    low, high, place, inside = pairs(BLOCK, HALF, size)
    w_low = tl.load(weight + low, mask=inside, other=0.0)
    w_high = tl.load(weight + high, mask=inside, other=0.0)
    w_low_grad = tl.zeros([BLOCK], tl.float32)
    w_high_grad = tl.zeros([BLOCK], tl.float32)
    for row in tl.range(program * each, tl.minimum(program * each + each, T), num_stages=2):
        angle = (first + row % length) * HALF + place
        c = tl.load(cos + angle)
        s = tl.load(sin + angle)
        turned_low = load_row(y_grad, row, size, low, inside)
        turned_high = load_row(y_grad, row, size, high, inside)
        # a rotation's derivative is the rotation back
        arriving_low = turned_low * c + turned_high * s
        arriving_high = turned_high * c - turned_low * s
        r = tl.load(root + row)
        n_low = load_row(x, row, x_pitch, low, inside) * r
        n_high = load_row(x, row, x_pitch, high, inside) * r
        g_low = arriving_low * w_low
        g_high = arriving_high * w_high
        mean = (tl.sum(g_low * n_low) + tl.sum(g_high * n_high)) / size
        store_row(x_grad, row, x_grad_pitch, low, inside, r * (g_low - n_low * mean))
        store_row(x_grad, row, x_grad_pitch, high, inside, r * (g_high - n_high * mean))
        w_low_grad += arriving_low * n_low
        w_high_grad += arriving_high * n_high
    store_row(parts, program, size, low, inside, w_low_grad)
    store_row(parts, program, size, high, inside, w_high_grad)
