#!/usr/bin/env python3
"""Compiles banded_attention.py, and banded_attention_hopper.py for compute capability 9.0, to PTX, in every variant, with a
manifest that tells Java how to launch it.

    python3 build.py OUT [NAME ...]      NAME: only variants whose name contains one of these

Needs the package triton (3.6.0 made what is in the repository) on Linux x86-64, and no GPU.

OUT in the repository: spattention-djl/src/main/resources/ai/spattention/kernel/fused. Run this after each change of
the sources or of this file: a unit test compares their digest with the manifest's.
"""

import gzip
import hashlib
import importlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("band_tiles.py", "banded_attention.py", "banded_attention_hopper.py", "build.py")

# PTX 8.0 is the first with sm_90a's instructions. A driver reads PTX of its own version and older ones, so that a low version
# lets older drivers in.
ARCHITECTURES = {
    "sm_90a": {"capability": 90, "ptx": 80, "driver": "525.60"},
    "sm_80": {"capability": 80, "ptx": 76, "driver": "515.43"},
}
TYPES = {"bf16": "bf16", "fp16": "fp16"}
HEAD_DIMS = (64, 128)
FEATURES = {  # GENERAL, DOCUMENTS
    "ranges": (False, False),
    "ranges_documents": (False, True),
    "general": (True, False),
    "general_documents": (True, True),
}
KERNELS = ("forward", "backward_queries", "backward_keys")
SPANS = "document_spans"
SPANS_TILE = 2048


def shape_of(kernel, arch, head_dim):
    """Queries and keys of a tile, warps, stages of the pipeline. Measured on an H200: docs/kernel.md. (Shared memory on sm_80 stays
    under the 99 KB that the smaller chips of that line have.)"""
    if arch == "sm_90a":
        return {"forward": (64, 64, 4, 3), "backward_queries": (64, 64, 4, 2), "backward_keys": (64, 64, 4, 2)}[kernel]
    return {"forward": (64, 64, 4, 2), "backward_queries": (64, 64, 4, 2),
            "backward_keys": (64, 64, 8, 1) if head_dim == 128 else (64, 64, 4, 1)}[kernel]


def arguments(kernel, arch, dtype, head_dim, queries, keys, stages, general, documents):
    """The kernel's parameters as Triton wants them: types, constants, and what Java guarantees of the values (divisors)."""
    tma = arch == "sm_90a"
    signature, constants, divisors = {}, {}, {}

    def tensor(name, rows):
        if tma:
            swizzled = "NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank=4)"
            signature[name] = f"tensordesc<{dtype}[1,1,{rows},{head_dim}],{swizzled}>"
            return
        pointer(name, dtype)
        for axis in ("batch", "head", "row"):
            signature[f"{name}_{axis}"] = "i64"
            divisors[f"{name}_{axis}"] = 8

    def pointer(name, element):
        signature[name] = "*" + element
        divisors[name] = 16

    tensor("q", queries)
    tensor("k", keys)
    tensor("v", keys)
    if kernel != "forward":
        tensor("grad", queries)
    pointer("heads", "i32")
    if documents:
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
    constants.update(QUERIES=queries, KEYS=keys, D=head_dim, GENERAL=general, DOCUMENTS=documents)
    if tma:
        constants["STAGES"] = stages
    return signature, constants, divisors


def launch_parameters(signature, names, tensor_maps):
    """The parameters of the compiled kernel in order, as name:type, and the boxes of its tensor maps. A map is followed by its
    sizes and strides, and two pointers to scratch memory, unused here, end the list."""
    parameters, maps = [], {}
    metas = iter(tensor_maps)
    for name in names:
        kind = signature.get(name, "constexpr")
        if kind == "constexpr":
            continue
        if kind.startswith("tensordesc"):
            meta = next(metas)
            maps[name] = {"box": list(meta["block_size"]), "swizzle": meta["swizzle"]}
            rank = len(meta["block_size"])
            parameters += [f"{name}:map"] + [f"{name}.size{i}:i32" for i in range(rank)]
            parameters += [f"{name}.stride{i}:i64" for i in range(rank)]
        else:
            parameters.append(f"{name}:" + ("pointer" if kind.startswith("*") else "f32" if kind == "fp32" else kind))
    return parameters + ["scratch:pointer", "profile:pointer"], maps


def check_against_ptx(ptx, parameters):
    """The manifest's list must be what the code takes, size by size."""
    sizes = {"map": 128, "pointer": 8, "i64": 8, "i32": 4, "f32": 4}
    entry = ptx[ptx.index(".entry"):]
    entry = entry[: entry.index("{")]
    found = []
    for line in re.findall(r"\.param ([^\n]*)", entry):
        array = re.search(r"\[(\d+)\]", line)
        found.append(int(array.group(1)) if array else int(re.search(r"\.[busf](\d+)", line).group(1)) // 8)
    expected = [sizes[p.split(":")[1]] for p in parameters]
    if found != expected:
        raise RuntimeError(f"parameters of sizes {found} in the PTX, {expected} in the manifest")


def compile_attention(job):
    """Compiles one kernel of attention; returns its manifest entry, its PTX, and what it needs."""
    arch, kernel, type_name, head_dim, feature, *tile = job
    general, documents = FEATURES[feature]
    queries, keys, warps, stages = tile if tile else shape_of(kernel, arch, head_dim)
    signature, constants, divisors = arguments(kernel, arch, TYPES[type_name], head_dim, queries, keys, stages, general,
                                             documents)
    entry = {"name": f"{kernel}-{feature}-{type_name}-d{head_dim}-{arch}", "kernel": kernel, "feature": feature, "type": type_name,
             "headDim": head_dim, "arch": arch, "queries": queries, "keys": keys, "stages": stages}
    return compile_kernel(entry, gluon=arch == "sm_90a", signature=signature, constants=constants, divisors=divisors,
                          options={"num_warps": warps, "num_stages": stages})


def compile_spans(arch):
    """The same of the kernel that finds documents."""
    signature = {"documents": "*i64", "spans": "*i32", "M": "i32"}
    entry = {"name": f"{SPANS}-{arch}", "kernel": SPANS, "arch": arch}
    return compile_kernel(entry, gluon=False, signature=signature, constants={"TILE": SPANS_TILE},
                          divisors={"documents": 8, "spans": 16}, options={"num_warps": 8})


def compile_kernel(entry, gluon, signature, constants, divisors, options):
    os.environ["TRITON_DISABLE_LINE_INFO"] = "1"
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from triton.experimental.gluon._runtime import GluonASTSource

    sys.path.insert(0, str(HERE))
    function = getattr(importlib.import_module("banded_attention_hopper" if gluon else "banded_attention"), entry["kernel"])
    names = function.arg_names
    full = {name: "constexpr" if name in constants else signature[name] for name in names}
    attributes = {(names.index(name),): [["tt.divisibility", value]] for name, value in divisors.items()}
    source = (GluonASTSource if gluon else ASTSource)(function, full, constants, attributes)
    target = ARCHITECTURES[entry["arch"]]
    compiled = triton.compile(source, GPUTarget("cuda", target["capability"], 32), options | {"ptx_version": target["ptx"]})
    meta = compiled.metadata
    if meta.global_scratch_size or meta.profile_scratch_size:
        raise RuntimeError(f"{entry['name']} wants scratch memory")
    ptx = re.sub(r"[ \t]*//[^\n]*", "", compiled.asm["ptx"])
    ptx = re.sub(r"\n\s*\n+", "\n", ptx).lstrip()
    if ".file" in ptx or ".loc" in ptx:
        raise RuntimeError(f"{entry['name']}: the code tells where it was built")
    parameters, maps = launch_parameters(full, names, getattr(meta, "tensordesc_meta", None) or [])
    check_against_ptx(ptx, parameters)
    entry |= {"entry": meta.name, "threads": 32 * meta.num_warps, "sharedBytes": meta.shared, "parameters": parameters, "maps": maps}
    return entry, ptx, resources(ptx, entry["arch"], entry["name"])


def resources(ptx, arch, name):
    """Registers and spills, as the assembler that came with Triton reports them."""
    from triton.backends.nvidia.compiler import get_ptxas
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(ptx)
        file.flush()
        command = [get_ptxas(90).path, "-v", f"--gpu-name={arch}", file.name, "-o", os.devnull]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    if "serialized" in run.stderr:  # products one after the other: correct, and slow
        raise RuntimeError(f"{name}: {run.stderr}")
    registers = int(re.search(r"Used (\d+) registers", run.stderr).group(1))
    spills = int(re.search(r"(\d+) bytes spill stores", run.stderr).group(1))
    return registers, spills


def run(job):
    compile_it, of_what = job
    return compile_it(of_what)


def source_digest():
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def main():
    import triton
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    jobs = [(compile_attention, job) for job in itertools.product(ARCHITECTURES, KERNELS, TYPES, HEAD_DIMS, FEATURES)
            if not sys.argv[2:] or any(part in "{1}-{4}-{2}-d{3}-{0}".format(*job) for part in sys.argv[2:])]
    jobs += [(compile_spans, arch) for arch in ARCHITECTURES]
    entries = []
    for old in out.glob("*.ptx.gz"):
        old.unlink()
    with ProcessPoolExecutor() as pool:
        for entry, ptx, (registers, spills) in pool.map(run, jobs):
            entry["registers"], entry["spillBytes"] = registers, spills
            (out / (entry["name"] + ".ptx.gz")).write_bytes(gzip.compress(ptx.encode(), 9, mtime=0))
            entries.append(entry)
            print(f"{entry['name']}: {registers} registers, {spills} bytes spilled, {entry['sharedBytes']} bytes shared", flush=True)
    manifest = {
        "sources": list(SOURCES), "sourceSha256": source_digest(), "triton": triton.__version__,
        "architectures": {name: {"computeCapability": a["capability"], "exact": name.endswith("a"),
                                 "ptxVersion": f"{a['ptx'] // 10}.{a['ptx'] % 10}", "minimumDriver": a["driver"]}
                          for name, a in ARCHITECTURES.items()},
        "kernels": entries,
    }
    lines = ",\n".join(json.dumps(entry) for entry in manifest.pop("kernels"))  # a kernel a line
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1)[:-2] + f',\n "kernels": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
