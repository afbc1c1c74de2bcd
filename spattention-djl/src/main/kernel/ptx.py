"""Compiles kernels ahead to PTX and writes them with a manifest that tells Java how to launch them, for `build.py`.

Needs the package triton (3.6.0 made what is in the repository) on Linux x86-64, and no GPU.
"""

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # for the processes that compile

# PTX 8.0 is the first with sm_90a's instructions. A driver reads PTX of its own version and older ones, so that a low version
# lets older drivers in.
ARCHITECTURES = {
    "sm_90a": {"capability": 90, "ptx": 80, "driver": "525.60"},
    "sm_80": {"capability": 80, "ptx": 76, "driver": "515.43"},
}


@dataclass(frozen=True)
class Job:
    """A variant of a kernel: its name without the architecture, and how it is compiled."""
    name: str
    kernel: str
    constants: dict
    warps: int
    unused: tuple = ()  # arguments that the variant does not look at
    types: dict = field(default_factory=dict)  # of pointers, where variants differ
    arch: str = "sm_80"  # whose code runs on everything newer
    source: str | None = None  # the file that has the kernel, where it is not the operation's first
    stages: int | None = None  # Triton's own choice
    maps: dict = field(default_factory=dict)  # the types of tensor maps
    divisors: dict = field(default_factory=dict)  # what Java guarantees of arguments, where variants differ
    facts: dict = field(default_factory=dict)  # further entries of the manifest


def compile_kernel(function, name, arch, signature, constants, divisors, options):
    """Compiles a variant; returns its manifest entry and its PTX. signature: the type of each argument that is no constant;
    divisors: what Java guarantees of pointers and numbers."""
    os.environ["TRITON_DISABLE_LINE_INFO"] = "1"
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from triton.experimental.gluon._runtime import GluonASTSource, GluonJITFunction

    names = function.arg_names
    full = {argument: "constexpr" if argument in constants else signature[argument] for argument in names}
    attributes = {(names.index(argument),): [["tt.divisibility", value]] for argument, value in divisors.items()}
    source = (GluonASTSource if isinstance(function, GluonJITFunction) else ASTSource)(function, full, constants, attributes)
    target = ARCHITECTURES[arch]
    compiled = triton.compile(source, GPUTarget("cuda", target["capability"], 32), options | {"ptx_version": target["ptx"]})
    meta = compiled.metadata
    if meta.global_scratch_size or meta.profile_scratch_size:
        raise RuntimeError(f"{name} wants scratch memory")
    text = re.sub(r"[ \t]*//[^\n]*", "", compiled.asm["ptx"])
    text = re.sub(r"\n\s*\n+", "\n", text).lstrip()
    if ".file" in text or ".loc" in text:
        raise RuntimeError(f"{name}: the code tells where it was built")
    if text.count("mbarrier.init") != text.count("mbarrier.inval"):
        raise RuntimeError(f"{name}: a barrier is not ended, so that its memory may be given to others while it is written to")
    parameters, maps = launch_parameters(full, names, getattr(meta, "tensordesc_meta", None) or [])
    check_against_ptx(text, parameters)
    registers, spilled = resources(text, arch, name)
    return {"name": name, "arch": arch, "entry": meta.name, "threads": 32 * meta.num_warps, "sharedBytes": meta.shared,
            "parameters": parameters, "maps": maps, "registers": registers, "spillBytes": spilled}, text


def launch_parameters(signature, names, tensor_maps):
    """The parameters of the compiled kernel in order, as name:type, and the boxes of its tensor maps. A map is followed by its
    sizes and strides, and two pointers to scratch memory, unused here, end the list."""
    parameters, maps = [], {}
    metas = iter(tensor_maps)
    for name in names:
        kind = signature.get(name, "constexpr")
        if kind == "constexpr":
            continue
        if kind.startswith("tensordesc"):
            meta = next(metas)
            maps[name] = {"box": list(meta["block_size"]), "swizzle": meta["swizzle"]}
            rank = len(meta["block_size"])
            parameters += [f"{name}:map"] + [f"{name}.size{i}:i32" for i in range(rank)]
            parameters += [f"{name}.stride{i}:i64" for i in range(rank)]
        else:
            parameters.append(f"{name}:" + ("pointer" if kind.startswith("*") else "f32" if kind == "fp32" else kind))
    return parameters + ["scratch:pointer", "profile:pointer"], maps


def check_against_ptx(text, parameters):
    """The manifest's list must be what the code takes, size by size."""
    sizes = {"map": 128, "pointer": 8, "i64": 8, "i32": 4, "f32": 4}
    entry = text[text.index(".entry"):]
    entry = entry[: entry.index("{")]
    found = []
    for line in re.findall(r"\.param ([^\n]*)", entry):
        array = re.search(r"\[(\d+)\]", line)
        found.append(int(array.group(1)) if array else int(re.search(r"\.[busf](\d+)", line).group(1)) // 8)
    expected = [sizes[p.split(":")[1]] for p in parameters]
    if found != expected:
        raise RuntimeError(f"parameters of sizes {found} in the PTX, {expected} in the manifest")


def resources(text, arch, name):
    """Registers and spills, as the assembler that came with Triton reports them."""
    from triton.backends.nvidia.compiler import get_ptxas
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(text)
        file.flush()
        command = [get_ptxas(90).path, "-v", f"--gpu-name={arch}", file.name, "-o", os.devnull]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    if "serialized" in run.stderr:  # products one after the other: correct, and slow
        raise RuntimeError(f"{name}: {run.stderr}")
    registers = int(re.search(r"Used (\d+) registers", run.stderr).group(1))
    spills = int(re.search(r"(\d+) bytes spill stores", run.stderr).group(1))
    return registers, spills


def write(out, jobs, compile_job, sources):
    """Compiles all variants and writes them with their manifest, which holds the digest of the sources."""
    import triton
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.ptx.gz"):
        old.unlink()
    entries = []
    with ProcessPoolExecutor() as pool:
        for entry, text in pool.map(compile_job, jobs):
            (out / (entry["name"] + ".ptx.gz")).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
            entries.append(entry)
            print(f"{entry['name']}: {entry['registers']} registers, {entry['spillBytes']} bytes spilled,"
                  f" {entry['sharedBytes']} bytes shared", flush=True)
    digest = hashlib.sha256()
    for source in sources:
        digest.update((HERE / source).read_bytes())
    manifest = {
        "sources": list(sources), "sourceSha256": digest.hexdigest(), "triton": triton.__version__,
        "architectures": {name: {"computeCapability": a["capability"], "exact": name.endswith("a"),
                                 "ptxVersion": f"{a['ptx'] // 10}.{a['ptx'] % 10}", "minimumDriver": a["driver"]}
                          for name, a in ARCHITECTURES.items() if any(entry["arch"] == name for entry in entries)},
    }
    lines = ",\n".join(json.dumps(entry) for entry in entries)  # a kernel a line
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1)[:-2] + f',\n "kernels": [\n{lines}\n]}}\n')
