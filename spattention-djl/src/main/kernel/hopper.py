"""What the kernels for compute capability 9.0 share (`banded_attention_hopper.py`, `grouped_matmul_hopper.py`): how tiles lie in registers
and in memory, and the ring of places in shared memory into which the tensor memory accelerator copies."""

from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import mbarrier


@gluon.constexpr_function
def product(columns, warps=4):
    """The result of a product of 16 rows for each warp."""
    return gl.NVMMADistributedLayout(version=[3, 0], warps_per_cta=[warps, 1], instr_shape=[16, columns, 16])


@gluon.constexpr_function
def by_row(layout):
    return gl.SliceLayout(1, layout)


@gluon.constexpr_function
def by_column(layout):
    return gl.SliceLayout(0, layout)


@gluon.constexpr_function
def in_memory(columns, warps=4):
    """As a tile is read from and written to memory: 16 bytes a thread."""
    threads = min(32, columns // 8)
    return gl.BlockedLayout([1, 8], [32 // threads, threads], [warps, 1], [1, 0])


@gluon.jit
def places(source, STAGES: gl.constexpr):
    """Shared memory for STAGES tiles of a tensor map."""
    return gl.allocate_shared_memory(source.dtype, [STAGES] + source.block_shape, source.layout)


@gluon.jit
def barriers(COUNT: gl.constexpr, ARRIVALS: gl.constexpr = 1):
    """Barriers that so many arrivals complete, of the accelerator or of a group of warps."""
    made = gl.allocate_shared_memory(gl.int64, [COUNT, 1], mbarrier.MBarrierLayout())
    for i in gl.static_range(COUNT):
        mbarrier.init(made.index(i), count=ARRIVALS)
    return made


@gluon.jit
def end_barriers(ready):
    """To be called at a kernel's end for every barrier. The compiler gives the memory of what is not used any more to others, a barrier's
    after the last wait for it. But something writes to a barrier even then: numbers that lay there were seen to change, now and then on a full
    GPU, more often where other processes shared it."""
    COUNT: gl.constexpr = ready.shape[0]
    for i in gl.static_range(COUNT):
        mbarrier.invalidate(ready.index(i))


@gluon.jit
def next_place(stage, phase, STAGES: gl.constexpr):
    """The place after this one in a ring, and its barrier's phase."""
    wraps = stage == STAGES - 1
    return gl.where(wraps, 0, stage + 1), gl.where(wraps, phase ^ 1, phase)
