"""What is compiled of `embedding.py`."""

from ptx import Job

SOURCES = ("embedding/embedding.py",)
POINTERS = {"tokens": "i64", "high": "i16", "low": "i16", "x": "fp32", "links": "i32", "x_grad": "fp32", "out": "fp32"}
NUMBERS = {"V": "i32", "size": "i32", "T": "i32", "left_out": "i32"}
DIVISORS = {"size": 16}


def jobs():
    yield Job("embedding_forward", "embedding_forward", {"BLOCK": 1024}, 4)
    yield Job("embedding_links", "embedding_links", {"TILE": 64}, 4)
    yield Job("embedding_firsts", "embedding_firsts", {"TILE": 1024}, 4)
    yield Job("embedding_backward", "embedding_backward", {"BLOCK": 512}, 4)
