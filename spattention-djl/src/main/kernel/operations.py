#!/usr/bin/env python3
"""Compiles the kernels of the operations that lie in folders of their own to PTX, in every variant, each with a manifest.

    python3 operations.py OUT [OPERATION ...]

OUT in the repository: spattention-djl/src/main/resources/ai/spattention; each operation's kernels go to its folder there. Run this
after each change of a source: a unit test compares their digest with the manifest's.

An operation's `variants.py` says what is compiled: POINTERS and NUMBERS are the types of its arguments, DIVISORS what Java guarantees
of numbers, and `jobs()` gives each variant's name, kernel, constants and number of warps.
"""

import importlib.util
import sys
from pathlib import Path

import ptx

ARCHITECTURE = "sm_80"  # nothing here needs newer instructions, and its code runs on everything newer
OPERATIONS = ("adamw", "attention", "embedding", "query_key_rotary", "rms_norm", "router")


def module(operation, name):
    path = ptx.HERE / operation / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{operation}.{name}", path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def compile_variant(job):
    operation, name, kernel, constants, warps = job
    variants = module(operation, "variants")
    list(variants.jobs())  # fills UNUSED
    function = getattr(module(operation, variants.SOURCE), kernel)
    constants = dict(constants)
    types = {key: constants.pop(key) for key in list(constants) if key in variants.TYPE_CHOICES}
    signature, divisors = {}, {}
    for argument in function.arg_names:
        if argument in constants:
            continue
        if argument in variants.UNUSED.get(name, ()):
            constants[argument] = None
        elif argument in variants.NUMBERS:
            signature[argument] = variants.NUMBERS[argument]
            if argument in variants.DIVISORS:
                divisors[argument] = variants.DIVISORS[argument]
        else:
            kind = variants.POINTERS[argument]
            signature[argument] = "*" + types.get(kind, kind)
            if argument not in variants.UNALIGNED:
                divisors[argument] = 16
    return ptx.compile_kernel(function, f"{name}-{ARCHITECTURE}", ARCHITECTURE, signature, constants, divisors, {"num_warps": warps})


if __name__ == "__main__":
    for operation in sys.argv[2:] or OPERATIONS:
        jobs = [(operation, *job) for job in module(operation, "variants").jobs()]
        source = module(operation, "variants").SOURCE
        ptx.write(Path(sys.argv[1]) / operation.replace("_", ""), jobs, compile_variant,
                  (f"{operation}/{source}.py", f"{operation}/variants.py", "operations.py", "ptx.py"))
