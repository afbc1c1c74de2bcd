"""Launches compiled kernels on PyTorch tensors, from PTX and manifest through the driver API, as the Java side does: for checks and
benchmarks."""

import ctypes
import gzip
import json
from pathlib import Path

import torch


class Driver:
    def __init__(self):
        self.cuda = ctypes.CDLL("libcuda.so.1")
        torch.zeros(1, device="cuda")  # makes PyTorch's context current

    def call(self, name, *arguments):
        code = getattr(self.cuda, name)(*arguments)
        if code:
            text = ctypes.c_char_p()
            self.cuda.cuGetErrorString(code, ctypes.byref(text))
            raise RuntimeError(f"{name}: {text.value}")

    def function(self, image, entry, shared):
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuModuleLoadData", ctypes.byref(module), image)
        self.call("cuModuleGetFunction", ctypes.byref(function), module, entry.encode())
        self.call("cuFuncSetAttribute", function, 8, shared)  # MAX_DYNAMIC_SHARED_SIZE_BYTES
        return function

    def tensor_map(self, shape, tensor):
        """A tiled map of a tensor, axes innermost first. The numbers are CUtensorMapDataType's and, after the swizzle,
        CUtensorMapL2promotion's 128 bytes."""
        element = {torch.float16: 6, torch.float32: 7, torch.bfloat16: 9}[tensor.dtype]
        buffer = ctypes.create_string_buffer(128 + 64)
        address = (ctypes.addressof(buffer) + 63) & ~63
        rank = tensor.dim()
        u64, u32 = ctypes.c_uint64, ctypes.c_uint32
        size = tensor.element_size()
        self.call("cuTensorMapEncodeTiled", ctypes.c_void_p(address), element, rank, ctypes.c_void_p(tensor.data_ptr()),
                  (u64 * rank)(*reversed(tensor.shape)), (u64 * rank)(*[s * size for s in reversed(tensor.stride()[:-1])]),
                  (u32 * rank)(*reversed(shape["box"])), (u32 * rank)(*[1] * rank), 0, shape["swizzle"], 2, 0)
        return buffer, address


class Kernels:
    def __init__(self, folder, arch):
        self.folder, self.arch = Path(folder), arch
        self.driver = Driver()
        self.entries = {e["name"]: e for e in json.loads((self.folder / "manifest.json").read_text())["kernels"]}
        self.functions = {}
        self.recorded = None  # a list collects the launches, to be repeated without preparing them again

    def start(self, name, grid, values):
        entry = self.entries[name]
        if name not in self.functions:
            image = gzip.decompress((self.folder / (name + ".ptx.gz")).read_bytes())
            self.functions[name] = self.driver.function(image, entry["entry"], entry["sharedBytes"])
        keep, pointers = [], []
        for parameter in entry["parameters"]:
            label, kind = parameter.split(":")
            base, _, part = label.partition(".")
            value = values.get(label, values.get(base, 0))
            if kind == "map":
                buffer, address = self.driver.tensor_map(entry["maps"][label], value)
                keep.append(buffer)
                pointers.append(address)
                continue
            if part:
                value = value.shape[int(part[-1])] if part.startswith("size") else value.stride(int(part[-1]))
            elif label.endswith(("_batch", "_head", "_row")):
                tensor, axis = label.rsplit("_", 1)
                value = values[tensor].stride(("batch", "head", "row").index(axis))
            elif kind == "pointer":
                value = value.data_ptr() if value is not None and not isinstance(value, int) else 0
            cell = {"pointer": ctypes.c_uint64, "i64": ctypes.c_int64, "i32": ctypes.c_int32, "f32": ctypes.c_float}[kind](value)
            keep.append(cell)
            pointers.append(ctypes.addressof(cell))
        array = (ctypes.c_void_p * len(pointers))(*pointers)

        def start(keep=(keep, values)):
            if "counter" in values:
                values["counter"].zero_()
            stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
            self.driver.call("cuLaunchKernel", self.functions[name], *grid, entry["threads"], 1, 1,
                             entry["sharedBytes"], stream, array, None)

        start()
        if self.recorded is not None:
            self.recorded.append((name, start))


class Grouped:
    """The experts' products, launched as GroupedMatmulSteps.java does."""

    def __init__(self, kernels, poison=True):
        self.kernels, self.poison = kernels, poison  # poisoned: results that are not written are not numbers
        self.processors = torch.cuda.get_device_properties(0).multi_processor_count

    def plan(self, loads):
        loads = torch.tensor(loads, device="cuda")
        tile = self.kernels.entries[f"rows-{self.kernels.arch}"]["rows"]
        return loads.cumsum(0).int(), ((loads + tile - 1) // tile).cumsum(0).int()

    def fresh(self, *shape, dtype=torch.bfloat16):
        memory = torch.empty(shape, device="cuda", dtype=dtype)
        return memory.fill_(float("nan")) if self.poison else memory

    def start(self, name, column_tiles, row_tiles, matrices, values):
        grid = column_tiles, row_tiles, matrices
        if self.kernels.entries[name]["persistent"]:
            grid = min(column_tiles * row_tiles * matrices, self.processors), 1, 1
        self.kernels.start(name, grid, values)

    def rows(self, array, matrices, plan, transposed):
        ends, tile_ends = plan
        (S, K), E = array.shape, len(ends)
        N = matrices.shape[1 if transposed else 2]
        out = self.fresh(S, N)
        name = f"rows{'-transposed' if transposed else ''}-{self.kernels.arch}"
        entry = self.kernels.entries[name]
        self.start(name, -(-N // entry["columns"]), S // entry["rows"] + E, 1, dict(
            array=array, matrices=matrices, out=out, ends=ends, tile_ends=tile_ends, experts=E, N=N, K=K))
        return out

    def matrices(self, left, right, plan, out=None, wide=False):
        """out: float32 sums to which the products are added; wide: whether new ones are float32."""
        E, M, N = len(plan[0]), left.shape[1], right.shape[1]
        name = "matrices" + ("-fp32" if wide else "") if out is None else "matrices-fp32-add"
        name += f"-{self.kernels.arch}"
        out = self.fresh(E, M, N, dtype=torch.float32 if wide else torch.bfloat16) if out is None else out
        entry = self.kernels.entries[name]
        self.start(name, -(-N // entry["columns"]), -(-M // entry["rows"]), E, dict(
            left=left, right=right, out=out, ends=plan[0], experts=E, M=M, N=N))
        return out

    def dispatch(self, array, places):
        """places [T, slots]: the row of each of a token's slots."""
        (T, size), slots = array.shape, places.shape[1]
        out = self.fresh(T * slots, size)
        block = max(1024, 1 << (size - 1).bit_length())
        self.kernels.start(f"spread_rows-{block}-{self.kernels.arch}", (T, 1, 1), dict(array=array, places=places, out=out, slots=slots, size=size))
        return out
