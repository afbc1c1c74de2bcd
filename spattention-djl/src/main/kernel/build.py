#!/usr/bin/env python3
"""Compiles banded_attention.py, and banded_attention_hopper.py and banded_attention_wide.py for compute capability 9.0, to PTX, in every
variant, with a manifest that tells Java how to launch it.

    python3 build.py OUT [NAME ...]      NAME: only variants whose name contains one of these

OUT in the repository: spattention-djl/src/main/resources/ai/spattention/kernel/fused. Run this after each change of
the sources or of this file: a unit test compares their digest with the manifest's.
"""

import importlib
import itertools
import sys
from pathlib import Path

import ptx

SOURCES = ("band_tiles.py", "banded_attention.py", "banded_attention_hopper.py", "banded_attention_wide.py", "hopper.py", "build.py",
           "ptx.py")

# The type of the numbers, and how they are multiplied.
TYPES = {"bf16": ("bf16", "tf32"), "fp16": ("fp16", "tf32"), "fp32": ("fp32", "tf32x3"), "tf32": ("fp32", "tf32")}
HEAD_DIMS = (32, 64, 128, 256)  # others are padded to the next
FEATURES = {  # GENERAL, DOCUMENTS, DROPOUT
    "ranges": (False, False, False),
    "ranges_documents": (False, True, False),
    "general": (True, False, False),
    "general_documents": (True, True, False),
    "dropout": (True, False, True),
    "dropout_documents": (True, True, True),
    "wide": (False, False, False),  # long ranges
}
FLOAT32_TILES = {  # as shape_of gives them
    32: {"forward": (64, 64, 4, 2), "backward_queries": (64, 64, 4, 1), "backward_keys": (64, 64, 4, 1)},
    64: {"forward": (32, 64, 4, 2), "backward_queries": (32, 64, 4, 2), "backward_keys": (64, 32, 4, 1)},
    128: {"forward": (32, 64, 4, 1), "backward_queries": (32, 64, 4, 1), "backward_keys": (32, 32, 4, 1)},
    256: {"forward": (16, 32, 4, 1), "backward_queries": (16, 16, 4, 1), "backward_keys": (16, 16, 4, 1)},
}
KERNELS = ("forward", "backward_queries", "backward_keys")
SPANS = "document_spans"
SPANS_TILE = 2048


def exists(arch, type_name, head_dim, feature):
    """Whether there are kernels of their own for an architecture; elsewhere those for sm_80 run."""
    if feature == "wide":
        return arch == "sm_90a" and type_name in ("bf16", "fp16") and head_dim == 128
    dropout = FEATURES[feature][2]
    return arch == "sm_80" or type_name in ("bf16", "fp16") and head_dim in (64, 128) and not dropout


def shape_of(kernel, arch, type_name, head_dim, feature):
    """Queries and keys of a tile, warps (of a warpgroup), stages of the pipeline. Measured on an H200: docs/kernel.md. (Shared memory on
    sm_80 stays under the 99 KB that the smaller chips of that line have.) With GENERAL, the tile that meets a multiple of the period must hold
    the whole diagonal of the program's own tile: the walked axis is the longer one."""
    if feature == "wide":
        return {"forward": (128, 128, 4, 2), "backward_queries": (128, 64, 4, 3), "backward_keys": (64, 128, 4, 3)}[kernel]
    if arch == "sm_90a":
        return {"forward": (64, 64, 4, 3), "backward_queries": (64, 64, 4, 2), "backward_keys": (64, 64, 4, 2)}[kernel]
    if TYPES[type_name][0] == "fp32":
        if kernel == "forward" and head_dim == 128 and not FEATURES[feature][0]:
            return 64, 16, 4, 2
        return FLOAT32_TILES[head_dim][kernel]
    if head_dim == 256:
        return {"forward": (64, 64, 8, 1), "backward_queries": (32, 32, 4, 1), "backward_keys": (32, 32, 8, 1)}[kernel]
    return {"forward": (64, 64, 4, 2), "backward_queries": (64, 64, 4, 2),
            "backward_keys": (64, 64, 8, 1) if head_dim == 128 else (64, 64, 4, 1)}[kernel]


def arguments(kernel, arch, type_name, head_dim, queries, keys, stages, feature):
    """The kernel's parameters as Triton wants them: types, constants, and what Java guarantees of the values (divisors)."""
    tma = arch == "sm_90a"
    wide = feature == "wide"
    general, documents, dropout = FEATURES[feature]
    dtype, precision = TYPES[type_name]
    signature, constants, divisors = {}, {}, {}

    def tensor(name, rows):
        if tma:
            swizzled = "NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank=4)"
            signature[name] = f"tensordesc<{dtype}[1,1,{rows},{head_dim}],{swizzled}>"
            return
        pointer(name, dtype)
        for axis in ("batch", "head", "row"):
            signature[f"{name}_{axis}"] = "i64"
            divisors[f"{name}_{axis}"] = 4 if dtype == "fp32" else 8  # 16 bytes

    def pointer(name, element):
        signature[name] = "*" + element
        divisors[name] = 16

    by_keys = kernel == "backward_keys"
    rows, columns = queries, keys  # of a copy
    if wide:  # each warpgroup has half of the program's own tile
        rows, columns = (queries, keys // 2) if by_keys else (queries // 2, keys)
    tensor("q", rows)
    tensor("k", columns)
    tensor("v", columns)
    if kernel != "forward":
        tensor("grad", rows)
    pointer("heads", "i32")
    if wide:
        pointer("counter", "i32")
    elif documents:
        pointer("documents", "i64")
        pointer("spans", "i32")
    else:
        constants["documents"] = constants["spans"] = None
    if kernel != "backward_keys":
        pointer("out", dtype)
    if kernel == "backward_keys" and tma and not general:
        plain = "NVMMASharedLayout(swizzle_byte_width=0, element_bitwidth=32, rank=2)"
        signature["lse"] = signature["delta"] = f"tensordesc<fp32[1,{queries}],{plain}>"
    else:
        pointer("lse", "fp32")
        if kernel != "forward":
            pointer("delta", "fp32")
    for name in {"forward": (), "backward_queries": ("q_grad",), "backward_keys": ("k_grad", "v_grad")}[kernel]:
        pointer(name, dtype)
    for name in ("H", "group", "N", "M"):
        signature[name] = "i32"
    signature["log2_scale"] = "fp32"
    if kernel != "forward":
        signature["scale"] = "fp32"
    if wide:
        constants.update({"QUERIES": queries} if by_keys else {"KEYS": keys})
        constants.update(D=head_dim, STAGES=stages)
        return signature, constants, divisors
    constants.update(QUERIES=queries, KEYS=keys, D=head_dim, GENERAL=general, DOCUMENTS=documents)
    if tma:
        constants["STAGES"] = stages
    else:
        constants.update(PRECISION=precision, DROPOUT=dropout)
        if dropout:
            signature.update(seed="i64", kept="i32")
        else:
            constants["seed"] = constants["kept"] = None
    return signature, constants, divisors


def compile_attention(arch, kernel, type_name, head_dim, feature, *tile):
    """Compiles one kernel of attention; returns its manifest entry and its PTX."""
    queries, keys, warps, stages = tile if tile else shape_of(kernel, arch, type_name, head_dim, feature)
    signature, constants, divisors = arguments(kernel, arch, type_name, head_dim, queries, keys, stages, feature)
    source = "banded_attention" + ("_wide" if feature == "wide" else "_hopper" if arch == "sm_90a" else "")
    function = getattr(importlib.import_module(source), kernel)
    entry, text = ptx.compile_kernel(function, f"{kernel}-{feature}-{type_name}-d{head_dim}-{arch}", arch, signature, constants,
                                     divisors, {"num_warps": warps, "num_stages": stages})
    return entry | {"queries": queries, "keys": keys} | ({"persistent": True} if feature == "wide" else {}), text


def compile_spans(arch):
    """The same of the kernel that finds documents."""
    import banded_attention
    return ptx.compile_kernel(banded_attention.document_spans, f"{SPANS}-{arch}", arch,
                              {"documents": "*i64", "spans": "*i32", "M": "i32"}, {"TILE": SPANS_TILE},
                              {"documents": 8, "spans": 16}, {"num_warps": 8})


def run(job):
    compile_it, of_what = job
    return compile_it(*of_what)


def main():
    jobs = [(compile_attention, job) for job in itertools.product(ptx.ARCHITECTURES, KERNELS, TYPES, HEAD_DIMS, FEATURES)
            if exists(job[0], *job[2:]) and (not sys.argv[2:] or any(part in "{1}-{4}-{2}-d{3}-{0}".format(*job) for part in sys.argv[2:]))]
    jobs += [(compile_spans, (arch,)) for arch in ptx.ARCHITECTURES]
    ptx.write(Path(sys.argv[1]), jobs, run, SOURCES)


if __name__ == "__main__":
    main()
