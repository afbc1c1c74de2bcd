#!/usr/bin/env python3
"""Compiles rows.py to PTX, in every variant, with a manifest that tells Java how to launch it.

    python3 build_rows.py OUT

OUT in the repository: spattention-djl/src/main/resources/ai/spattention/row. Run this after each change of the sources or of this
file: a unit test compares their digest with the manifest's.
"""

import itertools
import sys
from pathlib import Path

import ptx

SOURCES = ("rows.py", "build_rows.py", "ptx.py")
ARCHITECTURE = "sm_80"  # nothing here needs newer instructions, and its code runs on everything newer

POINTERS = {"total": "fp32", "root": "fp32", "weight": "fp32", "weight_grad": "fp32", "cos": "fp32", "sin": "fp32",
            "row_weight": "fp32", "row_weight_grad": "fp32", "total_grad": "fp32", "losses": "fp32", "count": "fp32", "loss": "fp32",
            "targets": "i64"}  # the others are bfloat16
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
    yield "cross_entropy", {"BLOCK": 4096}
    yield "count_targets", {"BLOCK": 1024}
    yield "mean_loss", {"BLOCK": 1024}


def compile_variant(job):
    import rows

    kernel, constants = job
    constants = dict(constants)
    function = getattr(rows, kernel)
    signature, divisors = {}, {}
    if "size" in function.arg_names:
        divisors["size"] = 8 if kernel == "cross_entropy" else 16
    for name in function.arg_names:
        if name in constants:
            continue
        if not constants.get("ADD", True) and name in ONLY_WITH_ADD:
            constants[name] = None
        elif name == "epsilon":
            signature[name] = "fp32"
        elif name in NUMBERS:
            signature[name] = "i32"
        else:
            signature[name] = "*" + ("fp32" if name in WIDE.get(kernel, ()) else POINTERS.get(name, "bf16"))
            divisors[name] = 16
    suffix = "-add" if constants.get("ADD") else f"-half{constants['HALF']}" if "HALF" in constants else ""
    return ptx.compile_kernel(function, f"{kernel}{suffix}-{constants['BLOCK']}-{ARCHITECTURE}", ARCHITECTURE, signature, constants,
                              divisors, {"num_warps": 4 if constants["BLOCK"] <= 1024 else 8})


if __name__ == "__main__":
    ptx.write(Path(sys.argv[1]), list(jobs()), compile_variant, SOURCES)
