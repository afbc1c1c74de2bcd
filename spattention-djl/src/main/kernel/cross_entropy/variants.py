"""What is compiled of `cross_entropy.py`."""

from ptx import Job

SOURCES = ("cross_entropy/cross_entropy.py",)
POINTERS = {"logits": "bf16", "targets": "i64", "losses": "fp32", "count": "fp32", "loss": "fp32"}
NUMBERS = {"first": "i32", "size": "i32", "T": "i32"}
DIVISORS = {"size": 8}


def jobs():
    yield Job("cross_entropy", "cross_entropy", {"BLOCK": 4096}, 8)
    yield Job("count_targets", "count_targets", {"BLOCK": 1024}, 4)
    yield Job("mean_loss", "mean_loss", {"BLOCK": 1024}, 4)
