"""What is compiled of `swiglu.py`."""

from ptx import Job

SOURCES = ("swiglu/swiglu.py", "row.py")
POINTERS = {"both": "bf16", "row_weight": "fp32", "inner": "bf16", "inner_grad": "bf16", "both_grad": "bf16", "row_weight_grad": "fp32"}
NUMBERS = {"size": "i32"}
DIVISORS = {"size": 16}


def jobs():
    for block in (512, 1024, 2048, 4096):
        for kernel in ("swiglu_forward", "swiglu_backward"):
            yield Job(f"{kernel}-{block}", kernel, {"BLOCK": block}, 4 if block <= 1024 else 8)
