"""What the operations' checks share: their kernels run on a GPU, where there is one, else in Triton's interpreter on a CPU. A check imports
this before anything of Triton's.

    cd OPERATION && python3 -W ignore check_OPERATION.py
"""

import os

import torch

if torch.cuda.is_available():
    torch.set_default_device("cuda")
else:
    os.environ["TRITON_INTERPRET"] = "1"
    import interpret
    interpret.install()
torch.manual_seed(0)

ROUNDED = 8e-3  # what bfloat16 may lose: the interpreter cuts numbers off
SINGLE = 1e-5  # what float32 sums may


def unwritten(*shape, dtype=torch.float32):
    """Memory for a result, with numbers that no kernel would write."""
    return torch.full(shape, 77, dtype=dtype)


def halves(*shape):
    """Random bfloat16 numbers."""
    return torch.randn(*shape).bfloat16()


def relative_error(actual, expected):
    return ((actual.double() - expected).norm() / (expected.norm() + 1e-30)).item()


def require(what, actual, expected, limit):
    """The norm of the difference is at most so much of the norm; limit 0: the same numbers."""
    error = relative_error(actual, expected.double())
    if not error <= limit:  # NaN is not good
        raise SystemExit(f"WRONG {what}: relative error {error}, at most {limit}")
