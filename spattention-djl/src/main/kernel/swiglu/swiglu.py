"""The gated activation of experts (SwiGLU, arXiv 2002.05202), with the weight that a row's expert has for its token:
inner = silu(gate) up weight, silu(g) = g sigmoid(g).

    swiglu_forward     one program for each row
    swiglu_backward    one program for each row: the gradients of gate, up and weight; inner is computed again, for the gradient of the
                       product that follows

d silu(g) = sigmoid(g) (1 + g (1 - sigmoid(g))). Arrays are read and written once; sums run in float32.

both [S, 2 size] (gate before up), inner and their gradients are bfloat16; row_weight and its gradient [S] float32.
Letters: S = rows, size = an expert's width.
"""

import triton
import triton.language as tl

from row import load_row, store_row


@triton.jit
def swiglu_forward(both, row_weight, inner, size, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    gate = load_row(both, row, 2 * size, columns, inside)
    up = load_row(both, row, 2 * size, columns + size, inside)
    store_row(inner, row, size, columns, inside, gate * tl.sigmoid(gate) * up * tl.load(row_weight + row))


@triton.jit
def swiglu_backward(both, row_weight, inner_grad, inner, both_grad, row_weight_grad, size, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    gate = load_row(both, row, 2 * size, columns, inside)
    up = load_row(both, row, 2 * size, columns + size, inside)
    arriving = load_row(inner_grad, row, size, columns, inside)
    weight = tl.load(row_weight + row)
    sigmoid = tl.sigmoid(gate)
    silu = gate * sigmoid
    tl.store(row_weight_grad + row, tl.sum(arriving * silu * up))
    store_row(inner, row, size, columns, inside, silu * up * weight)
    arriving *= weight
    store_row(both_grad, row, 2 * size, columns, inside, arriving * up * sigmoid * (1 + gate * (1 - sigmoid)))
    store_row(both_grad, row, 2 * size, columns + size, inside, arriving * silu)
