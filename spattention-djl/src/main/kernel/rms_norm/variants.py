"""What is compiled of `rms_norm.py`."""

from ptx import Job

SOURCES = ("rms_norm/rms_norm.py", "row.py")
POINTERS = {"x": "fp32", "branch": "bf16", "rows": "bf16", "places": "i32", "weight": "fp32", "total": "fp32", "y": "bf16", "root": "fp32",
            "y_grad": "bf16", "total_grad": "fp32", "x_grad": "fp32", "branch_grad": "bf16", "parts": "fp32", "out": "fp32"}
NUMBERS = {"size": "i32", "slots": "i32", "T": "i32", "each": "i32", "count": "i32", "pitch": "i32", "epsilon": "fp32"}
DIVISORS = {"size": 16, "pitch": 16}
OF_SLOTS = ("rows", "places", "slots")


def stages(block, few_loads):
    """As measured: a row ahead, two where there is room, none where rows are long."""
    return 1 if block == 4096 else 3 if block == 2048 and few_loads else 2


def jobs():
    for block in (1024, 2048, 4096):
        warps = 4 if block <= 1024 else 8
        for name, summed, unused in (("nothing", "nothing", ("branch", *OF_SLOTS, "total")), ("branch", "branch", OF_SLOTS),
                                     ("branch_unwritten", "branch", (*OF_SLOTS, "total")), ("slots", "slots", ()),
                                     ("many_slots", "many slots", ())):
            yield Job(f"norm_forward-{name}-{block}", "norm_forward", {"BLOCK": block, "SUM": summed, "WRITE": "total" not in unused}, warps,
                      unused)
        for name, slots, many, add, branch, again in (("alone", False, False, False, False, False), ("last", False, False, False, True, False),
                                                      ("branch", False, False, True, True, False), ("again", False, False, True, True, True),
                                                      ("slots", True, False, True, True, True), ("many_slots", True, True, True, True, True)):
            unused = ((() if slots else ("branch", *OF_SLOTS)) + (() if add else ("total_grad",)) + (() if branch else ("branch_grad",))
                      + (() if again else ("y",)))
            yield Job(f"norm_backward-{name}-{block}", "norm_backward", {"BLOCK": block, "SLOTS": slots, "MANY": many, "ADD": add,
                      "BRANCH": branch, "AGAIN": again, "STAGES": stages(block, again and not slots)}, warps, unused)
    for add in (False, True):
        yield Job("sum_parts" + ("-add" if add else ""), "sum_parts", {"BLOCK": 32, "PARTS": 128, "ADD": add}, 4)
