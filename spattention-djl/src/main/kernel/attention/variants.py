"""What is compiled of `shared_heads.py`."""

from ptx import Job

SOURCES = ("attention/shared_heads.py",)
POINTERS = {"array": "bf16", "out": "bf16"}
NUMBERS = {"out_pitch": "i32", "heads": "i32", "group": "i32"}
DIVISORS = {"out_pitch": 16}


def jobs():
    for size in (32, 64, 128, 256):
        yield Job(f"sum_shared_heads-d{size}", "sum_shared_heads", {"D": size, "HEADS": 512 // size}, 4)
