#!/usr/bin/env python3
"""Compiles the kernels of operations to PTX, in every variant, each operation's with a manifest that tells Java how to launch them.

    python3 build.py OUT [OPERATION ...]

OUT in the repository: spattention-djl/src/main/resources/ai/spattention; each operation's kernels go to its folder there. Run this
after each change of a source: a unit test compares their digest with the manifest's.

An operation is a folder here. Its `variants.py` says what is compiled: SOURCES are the files that the code is made of, the first the
kernels' own; POINTERS and NUMBERS are the types of kernels' arguments; DIVISORS what Java guarantees of numbers, and of pointers where
it is not 16; and `jobs()` gives each variant (`ptx.Job`). Files of a folder may import each other, and those here.
"""

import importlib.util
import sys
from pathlib import Path

import ptx

OPERATIONS = tuple(sorted(path.parent.name for path in ptx.HERE.glob("*/variants.py")))


def module(operation, name):
    sys.path.insert(0, str(ptx.HERE / operation))  # for what its files share
    path = ptx.HERE / operation / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{operation}.{name}", path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def compile_variant(task):
    operation, job = task
    variants = module(operation, "variants")
    function = getattr(module(operation, job.source or Path(variants.SOURCES[0]).stem), job.kernel)
    constants = job.constants | dict.fromkeys(job.unused)
    guaranteed = variants.DIVISORS | job.divisors
    signature, divisors = {}, {}
    for argument in function.arg_names:
        if argument in constants:
            continue
        if argument in variants.NUMBERS:
            signature[argument] = variants.NUMBERS[argument]
            if argument in guaranteed:
                divisors[argument] = guaranteed[argument]
        elif argument in job.maps:
            signature[argument] = job.maps[argument]
        else:
            signature[argument] = "*" + job.types.get(argument, variants.POINTERS[argument])
            divisors[argument] = guaranteed.get(argument, 16)
    options = {"num_warps": job.warps} | ({"num_stages": job.stages} if job.stages else {})
    entry, text = ptx.compile_kernel(function, f"{job.name}-{job.arch}", job.arch, signature, constants, divisors, options)
    return entry | job.facts, text


if __name__ == "__main__":
    for operation in sys.argv[2:] or OPERATIONS:
        variants = module(operation, "variants")
        ptx.write(Path(sys.argv[1]) / operation.replace("_", ""), [(operation, job) for job in variants.jobs()], compile_variant,
                  (*variants.SOURCES, f"{operation}/variants.py", "build.py", "ptx.py"))
