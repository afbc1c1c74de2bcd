"""RMS normalisation of a residual stream's rows, with the sum that comes before it: the branch that is added, or the experts' rows of a
token. Arrays are read and written once; sums run in float32.

    norm_forward     one program for each row: total = x (+ branch (+ the rows)), y = norm(total)
    norm_backward    one program for `each` rows: the gradients of total and of its summands, a part of the weight's gradient, and y once
                     more, which then need not be kept for the gradients of the products that read it
    sum_parts        adds up the parts of a gradient

n = x r with r = 1 / sqrt(mean(x^2) + epsilon), y = n w; dL/dx = r (g - n mean(g n)) with g = w dL/dy, and dL/dw = sum over rows of
n dL/dy (arXiv 1910.07467, the derivative of eq. 4).

x, total and their gradients are float32; branch, rows, y and their gradients bfloat16; weight, root and parts float32.
Letters: T = tokens (rows), K = slots, size = a row's length.
"""

import triton
import triton.language as tl

from row import load_row, store_row

FEW_SLOTS = tl.constexpr(8)  # whose rows are read at the same time


@triton.jit
def sum_of_slots(rows, places, token, slots, columns, size, inside, MANY: tl.constexpr):
    """A token's rows added up, in the order of its slots; without MANY at most FEW_SLOTS of them."""
    total = tl.zeros(columns.shape, tl.float32)
    if MANY:
        for slot in range(0, slots):
            place = tl.load(places + tl.cast(token, tl.int64) * slots + slot)
            total += load_row(rows, place, size, columns, inside)
    else:
        for slot in tl.static_range(FEW_SLOTS):
            place = tl.load(places + tl.cast(token, tl.int64) * slots + slot, mask=slot < slots, other=0)
            total += load_row(rows, place, size, columns, inside & (slot < slots))
    return total


@triton.jit
def norm_forward(x, branch, rows, places, weight, total, y, root, size, slots, epsilon, BLOCK: tl.constexpr, SUM: tl.constexpr,
                 WRITE: tl.constexpr):
    """SUM: "nothing"; "branch"; "slots" or "many slots", which come beside the branch. WRITE: total is written."""
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    value = load_row(x, row, size, columns, inside)
    if SUM != "nothing":
        value += load_row(branch, row, size, columns, inside)
    if SUM == "slots" or SUM == "many slots":
        value += sum_of_slots(rows, places, row, slots, columns, size, inside, SUM == "many slots")
    if WRITE:
        store_row(total, row, size, columns, inside, value)
    r = tl.rsqrt(tl.sum(value * value) / size + epsilon)
    store_row(y, row, size, columns, inside, value * r * tl.load(weight + columns, mask=inside, other=0.0))
    tl.store(root + row, r)


@triton.jit
def norm_backward(x, branch, weight, root, y_grad, rows, places, total_grad, x_grad, branch_grad, y, parts, T, size, slots, each,
                  BLOCK: tl.constexpr, SLOTS: tl.constexpr, MANY: tl.constexpr, ADD: tl.constexpr, BRANCH: tl.constexpr, AGAIN: tl.constexpr,
                  STAGES: tl.constexpr):
    """x was normalised, or with SLOTS x + branch; then rows are further summands of y's gradient, perhaps MANY a token. ADD: total_grad is
    one of x's. x's gradient is written as float32 (it may be total_grad itself), and with BRANCH as bfloat16, too; with AGAIN
    y is, with norm_forward's bits. STAGES - 1 further rows' copies are under way. parts [programs, size]."""
    program = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    w = tl.load(weight + columns, mask=inside, other=0.0)
    w_grad = tl.zeros([BLOCK], tl.float32)
    for row in tl.range(program * each, tl.minimum(program * each + each, T), num_stages=STAGES):
        arriving = load_row(y_grad, row, size, columns, inside)
        if SLOTS:
            arriving += sum_of_slots(rows, places, row, slots, columns, size, inside, MANY)
        r = tl.load(root + row)
        n = load_row(x, row, size, columns, inside)
        if SLOTS:
            n += load_row(branch, row, size, columns, inside)
        n *= r
        if AGAIN:
            store_row(y, row, size, columns, inside, n * w)
        g = arriving * w
        grad = r * (g - n * (tl.sum(g * n) / size))
        if ADD:
            grad += load_row(total_grad, row, size, columns, inside)
        store_row(x_grad, row, size, columns, inside, grad)
        if BRANCH:
            store_row(branch_grad, row, size, columns, inside, grad)
        w_grad += arriving * n
    store_row(parts, program, size, columns, inside, w_grad)


@triton.jit
def sum_parts(parts, out, count, pitch, size, BLOCK: tl.constexpr, PARTS: tl.constexpr, ADD: tl.constexpr):
    """out = sum over `count` parts of `size` numbers, `pitch` apart, or with ADD out + that."""
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = columns < size
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, count, PARTS):
        part = start + tl.arange(0, PARTS)
        at = parts + part.to(tl.int64)[:, None] * pitch + columns[None, :]
        total += tl.sum(tl.load(at, mask=(part < count)[:, None] & inside[None, :], other=0.0), 0)
    if ADD:
        total += tl.load(out + columns, mask=inside, other=0.0)
    tl.store(out + columns, total, mask=inside)
