"""What a training step does to each token's row besides matrix products, one launch each: RMS normalisation with the residual
sum before it, normalisation with rotation of queries and keys, the experts' gated activation, and the loss of its logits.

libtorch takes 5 to 15 launches for each of these, and every launch reads and writes the whole array; here an array is read and
written once. Sums run in float32. A program takes one row (backward: a few rows, so that a weight's gradient is summed in
registers and written once a program).

Letters: rows = tokens, size = a row's length, n = x r with r = 1 / sqrt(mean(x^2) + epsilon), y = n w.
dL/dx = r (g - n mean(g n)) with g = w dL/dy, and dL/dw = sum over rows of n dL/dy (arXiv 1910.07467, the derivative of eq. 4).
"""

import triton
import triton.language as tl


@triton.jit
def _row(pointer, row, columns, size, inside):
    return tl.load(pointer + row.to(tl.int64) * size + columns, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def _write(pointer, row, columns, size, inside, values):
    tl.store(pointer + row.to(tl.int64) * size + columns, values.to(pointer.dtype.element_ty), mask=inside)


@triton.jit
def norm_forward(x, branch, weight, total, y, root, size, epsilon, BLOCK: tl.constexpr, ADD: tl.constexpr):
    """y = norm(x), or with ADD total = x + branch and y = norm(total). x and total float32, branch and y bfloat16."""
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    value = _row(x, row, columns, size, inside)
    if ADD:
        value += _row(branch, row, columns, size, inside)
        _write(total, row, columns, size, inside, value)
    r = tl.rsqrt(tl.sum(value * value) / size + epsilon)
    w = tl.load(weight + columns, mask=inside, other=0.0)
    _write(y, row, columns, size, inside, value * r * w)
    tl.store(root + row, r)


@triton.jit
def norm_backward(x, weight, root, y_grad, total_grad, x_grad, branch_grad, weight_grad, rows, size, each,
                  BLOCK: tl.constexpr, ADD: tl.constexpr):
    """x is what was normalised. With ADD its own gradient total_grad is added, and the sum goes to both summands."""
    program = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    w = tl.load(weight + columns, mask=inside, other=0.0)
    w_grad = tl.zeros([BLOCK], tl.float32)
    for row in range(program * each, tl.minimum(program * each + each, rows)):
        r = tl.load(root + row)
        n = _row(x, row, columns, size, inside) * r
        arriving = _row(y_grad, row, columns, size, inside)
        g = arriving * w
        grad = r * (g - n * (tl.sum(g * n) / size))
        if ADD:
            grad += _row(total_grad, row, columns, size, inside)
            _write(branch_grad, row, columns, size, inside, grad)
        _write(x_grad, row, columns, size, inside, grad)
        w_grad += arriving * n
    _write(weight_grad, program, columns, size, inside, w_grad)


@triton.jit
def _pairs(BLOCK: tl.constexpr, HALF: tl.constexpr, size):
    """The columns of the pairs (i, i + HALF) of all heads in a row of heads of 2 HALF, and the pairs' places in a head."""
    pair = tl.arange(0, BLOCK)
    place = pair % HALF
    low = pair // HALF * (2 * HALF) + place
    return low, low + HALF, place, pair < size // 2


@triton.jit
def rotate_forward(x, weight, cos, sin, y, root, size, length, first, epsilon, BLOCK: tl.constexpr, HALF: tl.constexpr):
    """y = rotate(norm(x)): the norm over all heads' row, the rotation of the pairs of each head by the row's position, which is
    first + row mod length. x and y bfloat16."""
    row = tl.program_id(0)
    low, high, place, inside = _pairs(BLOCK, HALF, size)
    a = _row(x, row, low, size, inside)
    b = _row(x, row, high, size, inside)
    r = tl.rsqrt((tl.sum(a * a) + tl.sum(b * b)) / size + epsilon)
    a *= r * tl.load(weight + low, mask=inside, other=0.0)
    b *= r * tl.load(weight + high, mask=inside, other=0.0)
    angle = (first + row % length) * HALF + place
    c = tl.load(cos + angle)
    s = tl.load(sin + angle)
    _write(y, row, low, size, inside, a * c - b * s)
    _write(y, row, high, size, inside, b * c + a * s)
    tl.store(root + row, r)


@triton.jit
def rotate_backward(x, weight, cos, sin, root, y_grad, x_grad, weight_grad, rows, size, length, first, each,
                    BLOCK: tl.constexpr, HALF: tl.constexpr):
    program = tl.program_id(0)
    low, high, place, inside = _pairs(BLOCK, HALF, size)
    w_low = tl.load(weight + low, mask=inside, other=0.0)
    w_high = tl.load(weight + high, mask=inside, other=0.0)
    w_low_grad = tl.zeros([BLOCK], tl.float32)
    w_high_grad = tl.zeros([BLOCK], tl.float32)
    for row in range(program * each, tl.minimum(program * each + each, rows)):
        angle = (first + row % length) * HALF + place
        c = tl.load(cos + angle)
        s = tl.load(sin + angle)
        turned_low = _row(y_grad, row, low, size, inside)
        turned_high = _row(y_grad, row, high, size, inside)
        # a rotation's derivative is the rotation back
        arriving_low = turned_low * c + turned_high * s
        arriving_high = turned_high * c - turned_low * s
        r = tl.load(root + row)
        n_low = _row(x, row, low, size, inside) * r
        n_high = _row(x, row, high, size, inside) * r
        g_low = arriving_low * w_low
        g_high = arriving_high * w_high
        mean = (tl.sum(g_low * n_low) + tl.sum(g_high * n_high)) / size
        _write(x_grad, row, low, size, inside, r * (g_low - n_low * mean))
        _write(x_grad, row, high, size, inside, r * (g_high - n_high * mean))
        w_low_grad += arriving_low * n_low
        w_high_grad += arriving_high * n_high
    _write(weight_grad, program, low, size, inside, w_low_grad)
    _write(weight_grad, program, high, size, inside, w_high_grad)


@triton.jit
def gate_forward(both, row_weight, inner, size, BLOCK: tl.constexpr):
    """inner = silu(gate) up weight. both [rows, 2 size] (gate before up) and inner [rows, size] bfloat16, row_weight float32."""
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    gate = _row(both, row, columns, 2 * size, inside)
    up = _row(both, row, columns + size, 2 * size, inside)
    _write(inner, row, columns, size, inside, gate * tl.sigmoid(gate) * up * tl.load(row_weight + row))


@triton.jit
def gate_backward(both, row_weight, inner_grad, inner, both_grad, row_weight_grad, size, BLOCK: tl.constexpr):
    """inner is computed again, for the next product's gradient. d silu(g) = sigmoid(g) (1 + g (1 - sigmoid(g)))."""
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < size
    gate = _row(both, row, columns, 2 * size, inside)
    up = _row(both, row, columns + size, 2 * size, inside)
    arriving = _row(inner_grad, row, columns, size, inside)
    weight = tl.load(row_weight + row)
    sigmoid = tl.sigmoid(gate)
    silu = gate * sigmoid
    tl.store(row_weight_grad + row, tl.sum(arriving * silu * up))
    _write(inner, row, columns, size, inside, silu * up * weight)
    arriving *= weight
    _write(both_grad, row, columns, 2 * size, inside, arriving * up * sigmoid * (1 + gate * (1 - sigmoid)))
    _write(both_grad, row, columns + size, 2 * size, inside, arriving * silu)


@triton.jit
def cross_entropy(logits, targets, losses, count, first, size, BLOCK: tl.constexpr):
    """losses[first + row] = logsumexp(x) - x[target] for a row x of logits [rows, size], 0 where there is no target (-100), NaN
    where it is no class. The row becomes its gradient in the mean of `count` losses, (softmax(x) - one-hot) / count. logits
    bfloat16, losses and count float32, targets int64."""
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    target = tl.load(targets + first + row)
    largest = tl.full([BLOCK], -1.0e30, tl.float32)  # below any logit, and finite
    total = tl.zeros([BLOCK], tl.float32)
    own = tl.zeros([BLOCK], tl.float32)
    base = logits + row.to(tl.int64) * size
    for start in range(0, size, BLOCK):
        at = start + columns
        x = tl.load(base + at, mask=at < size, other=float("-inf")).to(tl.float32)
        larger = tl.maximum(largest, x)
        total = total * tl.exp(largest - larger) + tl.exp(x - larger)
        largest = larger
        own += tl.where(at == target, x, 0.0)
    top = tl.max(largest, 0)
    log_sum = top + tl.log(tl.sum(total * tl.exp(largest - top), 0))
    counts = target != -100
    known = (target >= 0) & (target < size)
    tl.store(losses + first + row, tl.where(known, log_sum - tl.sum(own, 0), tl.where(counts, float("nan"), 0.0)))
    share = tl.where(counts, 1.0 / tl.load(count), 0.0)
    for start in range(0, size, BLOCK):
        at = start + columns
        x = tl.load(base + at, mask=at < size, other=0.0).to(tl.float32)
        grad = (tl.exp(x - log_sum) - tl.where(at == target, 1.0, 0.0)) * share
        tl.store(base + at, grad.to(logits.dtype.element_ty), mask=at < size)


@triton.jit
def count_targets(targets, count, rows, BLOCK: tl.constexpr):
    """count[0] = how many of [rows] are not -100."""
    total = tl.zeros([BLOCK], tl.int32)
    for start in range(0, rows, BLOCK):
        at = start + tl.arange(0, BLOCK)
        total += (tl.load(targets + at, mask=at < rows, other=-100) != -100).to(tl.int32)
    tl.store(count, tl.sum(total, 0).to(tl.float32))


@triton.jit
def mean_loss(losses, count, loss, rows, BLOCK: tl.constexpr):
    """loss[0] = sum of [rows] / count[0]: no number where no token has a target."""
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, rows, BLOCK):
        at = start + tl.arange(0, BLOCK)
        total += tl.load(losses + at, mask=at < rows, other=0.0)
    tl.store(loss, tl.sum(total, 0) / tl.load(count))
