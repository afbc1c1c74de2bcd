"""What is compiled of `adamw.py`."""

SOURCE = "adamw"
POINTERS = {"grads": "fp32", "parts": "fp64", "loss": "fp32", "rates": "fp32", "updates": "i64", "state": "fp32", "high": "i16", "low": "i16",
            "weights": "fp32", "means": "moment", "variances": "moment"}
NUMBERS = {"count": "i64", "each": "i32", "programs": "i32", "divisor": "fp32", "max_norm": "fp32", "log2_beta1": "fp32", "log2_beta2": "fp32", "beta1": "fp32",
           "beta2": "fp32", "epsilon": "fp32", "decay": "fp32"}
DIVISORS = {"count": 16, "each": 16}
TYPE_CHOICES = ("moment",)
UNALIGNED = {"loss"}
UNUSED = {}


def jobs():
    yield "square_parts", "square_parts", {"BLOCK": 2048}, 8
    yield "begin_update", "begin_update", {"BLOCK": 1024}, 4
    for moment in ("fp32", "bf16"):
        for kernel in ("adamw_split", "adamw_plain"):
            yield f"{kernel}-{moment}", kernel, {"BLOCK": 1024, "moment": moment}, 4
    for kernel in ("split", "join"):
        yield kernel, kernel, {"BLOCK": 1024}, 4
