#!/usr/bin/env python3
"""Compiles grouped.py to PTX, in every variant, with a manifest that tells Java how to launch it.

    python3 build_grouped.py OUT      needs the package triton, no GPU

OUT in the repository: spattention-djl/src/main/resources/ai/spattention/grouped. Run this after each change of grouped.py, of this
file or of build_rows.py, whose helpers it uses: a unit test compares their digest with the manifest's.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import build_rows  # noqa: E402

SOURCES = ("grouped.py", "build_grouped.py", "build_rows.py")
# sm_90a has the tensor-core instructions of its own generation; shared memory on sm_80 stays under the 99 KB of the smaller chips
ARCHITECTURES = {"sm_90a": (90, 80), "sm_80": (80, 76)}
TILES = {"sm_90a": (128, 256, 64, 8, 3), "sm_80": (128, 128, 32, 8, 3)}  # rows, columns, step, warps, stages
POINTERS = {"tokens": "i32", "ends": "i32", "tile_ends": "i32", "places": "i32"}  # the others are bfloat16
NUMBERS = {"experts", "slots", "N", "K", "M", "size"}
DIVISORS = {"N": 16, "K": 64, "M": 16, "size": 16}
MOST_EXPERTS = 256


def jobs():
    for arch, (height, width, step, warps, stages) in TILES.items():
        tile = {"ROWS": height, "COLUMNS": width, "STEP": step}
        options = {"num_warps": warps, "num_stages": stages}
        for gather in (False, True):
            for transposed in (False, True):
                yield (arch, "rows", dict(tile, EXPERTS=MOST_EXPERTS, GATHER=gather, TRANSPOSED=transposed), options,
                       f"rows{'-gather' if gather else ''}{'-transposed' if transposed else ''}")
        for left in (False, True):
            yield (arch, "matrices", dict(tile, GATHER_LEFT=left, GATHER_RIGHT=not left), options,
                   f"matrices-gather-{'left' if left else 'right'}")
        for block in (1024, 2048, 4096):
            yield arch, "sum_slots", {"BLOCK": block}, {"num_warps": 4 if block == 1024 else 8}, f"sum_slots-{block}"


def compile_variant(job):
    import grouped

    arch, kernel, constants, options, name = job
    function = getattr(grouped, kernel)
    signature, divisors = {}, {}
    constants = dict(constants)
    for argument in function.arg_names:
        if argument in constants:
            signature[argument] = "constexpr"
        elif argument == "tokens" and not constants.get("GATHER", True):
            signature[argument] = "constexpr"
            constants[argument] = None
        elif argument in NUMBERS:
            signature[argument] = "i32"
            if argument in DIVISORS:
                divisors[argument] = DIVISORS[argument]
        else:
            signature[argument] = "*" + POINTERS.get(argument, "bf16")
            divisors[argument] = 16
    capability, ptx = ARCHITECTURES[arch]
    entry, code = build_rows.compile_kernel(function, signature, constants, divisors, capability, dict(options, ptx_version=ptx),
                                            arch, f"{name}-{arch}")
    entry.update(rows=constants.get("ROWS", 0), columns=constants.get("COLUMNS", 0))
    return entry, code


if __name__ == "__main__":
    build_rows.write(Path(sys.argv[1]), list(jobs()), compile_variant, SOURCES,
                     {"architectures": {arch: {"computeCapability": a[0], "exact": arch.endswith("a")}
                                        for arch, a in ARCHITECTURES.items()}})
