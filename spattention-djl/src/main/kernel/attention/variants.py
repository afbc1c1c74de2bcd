"""What is compiled of `banded_attention.py`, of the same for compute capability 9.0 in `banded_attention_hopper.py`,
`banded_attention_wide.py` and `joint_backward.py`, and of `shared_heads.py`."""

import itertools

from ptx import Job

SOURCES = ("attention/banded_attention.py", "attention/banded_attention_hopper.py", "attention/banded_attention_wide.py",
           "attention/joint_backward.py", "attention/joint_backward_ends.py", "attention/band_tiles.py", "attention/shared_heads.py",
           "hopper.py")
STRIDED = ("q", "k", "v", "grad")
STRIDES = tuple(f"{name}_{axis}" for name in STRIDED for axis in ("batch", "head", "row"))
OF_NUMBERS = (*STRIDED, "out", "q_grad", "k_grad", "v_grad")  # arrays of the type of the numbers
POINTERS = dict.fromkeys((*OF_NUMBERS, "array"), "bf16") | {"heads": "i32", "counter": "i32", "documents": "i64",
                                                                 "spans": "i32", "lse": "fp32", "delta": "fp32", "turns": "i32", "sums": "fp32"}
NUMBERS = (dict.fromkeys(STRIDES, "i64") | dict.fromkeys(("H", "group", "N", "M", "kept", "out_pitch", "kv_heads"), "i32")
           | {"seed": "i64", "scale": "fp32", "log2_scale": "fp32"})
DIVISORS = {"out_pitch": 16}

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
WIDE_KERNELS = ("forward", "backward_queries", "backward")
JOINT_ENDS = ("delta_rows", "finish_queries")  # before and after "backward"
SPANS_TILE = 2048


def exists(arch, kernel, type_name, head_dim, feature):
    """Whether there is a kernel of its own for an architecture; elsewhere that for sm_80 runs."""
    if kernel not in (WIDE_KERNELS if feature == "wide" else KERNELS):
        return False
    if feature == "wide":
        return arch == "sm_90a" and type_name in ("bf16", "fp16") and head_dim == 128
    dropout = FEATURES[feature][2]
    return arch == "sm_80" or type_name in ("bf16", "fp16") and head_dim in (64, 128) and not dropout


def shape_of(kernel, arch, type_name, head_dim, feature):
    """Queries and keys of a tile, warps (of a warpgroup), stages of the pipeline. Measured on an H200. (Shared memory on sm_80 stays
    under the 99 KB that the smaller chips of that line have.) With GENERAL, the tile that meets a multiple of the period must hold
    the whole diagonal of the program's own tile: the walked axis is the longer one."""
    if feature == "wide":
        return {"forward": (128, 128, 4, 2), "backward_queries": (128, 64, 4, 3), "backward": (64, 128, 4, 2)}[kernel]
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


def tensor_maps(kernel, dtype, head_dim, queries, keys, feature):
    """The tiles of arrays that the code for 9.0 copies."""
    swizzled = "NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank=4)"
    plain = "NVMMASharedLayout(swizzle_byte_width=0, element_bitwidth=32, rank=2)"
    rows = {"q": queries, "k": keys, "v": keys} | ({} if kernel == "forward" else {"grad": queries})
    columns = dict.fromkeys(rows, head_dim)
    maps = {}
    if kernel == "backward":  # keys in columns that lie side by side, values for each warpgroup
        columns["k"] = 64
        rows["v"] = keys // 2
        maps["sums"] = f"tensordesc<fp32[16,256],{plain}>"
    elif feature == "wide":  # each warpgroup has half of the program's own tile
        rows |= {name: rows[name] // 2 for name in rows if name in ("q", "grad")}
    maps |= {name: f"tensordesc<{dtype}[1,1,{rows[name]},{columns[name]}],{swizzled}>" for name in rows}
    if kernel in ("backward_keys", "backward") and not FEATURES[feature][0]:
        maps |= dict.fromkeys(("lse", "delta"), f"tensordesc<fp32[1,{queries}],{plain}>")
    return maps


def attention(arch, kernel, type_name, head_dim, feature, tile=None):
    """A variant of a kernel. tile: other numbers than `shape_of` gives."""
    general, documents, dropout = FEATURES[feature]
    dtype, precision = TYPES[type_name]
    queries, keys, warps, stages = tile or shape_of(kernel, arch, type_name, head_dim, feature)
    constants = {"QUERIES": queries, "KEYS": keys, "D": head_dim, "GENERAL": general, "DOCUMENTS": documents}
    unused = () if documents else ("documents", "spans")
    common = {"arch": arch, "stages": stages, "types": dict.fromkeys(OF_NUMBERS, dtype), "facts": {"queries": queries, "keys": keys}}
    name = f"{kernel}-{feature}-{type_name}-d{head_dim}"
    if arch == "sm_90a":
        common["maps"] = tensor_maps(kernel, dtype, head_dim, queries, keys, feature)
    if feature == "wide":
        common["facts"]["persistent"] = True
        walked, source = ({}, "joint_backward") if kernel == "backward" else ({"KEYS": keys}, "banded_attention_wide")
        return Job(name, kernel, walked | {"D": head_dim, "STAGES": stages}, warps, source=source, **common)
    if arch == "sm_90a":
        return Job(name, kernel, constants | {"STAGES": stages}, warps, unused=unused, source="banded_attention_hopper", **common)
    return Job(name, kernel, constants | {"PRECISION": precision, "DROPOUT": dropout}, warps,
               unused=unused if dropout else (*unused, "seed", "kept"),
               divisors=dict.fromkeys(STRIDES, 4 if dtype == "fp32" else 8), **common)  # rows begin at multiples of 16 bytes


def joint_ends(kernel, type_name):
    """A variant of what runs before or after `joint_backward.py`."""
    return Job(f"{kernel}-wide-{type_name}-d128", kernel, {"D": 128}, 4, source="joint_backward_ends", types=dict.fromkeys(OF_NUMBERS, type_name),
               divisors=dict.fromkeys(STRIDES, 8), facts={"queries": 64, "keys": 128})


def jobs():
    for arch, kernel, type_name, head_dim, feature in itertools.product(("sm_90a", "sm_80"), (*KERNELS, "backward"), TYPES, HEAD_DIMS, FEATURES):
        if exists(arch, kernel, type_name, head_dim, feature):
            yield attention(arch, kernel, type_name, head_dim, feature)
    for kernel, type_name in itertools.product(JOINT_ENDS, ("bf16", "fp16")):
        yield joint_ends(kernel, type_name)
    for arch in ("sm_90a", "sm_80"):
        yield Job("document_spans", "document_spans", {"TILE": SPANS_TILE}, 8, divisors={"documents": 8}, arch=arch)
    for size in (32, 64, 128, 256):
        yield Job(f"sum_shared_heads-d{size}", "sum_shared_heads", {"D": size, "HEADS": 512 // size}, 4, source="shared_heads")
