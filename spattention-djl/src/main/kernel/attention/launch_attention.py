"""Launches banded attention on PyTorch tensors, compiled or in Triton's interpreter, with the slow computation that it is compared with:
for check_banded_attention.py and docs/benchmarks/fused_kernel.py. Tensors are [B, heads, rows, D] views of any strides with unit stride
in D; results are such views of [B, rows, heads, D] memory."""

import math
import sys
from pathlib import Path

import numpy
import torch

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
import launch  # noqa: E402
from variants import FEATURES, JOINT_ENDS  # noqa: E402

EMPTY = (1 << 29, -(1 << 29))
NONE = (0, 1, 1 << 29)  # no prefix, no strided distances
WIDE_FROM = {"forward": 1024, "backward_queries": 1500, "backward": 4096}  # as in FusedCode.java; "backward" for all gradients at once


# ---- What heads see --------------------------------------------------------------------------------------------------------


def head_row(bands, prefix, period, M):
    """A row of `heads` from half-open bands of distances (disjoint, ascending), a prefix and a period (0: none)."""
    bands = [(near, min(far, M) - 1) for near, far in bands if near < min(far, M)]
    assert len(bands) <= 2
    a, b = (bands + [EMPTY, EMPTY])[:2]
    first = (1 << 29) if not period else next(k for k in range(M + 1) if not (a[0] <= k * period <= a[1]))
    return [*a, *b, min(prefix, M), period or 1, first, 0]


def merged(bands):
    out = []
    for near, far in sorted(band for band in bands if band[0] < band[1]):
        if out and near <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], far))
        else:
            out.append((near, far))
    return out


def pattern(name, H, L):
    """What each head sees: (bands, prefix, period)."""
    heads = []
    for h in range(H):
        base, extra = divmod(L, H)
        w, s = base + (h < extra), h * base + min(h, extra)
        clamp = lambda x, low, high: max(low, min(high, x))
        heads.append({
            "causal": lambda: ([(0, 1 << 30)], 0, 0),
            "sp": lambda: ([(0, w + 1), (s, s + w)], 0, 0),
            "exclusive": lambda: ([(s, s + w)], 0, 0),
            "local": lambda: ([(0, w + 1)], 0, 0),
            "gapped": lambda: ([(s, s + w // 2)], 0, 0),
            "longformer": lambda: ([(0, clamp(L // 4, 1, 256) + 1)], clamp(L // 32, 1, 16), 0),
            "bigbird": lambda: ([(0, clamp(L // 8, 1, 128) + 1)], clamp(L // 64, 1, 8), max(16, L // 32)),
        }[name]())
    return [(merged(bands), prefix, period) for bands, prefix, period in heads]


def table(heads, M, device):
    return torch.tensor([head_row(*head, M) for head in heads], dtype=torch.int32, device=device)


def visible(heads, N, M, documents, device):
    """[B or 1, H, N, M]: 1 where a pair is seen."""
    key = torch.arange(M, device=device)
    query = torch.arange(M - N, M, device=device)[:, None]
    d = query - key
    masks = []
    for bands, prefix, period in heads:
        mask = key < prefix
        for near, far in bands:
            mask = mask | ((d >= near) & (d < far))
        if period:
            mask = mask | (d % period == 0)
        masks.append(mask & (d >= 0))
    mask = torch.stack(masks)[None]
    if documents is not None:
        mask = mask & (documents[:, None, M - N:, None] == documents[:, None, None, :])
    return mask


def pairs(heads, N):
    """Allowed pairs of all heads, N = M."""
    total = 0
    for bands, prefix, period in heads:
        assert not prefix and not period
        for near, far in bands:
            far = min(far, N)
            total += sum(N - d for d in range(near, far))
    return total


def wide_kernels(heads, N, documents):
    """The kernels whose wide variant FusedCode.java chooses for 16 bits and D = 128, N = M."""
    lengths = [(near, min(far, N)) for bands, _, _ in heads for near, far in bands if near < min(far, N)]
    if documents is not None or not lengths or any(prefix or period for _, prefix, period in heads):
        return ()
    mean = sum(N - d for near, far in lengths for d in range(near, far)) / (N * len(lengths))
    return tuple(kernel for kernel, least in WIDE_FROM.items() if mean >= least)


def lone(heads, N, M):
    """Whether no head has more than one range of distances, and every position is a query."""
    return N == M and all(len([near for near, far in bands if near < min(far, M)]) <= 1 for bands, _, _ in heads)


# ---- The kernels -----------------------------------------------------------------------------------------------------------


class Kernels(launch.Kernels):
    def __init__(self, folder, arch, float32="fp32"):
        """float32: how such numbers are multiplied, a name of the variants' TYPES."""
        super().__init__(folder, arch)
        self.types = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: float32}

    def launch(self, kernel, feature, tiles, **values):
        q = values["q"]
        arch = "sm_80" if kernel in JOINT_ENDS else self.arch
        name = f"{kernel}-{feature}-{self.types[q.dtype]}-d{q.shape[-1]}-{arch}"
        count = math.ceil(tiles[0] / self.entries[name][tiles[1]])
        grid = values["H"], count, values["B"]
        if self.entries[name].get("persistent"):
            grid = min(math.prod(grid), torch.cuda.get_device_properties(0).multi_processor_count), 1, 1
            values["counter"] = torch.empty(1, dtype=torch.int32, device=q.device)
        self.start(name, grid, values)

    def spans(self, documents, spans):
        B, M = documents.shape
        self.start(f"document_spans-{self.arch}", (1, 1, B), dict(documents=documents, spans=spans, M=M))


class Interpreter:
    """The same launches of banded_attention.py itself, by Triton's interpreter on a CPU (TRITON_INTERPRET=1), in small tiles."""

    TILE = 16
    types = {torch.float16: "fp16"}

    def __init__(self):
        import banded_attention  # compiled kernels need no Triton
        self.source = banded_attention

    def launch(self, kernel, feature, tiles, **values):
        function = getattr(self.source, kernel)
        arguments = {}
        for name in function.arg_names:
            tensor, _, axis = name.rpartition("_")
            if axis in ("batch", "head", "row"):
                arguments[name] = values[tensor].stride(("batch", "head", "row").index(axis))
            elif name in values:
                arguments[name] = values[name]
        general, documents, dropout = FEATURES[feature]
        arguments.update(QUERIES=self.TILE, KEYS=self.TILE, D=values["q"].shape[3], GENERAL=general, DOCUMENTS=documents,
                         DROPOUT=dropout, PRECISION="ieee")
        function[(values["H"], math.ceil(tiles[0] / self.TILE), values["B"])](**arguments)

    def spans(self, documents, spans):
        B, M = documents.shape
        self.source.document_spans[(1, 1, B)](documents, spans, M, TILE=self.TILE)


# ---- Attention -------------------------------------------------------------------------------------------------------------


class Attention:
    def __init__(self, kernels, heads, N, M, documents, device, poison=True, dropout=None, wide=()):
        """dropout: the seed, and how many of 65,536 weights are kept. wide: the names of the kernels that run as "wide" ones."""
        self.kernels, self.N, self.M, self.documents = kernels, N, M, documents
        self.seed, self.kept = dropout or (None, None)
        self.heads = table(heads, M, device)
        general = any(prefix or period for _, prefix, period in heads)
        self.joint = "backward" in wide and lone(heads, N, M)
        self.feature = ("dropout" if dropout else "general" if general else "ranges") + ("_documents" if documents is not None else "")
        self.wide = wide
        self.fill = float("nan") if poison else None

    def launch(self, kernel, tiles, **values):
        self.kernels.launch(kernel, "wide" if kernel in self.wide or kernel in JOINT_ENDS else self.feature, tiles, **values)

    def memory(self, *shape, dtype, device):
        memory = torch.empty(shape, dtype=dtype, device=device)
        return memory if self.fill is None else memory.fill_(self.fill)

    def fresh(self, B, rows, heads, like):
        return self.memory(B, rows, heads, like.shape[3], dtype=like.dtype, device=like.device).transpose(1, 2)

    def line(self, B, H, like):
        return self.memory(B * H, (self.N + 3) // 4 * 4, dtype=torch.float32, device=like.device)

    def values(self, q, k, v):
        spans = None
        if self.documents is not None:
            spans = torch.full((q.shape[0], 4, self.M), -1, dtype=torch.int32, device=q.device)
            self.kernels.spans(self.documents, spans)
        return dict(q=q, k=k, v=v, heads=self.heads, documents=self.documents, spans=spans, B=q.shape[0], H=q.shape[1],
                    group=q.shape[1] // k.shape[1], N=self.N, M=self.M, log2_scale=math.log2(math.e) / math.sqrt(q.shape[3]),
                    scale=1 / math.sqrt(q.shape[3]), seed=self.seed, kept=self.kept)

    def forward(self, q, k, v):
        B, H = q.shape[:2]
        out, lse = self.fresh(B, self.N, H, q), self.line(B, H, q)
        self.launch("forward", (self.N, "queries"), **self.values(q, k, v), out=out, lse=lse)
        return out, lse

    def backward(self, q, k, v, out, lse, grad):
        B, H = q.shape[:2]
        delta, dq = self.line(B, H, q), self.fresh(B, self.N, H, q)
        dk, dv = self.fresh(B, self.M, H, q), self.fresh(B, self.M, H, q)
        values = dict(self.values(q, k, v), grad=grad, lse=lse, delta=delta)
        if self.joint:
            tiles = math.ceil(self.N / 64)
            values |= dict(turns=torch.full((B * H * tiles,), 77, dtype=torch.int32, device=q.device),
                           sums=self.memory(B * H * tiles * 32, 256, dtype=torch.float32, device=q.device))
            self.launch("delta_rows", (self.N, "queries"), **values, out=out)
            self.launch("backward", (self.M, "keys"), **values, k_grad=dk, v_grad=dv)
            self.launch("finish_queries", (self.N, "queries"), **values, q_grad=dq)
        else:
            self.launch("backward_queries", (self.N, "queries"), **values, out=out, q_grad=dq)
            self.launch("backward_keys", (self.M, "keys"), **values, k_grad=dk, v_grad=dv)
        if k.shape[1] < H:
            shape = (B, k.shape[1], -1, self.M, q.shape[3])
            dk, dv = (x.reshape(shape).float().sum(2).to(q.dtype) for x in (dk, dv))
        return dq, dk, dv


def philox(counter, key):
    """Philox4x32-10 of arrays of 32 bits that broadcast against each other: four words of the counter, two of the key."""
    c0, c1, c2, c3 = (numpy.asarray(c, numpy.uint64) for c in counter)
    k0, k1 = key
    low = numpy.uint64(0xFFFFFFFF)
    for _ in range(10):
        left, right = c0 * numpy.uint64(0xD2511F53), c2 * numpy.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = right >> 32 ^ c1 ^ numpy.uint64(k0), right & low, left >> 32 ^ c3 ^ numpy.uint64(k1), left & low
        k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
    return c0, c1, c2, c3


def kept_pairs(seed, kept, B, H, N, M):
    """[B, H, N, M]: whether a weight is kept, one by one as `random_numbers` of banded_attention.py says it."""
    row, line = numpy.arange(N)[:, None], numpy.arange(B * H)[:, None, None]
    words = philox((numpy.arange(M), row // 8, line, 0), (seed & 0xFFFFFFFF, seed >> 32))
    word = numpy.choose(row // 2 % 4, [numpy.broadcast_to(w, (B * H, N, M)) for w in words])
    return torch.from_numpy(((word >> (row % 2 * 16).astype(numpy.uint64)) & numpy.uint64(0xFFFF)) < kept).reshape(B, H, N, M)


def reference(q, k, v, heads, documents, grad, dropout=None):
    """float64: out, dq, dk, dv."""
    N, M, group = q.shape[2], k.shape[2], q.shape[1] // k.shape[1]
    q, k, v = (x.detach().double().contiguous().requires_grad_() for x in (q, k, v))
    seen = visible(heads, N, M, documents, q.device)
    scores = q @ k.repeat_interleave(group, 1).transpose(-1, -2) / math.sqrt(q.shape[3])
    any_seen = seen.any(-1, keepdim=True)
    p = torch.softmax(torch.where(seen | ~any_seen, scores, float("-inf")), -1)
    p = torch.where(any_seen, p, torch.zeros_like(p))
    if dropout:
        p = p * kept_pairs(*dropout, *p.shape).to(p.device) * (65536 / dropout[1])
    out = p @ v.repeat_interleave(group, 1)
    return (out.detach(), *torch.autograd.grad(out, (q, k, v), grad.double()))


def relative_error(actual, expected, least=0.0):
    """least: the size that an array's numbers are taken to have where they are smaller."""
    difference = (actual.double() - expected).norm().item()
    norm = max(expected.norm().item(), least * math.sqrt(expected.numel()))
    return difference / norm if norm else difference
