"""What is compiled of `grouped_matmul.py`, and of its products for compute capability 9.0 in `grouped_matmul_hopper.py`."""

from ptx import Job

SOURCES = ("grouped_matmul/grouped_matmul.py", "grouped_matmul/grouped_matmul_hopper.py", "hopper.py")
POINTERS = {"array": "bf16", "matrices": "bf16", "left": "bf16", "right": "bf16", "out": "bf16", "ends": "i32", "tile_ends": "i32",
            "places": "i32"}
NUMBERS = dict.fromkeys(("experts", "slots", "N", "K", "M", "size"), "i32")
DIVISORS = {"N": 16, "K": 64, "M": 16, "size": 16}

# rows, columns, step, warps, stages; shared memory on sm_80 stays under the 99 KB of the smaller chips
TILES = {"sm_90a": (128, 256, 64, 8, 3), "sm_80": (128, 128, 32, 8, 3)}
MOST_EXPERTS = 256


def jobs():
    for arch in TILES:
        for transposed in (False, True):
            yield product(arch, "rows" + ("-transposed" if transposed else ""), "rows",
                          {"EXPERTS": MOST_EXPERTS, "TRANSPOSED": transposed})
        for out, add in (("bf16", False), ("fp32", False), ("fp32", True)):
            constants = {"ADD": add} | ({"EXPERTS": MOST_EXPERTS} if arch == "sm_90a" else {})
            yield product(arch, "matrices" + ("" if out == "bf16" else "-fp32") + ("-add" if add else ""), "matrices", constants, out)
        for block in (1024, 2048, 4096):
            for kernel in ("spread_rows", "sum_slots"):
                yield Job(f"{kernel}-{block}", kernel, {"BLOCK": block}, 4 if block == 1024 else 8, arch=arch)


def product(arch, name, kernel, constants, out="bf16"):
    height, width, step, warps, stages = TILES[arch]
    constants = constants | {"ROWS": height, "COLUMNS": width, "STEP": step}
    facts = {"rows": height, "columns": width, "persistent": arch == "sm_90a"}
    if arch != "sm_90a":
        return Job(name, kernel, constants, warps, types={"out": out}, arch=arch, stages=stages, facts=facts)
    # results in float32 need no place on their way out: there is room for another stage
    constants["STAGES"] = stages + (out == "fp32")
    return Job(name, kernel, constants, warps, types={"out": out}, arch=arch, source="grouped_matmul_hopper", stages=stages,
               maps=tensor_maps(height, width, step, constants.get("TRANSPOSED")), facts=facts)


def tensor_maps(height, width, step, transposed):
    """The tiles of the factors, as `grouped_matmul_hopper.py` copies them."""
    tiles = {"array": (height, step), "matrices": (1, width, step) if transposed else (1, step, width),
             "left": (step, height), "right": (step, width)}
    return {name: f"tensordesc<bf16[{','.join(map(str, tile))}],"
                  f"NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank={len(tile)})>" for name, tile in tiles.items()}
