#!/usr/bin/env python3
"""Compiles grouped.py, and the products of grouped_hopper.py for compute capability 9.0, to PTX, in every variant, with a manifest
that tells Java how to launch it.

    python3 build_grouped.py OUT

OUT in the repository: spattention-djl/src/main/resources/ai/spattention/grouped. Run this after each change of the sources or of
this file: a unit test compares their digest with the manifest's.
"""

import sys
from pathlib import Path

import ptx

SOURCES = ("grouped.py", "grouped_hopper.py", "hopper.py", "build_grouped.py", "ptx.py")
# rows, columns, step, warps, stages; shared memory on sm_80 stays under the 99 KB of the smaller chips
TILES = {"sm_90a": (128, 256, 64, 8, 3), "sm_80": (128, 128, 32, 8, 3)}
POINTERS = {"ends": "i32", "tile_ends": "i32", "places": "i32"}  # the others are bfloat16
NUMBERS = {"experts", "slots", "N", "K", "M", "size"}
DIVISORS = {"N": 16, "K": 64, "M": 16, "size": 16}
MOST_EXPERTS = 256


def jobs():
    for arch in TILES:
        for transposed in (False, True):
            yield arch, "rows", {"EXPERTS": MOST_EXPERTS, "TRANSPOSED": transposed}, f"rows{'-transposed' if transposed else ''}"
        for out, add in (("bf16", False), ("fp32", False), ("fp32", True)):
            constants = {"OUT": out, "ADD": add} | ({"EXPERTS": MOST_EXPERTS} if arch == "sm_90a" else {})
            yield arch, "matrices", constants, "matrices" + ("" if out == "bf16" else "-fp32") + ("-add" if add else "")
        for block in (1024, 2048, 4096):
            for kernel in ("spread_rows", "sum_slots"):
                yield arch, kernel, {"BLOCK": block}, f"{kernel}-{block}"


def tensor_maps(height, width, step, transposed):
    """The tiles of the factors, as `grouped_hopper.py` copies them."""
    tiles = {"array": (height, step), "matrices": (1, width, step) if transposed else (1, step, width),
             "left": (step, height), "right": (step, width)}
    return {name: f"tensordesc<bf16[{','.join(map(str, tile))}],"
                  f"NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank={len(tile)})>" for name, tile in tiles.items()}


def compile_variant(job):
    import grouped
    import grouped_hopper

    arch, kernel, constants, name = job
    is_product = "BLOCK" not in constants
    tuned = is_product and arch == "sm_90a"
    function = getattr(grouped_hopper if tuned else grouped, kernel)
    maps, facts = {}, {}
    options = {"num_warps": 4 if constants.get("BLOCK") == 1024 else 8}
    constants = dict(constants)
    out = constants.pop("OUT", "bf16")
    if is_product:
        height, width, step, warps, stages = TILES[arch]
        constants.update(ROWS=height, COLUMNS=width, STEP=step)
        options = {"num_warps": warps, "num_stages": stages}
        facts = {"rows": height, "columns": width, "persistent": tuned}
        if tuned:
            if out == "fp32":
                stages += 1  # there is room: results need no place on their way out
            constants["STAGES"] = stages
            maps = tensor_maps(height, width, step, constants.get("TRANSPOSED"))
    signature, divisors = {}, {}
    for argument in function.arg_names:
        if argument in constants:
            continue
        if argument in maps:
            signature[argument] = maps[argument]
        elif argument in NUMBERS:
            signature[argument] = "i32"
            if argument in DIVISORS:
                divisors[argument] = DIVISORS[argument]
        else:
            signature[argument] = "*" + (out if argument == "out" else POINTERS.get(argument, "bf16"))
            divisors[argument] = 16
    entry, text = ptx.compile_kernel(function, f"{name}-{arch}", arch, signature, constants, divisors, options)
    return entry | facts, text


if __name__ == "__main__":
    ptx.write(Path(sys.argv[1]), list(jobs()), compile_variant, SOURCES)
