"""What is compiled of `query_key_rotary.py`."""

from ptx import Job

SOURCES = ("query_key_rotary/query_key_rotary.py", "row.py")
POINTERS = {"x": "bf16", "y": "bf16", "y_grad": "bf16", "x_grad": "bf16", "weight": "fp32", "cos": "fp32", "sin": "fp32", "root": "fp32",
            "parts": "fp32"}
NUMBERS = {"x_pitch": "i32", "x_grad_pitch": "i32", "T": "i32", "size": "i32", "length": "i32", "first": "i32", "each": "i32",
           "epsilon": "fp32"}
DIVISORS = {"size": 16, "x_pitch": 16, "x_grad_pitch": 16}


def jobs():
    for block in (512, 1024, 2048):
        for half in (16, 32, 64, 128):
            for kernel in ("rotary_forward", "rotary_backward"):
                yield Job(f"{kernel}-half{half}-{block}", kernel, {"BLOCK": block, "HALF": half}, 4 if block <= 1024 else 8)
