#!/usr/bin/env python3
"""Compiles rows.py to PTX, in every variant, with a manifest that tells Java how to launch it.

    python3 build_rows.py OUT      needs the package triton, no GPU

OUT in the repository: spattention-djl/src/main/resources/ai/spattention/row. Run this after each change of rows.py or of this
file: a unit test compares their digest with the manifest's.
"""

import gzip
import hashlib
import itertools
import json
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("rows.py", "build_rows.py")
# nothing here needs instructions newer than those of compute capability 8.0, whose code runs on everything newer
CAPABILITY, PTX, ARCHITECTURE = 80, 76, "sm_80"

POINTERS = {"total": "fp32", "root": "fp32", "weight": "fp32", "weight_grad": "fp32", "cos": "fp32", "sin": "fp32",
            "row_weight": "fp32", "row_weight_grad": "fp32", "total_grad": "fp32"}  # the others are bfloat16
WIDE = {"norm_forward": {"x"}, "norm_backward": {"x", "x_grad"}}  # the residual stream is float32
NUMBERS = {"size", "rows", "each", "length", "first"}
ONLY_WITH_ADD = {"branch", "total", "total_grad", "branch_grad"}


def jobs():
    for block, add in itertools.product((1024, 2048, 4096), (False, True)):
        for kernel in ("norm_forward", "norm_backward"):
            yield kernel, {"BLOCK": block, "ADD": add}
    for block, half in itertools.product((512, 1024, 2048), (32, 64)):
        for kernel in ("rotate_forward", "rotate_backward"):
            yield kernel, {"BLOCK": block, "HALF": half}
    for block in (512, 1024, 2048, 4096):
        for kernel in ("gate_forward", "gate_backward"):
            yield kernel, {"BLOCK": block}


def compile_variant(job):
    sys.path.insert(0, str(HERE))
    import rows

    kernel, constants = job
    constants = dict(constants)
    function = getattr(rows, kernel)
    signature, divisors = {}, {"size": 16}
    for name in function.arg_names:
        if name in constants:
            signature[name] = "constexpr"
        elif not constants.get("ADD", True) and name in ONLY_WITH_ADD:
            signature[name] = "constexpr"
            constants[name] = None
        elif name == "epsilon":
            signature[name] = "fp32"
        elif name in NUMBERS:
            signature[name] = "i32"
        else:
            signature[name] = "*" + ("fp32" if name in WIDE.get(kernel, ()) else POINTERS.get(name, "bf16"))
            divisors[name] = 16
    suffix = "-add" if constants.get("ADD") else f"-half{constants['HALF']}" if "HALF" in constants else ""
    options = {"num_warps": 4 if constants["BLOCK"] <= 1024 else 8, "ptx_version": PTX}
    return compile_kernel(function, signature, constants, divisors, CAPABILITY, options, ARCHITECTURE,
                          f"{kernel}{suffix}-{constants['BLOCK']}-{ARCHITECTURE}")


def compile_kernel(function, signature, constants, divisors, capability, options, arch, name):
    """Compiles a variant; returns its manifest entry and its PTX."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    sys.path.insert(0, str(HERE))
    import build

    names = function.arg_names
    attributes = {(names.index(argument),): [["tt.divisibility", value]] for argument, value in divisors.items()}
    compiled = triton.compile(ASTSource(function, signature, constants, attributes), GPUTarget("cuda", capability, 32), options)
    meta = compiled.metadata
    if meta.global_scratch_size or meta.profile_scratch_size:
        raise RuntimeError(f"{name} wants scratch memory")
    # comments, line tables and file names only make the text longer, and would tell where it was built
    ptx = re.sub(r"[ \t]*//[^\n]*", "", compiled.asm["ptx"])
    ptx = re.sub(r"\.section\s+\.debug.*?\n\s*}\n", "", ptx, flags=re.S)
    ptx = re.sub(r"^\s*\.(loc|file)\s[^\n]*\n", "", ptx, flags=re.M)
    ptx = re.sub(r"\n\s*\n+", "\n", ptx).lstrip()
    parameters, _ = build.launch_parameters(signature, names, [])
    build.check_against_ptx(ptx, parameters)
    registers, spills = build.resources(ptx, arch)
    return {"name": name, "entry": meta.name, "threads": 32 * meta.num_warps, "sharedBytes": meta.shared, "parameters": parameters,
            "registers": registers, "spillBytes": spills}, ptx


def source_digest(sources):
    digest = hashlib.sha256()
    for name in sources:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def write(out, jobs, compiler, sources, facts):
    """Compiles all variants and writes them with their manifest."""
    import triton
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.ptx.gz"):
        old.unlink()
    entries = []
    with ProcessPoolExecutor() as pool:
        for entry, ptx in pool.map(compiler, jobs):
            (out / (entry["name"] + ".ptx.gz")).write_bytes(gzip.compress(ptx.encode(), 9, mtime=0))
            entries.append(entry)
            print(f"{entry['name']}: {entry['registers']} registers, {entry['spillBytes']} bytes spilled,"
                  f" {entry['sharedBytes']} bytes shared", flush=True)
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    manifest = {"sources": list(sources), "sourceSha256": source_digest(sources), "triton": triton.__version__, **facts}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1)[:-2] + f',\n "kernels": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    write(Path(sys.argv[1]), list(jobs()), compile_variant, SOURCES,
          {"architectures": {ARCHITECTURE: {"computeCapability": CAPABILITY, "exact": False}}})
