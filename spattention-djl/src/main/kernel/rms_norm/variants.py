"""What is compiled of `rms_norm.py`."""

from ptx import Job

SOURCES = ("rms_norm/rms_norm.py", "row.py")
POINTERS = {"x": "fp32", "branch": "bf16", "rows": "bf16", "places": "i32", "weight": "fp32", "total": "fp32", "y": "bf16", "root": "fp32",
            "y_grad": "bf16", "total_grad": "fp32", "x_grad": "fp32", "branch_grad": "bf16", "parts": "fp32", "out": "fp32"}
NUMBERS = {"size": "i32", "slots": "i32", "T": "i32", "each": "i32", "count": "i32", "pitch": "i32", "epsilon": "fp32"}
DIVISORS = {"size": 16, "pitch": 16}
OF_SLOTS = ("rows", "places", "slots")


def jobs():
    for block in (1024, 2048, 4096):
        warps = 4 if block <= 1024 else 8
        for summed, unused in (("nothing", ("branch", *OF_SLOTS, "total")), ("branch", OF_SLOTS), ("slots", ("branch",)),
                               ("many slots", ("branch",))):
            yield Job(f"norm_forward-{summed.replace(' ', '_')}-{block}", "norm_forward", {"BLOCK": block, "SUM": summed}, warps, unused)
        yield Job(f"norm_again-{block}", "norm_again", {"BLOCK": block}, warps)
        for name, slots, many, add, branch in (("alone", False, False, False, False), ("last", False, False, False, True),
                                               ("branch", False, False, True, True), ("slots", True, False, True, True),
                                               ("many_slots", True, True, True, True)):
            unused = (() if slots else OF_SLOTS) + (() if add else ("total_grad",)) + (() if branch else ("branch_grad",))
            yield Job(f"norm_backward-{name}-{block}", "norm_backward", {"BLOCK": block, "SLOTS": slots, "MANY": many, "ADD": add,
                      "BRANCH": branch, "STAGES": 2 if block < 4096 else 1}, warps, unused)
    for add in (False, True):
        yield Job("sum_parts" + ("-add" if add else ""), "sum_parts", {"BLOCK": 32, "PARTS": 128, "ADD": add}, 4)
