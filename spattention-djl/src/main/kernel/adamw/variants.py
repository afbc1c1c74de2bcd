"""What is compiled of `adamw.py`."""

from ptx import Job

SOURCES = ("adamw/adamw.py",)
POINTERS = {"grads": "fp32", "sums": "fp32", "parts": "fp64", "loss": "fp32", "rates": "fp32", "updates": "i64", "state": "fp32",
            "high": "i16", "low": "i16", "weights": "fp32", "means": "fp32", "variances": "fp32"}
NUMBERS = {"count": "i64", "each": "i32", "programs": "i32", "divisor": "fp32", "max_norm": "fp32", "log2_beta1": "fp32",
           "log2_beta2": "fp32", "beta1": "fp32", "beta2": "fp32", "epsilon": "fp32", "decay": "fp32"}
DIVISORS = {"count": 16, "each": 16, "loss": 4}


def jobs():
    yield Job("add_gradients", "add_gradients", {"BLOCK": 1024}, 4)
    yield Job("square_parts", "square_parts", {"BLOCK": 2048}, 8)
    yield Job("begin_update", "begin_update", {"BLOCK": 1024}, 4)
    for moment in ("fp32", "bf16"):
        for kernel in ("adamw_split", "adamw_plain"):
            yield Job(f"{kernel}-{moment}", kernel, {"BLOCK": 1024}, 4, types={"means": moment, "variances": moment})
