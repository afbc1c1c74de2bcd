"""The cross-entropy of tokens' logits, and its gradient in their place: all tokens' logits never exist at once.

    cross_entropy    one program for each row of logits: its loss, and the row becomes its gradient in the mean of `count` losses
    count_targets    one program: how many tokens have a target
    mean_loss        one program: the mean of all tokens' losses

loss = logsumexp(x) - x[target] for a row x, 0 where there is no target (-100), NaN where it is no class; the gradient is (softmax(x) -
one-hot) / count. A row is read twice, the second time mostly from the cache, and written once; sums run in float32.

logits [n, size] bfloat16: the rows of the n tokens from `first` on. targets [T] int64; losses [T], count [] and loss [] float32.
Letters: T = tokens, size = classes.
"""

import triton
import triton.language as tl


@triton.jit
def cross_entropy(logits, targets, losses, count, first, size, BLOCK: tl.constexpr):
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
def count_targets(targets, count, T, BLOCK: tl.constexpr):
    total = tl.zeros([BLOCK], tl.int32)
    for start in range(0, T, BLOCK):
        at = start + tl.arange(0, BLOCK)
        total += (tl.load(targets + at, mask=at < T, other=-100) != -100).to(tl.int32)
    tl.store(count, tl.sum(total, 0).to(tl.float32))


@triton.jit
def mean_loss(losses, count, loss, T, BLOCK: tl.constexpr):
    """No number where no token has a target."""
    total = tl.zeros([BLOCK], tl.float32)
    for start in range(0, T, BLOCK):
        at = start + tl.arange(0, BLOCK)
        total += tl.load(losses + at, mask=at < T, other=0.0)
    tl.store(loss, tl.sum(total, 0) / tl.load(count))
