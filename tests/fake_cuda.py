"""CUDA without a GPU: libraries that do nothing, under which ONNX Runtime's own CUDA provider runs sessions.

What runs where, what is copied, what memory is asked for and what is said of failures is then real; the
numbers that come out are not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import onnxruntime

PROVIDER = Path(onnxruntime.__file__).parent / "capi" / "libonnxruntime_providers_cuda.so"
SOURCE = Path(__file__).with_name("fake_cuda.c")
ROOT = SOURCE.parent.parent
TOOLS = ("cc", "nm")

_DEFINED = re.compile(r"^[a-z][\w *]*?\b(\w+)\(", re.MULTILINE)


def why_not() -> str | None:
    """What this machine lacks for it."""
    if sys.platform != "linux" or not PROVIDER.exists():
        return "no CUDA provider for Linux in this onnxruntime"
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"no {', '.join(lacking)}" if lacking else None


def build(folder: Path) -> Path:
    """Compiles the libraries into `folder`."""
    text = subprocess.run(
        ["nm", "-D", "--undefined-only", PROVIDER], capture_output=True, text=True, check=True
    )
    wanted: dict[str, set[str]] = defaultdict(set, {"libcurand.so.10": set()})
    for name, library in re.findall(r" U (\w+)@(libcu\S+)", text.stdout):
        wanted[library].add(name)
    wanted["libcuda.so.1"] = set(re.findall(r" U (cu[A-Z]\w+)$", text.stdout, re.MULTILINE))
    wanted["libcudnn.so.9"] = _cudnn()
    for library, names in wanted.items():
        _compile(folder, library, names)
    return folder


def _cudnn() -> set[str]:
    """What is looked up in cuDNN at run time."""
    found = re.findall(rb"\0(cudnn[A-Z]\w+)(?=\0)", PROVIDER.read_bytes())
    return {name.decode() for name in found}


def _compile(folder: Path, library: str, names: set[str]) -> None:
    kind = {"libcudart": "RUNTIME", "libcuda": "DRIVER", "libcudnn": "CUDNN"}.get(
        library.partition(".")[0], "REST"
    )
    own = set(_DEFINED.findall(SOURCE.read_text()))
    source, versions = folder / f"{library}.c", folder / f"{library}.map"
    stubs = "".join(f"int {name}() {{ return 0; }}\n" for name in sorted(names - own))
    source.write_text(f'#define {kind}\n#include "{SOURCE}"\n{stubs}')
    versions.write_text(f"{library} {{ global: *; }};\n")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-w", f"-Wl,-soname,{library}", f"-Wl,--version-script={versions}",
         "-o", folder / library, source],
        check=True,
    )  # fmt: skip


def run(folder: Path, arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, where there are two such GPUs."""
    there = {"LD_LIBRARY_PATH": str(folder), "CUDA_VISIBLE_DEVICES": "0,1"}
    there["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT, SOURCE.parent)))
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | there | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
