"""What kernels on whole rows share (`rms_norm`, `query_key_rotary`, `swiglu`): rows begin `pitch` numbers apart, and are computed with in
float32."""

import triton
import triton.language as tl


@triton.jit
def load_row(pointer, row, pitch, columns, inside):
    return tl.load(pointer + tl.cast(row, tl.int64) * pitch + columns, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def store_row(pointer, row, pitch, columns, inside, values):
    tl.store(pointer + tl.cast(row, tl.int64) * pitch + columns, values.to(pointer.dtype.element_ty), mask=inside)
