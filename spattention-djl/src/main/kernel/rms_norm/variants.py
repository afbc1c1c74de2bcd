"""What is compiled of `rms_norm.py`."""

SOURCE = "rms_norm"
POINTERS = {"x": "fp32", "branch": "bf16", "rows": "bf16", "places": "i32", "weight": "fp32", "total": "fp32", "y": "bf16", "root": "fp32",
            "y_grad": "bf16", "total_grad": "fp32", "x_grad": "fp32", "branch_grad": "bf16", "parts": "fp32", "out": "fp32"}
NUMBERS = {"size": "i32", "slots": "i32", "T": "i32", "each": "i32", "count": "i32", "pitch": "i32", "epsilon": "fp32"}
DIVISORS = {"size": 16, "pitch": 16}
TYPE_CHOICES = ()
UNALIGNED = set()
UNUSED = {}


def jobs():
    for block in (1024, 2048, 4096):
        warps = 4 if block <= 1024 else 8
        for summed, unused in (("nothing", ("branch", "rows", "places", "total", "slots")), ("branch", ("rows", "places", "slots")),
                               ("slots", ("branch",)), ("many slots", ("branch",))):
            name = f"norm_forward-{summed.replace(' ', '_')}-{block}"
            UNUSED[name] = unused
            yield name, "norm_forward", {"BLOCK": block, "SUM": summed}, warps
        yield f"norm_again-{block}", "norm_again", {"BLOCK": block}, warps
        for name, slots, many, add in (("last", False, False, False), ("branch", False, False, True), ("slots", True, False, True),
                                       ("many_slots", True, True, True)):
            name = f"norm_backward-{name}-{block}"
            UNUSED[name] = (() if slots else ("rows", "places", "slots")) + (() if add else ("total_grad",))
            yield name, "norm_backward", {"BLOCK": block, "SLOTS": slots, "MANY": many, "ADD": add, "STAGES": 2 if block < 4096 else 1}, warps
    for add in (False, True):
        yield "sum_parts" + ("-add" if add else ""), "sum_parts", {"BLOCK": 32, "PARTS": 128, "ADD": add}, 4
