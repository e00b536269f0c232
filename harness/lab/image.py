"""Packs the guest's root file system: busybox, D-Bus, BlueZ, and the Python environment that started the lab.

The root is an archive that the kernel unpacks into memory. Everything keeps the path that it has on the host, so a
virtual environment works unchanged. It holds the environment's packages, but not what an editable install points to:
the project's own source reaches the guest as a mounted folder, and editing it changes nothing here.
"""

from __future__ import annotations

import hashlib
import json
import os
import py_compile
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from functools import cached_property
from importlib.util import cache_from_source
from pathlib import Path

from hideez_bench.harness.lab.cache import keep_newest, locked, new_file
from hideez_bench.harness.lab.cpio import CpioWriter
from hideez_bench.harness.lab.errors import LabUnavailable
from hideez_bench.harness.lab.install import find_program

GUEST = Path(__file__).parent / "guest"
# Our own part of the guest: file here -> path there.
GUEST_FILES = {
    "init.sh": "/init",
    "start_bluetoothd.sh": "/usr/sbin/start-bluetoothd",
    "bluetooth.conf": "/etc/bluetooth/main.conf",
    "__init__.py": "/lab/guest/__init__.py",
    "program.py": "/lab/guest/program.py",
    "radio.py": "/lab/guest/radio.py",
    "warm_up.py": "/lab/guest/warm_up.py",
    "zygote.py": "/lab/guest/zygote.py",
}
LAUNCHER = "launcher.py"
LAUNCHED_NAMES = ("python", "python3", "pytest", "hideez-bench")
TOOLS = (
    "dbus-daemon",
    "bluetoothd",
    "bluetoothctl",
    "btmon",
    "btmgmt",
    "dbus-send",
    "dbus-monitor",
    "bash",
    "busybox",
)
DBUS_FILES = ("/usr/share/dbus-1/system.conf", "/etc/dbus-1/system.d", "/usr/share/dbus-1/system.d")
EMPTY_FOLDERS = [
    "proc",
    "sys",
    "dev",
    "tmp",
    "root",
    "home/lab",
    "run/dbus",
    "var/lib/bluetooth",
    "var/log/lab",
    "out",
]
TEXT_FILES = {
    # The names that D-Bus's policies speak of; dbus-daemon warns about each that does not exist.
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:100:100::/run:/bin/false\n"
    "systemd-timesync:x:201:201::/:/bin/false\nsystemd-network:x:202:202::/:/bin/false\npolkitd:x:203:203::/:/bin/false\n",
    "/etc/group": "root:x:0:\nmessagebus:x:100:\nnetdev:x:101:\nbluetooth:x:102:\nsudo:x:27:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/machine-id": "00000000000000000000000000000001\n",
}
# What a test on Bluetooth never imports, as it costs memory and time. Names of top-level packages.
LEFT_OUT_PACKAGES = {
    *("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel", "build"),
    *("mypy", "mypyc", "ruff", "ast_serialize", "librt", "atheris", "__pycache__"),
    *("playwright", "psycopg", "psycopg_binary", "psycopg_binary.libs"),
    *("schemathesis", "hypothesis_graphql", "jsonschema_rs"),
}
LEFT_OUT_FOLDERS = {
    *("test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data"),
    *("site-packages", "dist-packages", "__pycache__"),
}
LEFT_OUT_FILES = ("distutils-precedence.pth",)
LEFT_OUT_ENDINGS = (".a", ".c", ".h", ".exe", ".pyi", ".pxd", ".pyx", ".opt-1.pyc", ".opt-2.pyc")
LEFT_OUT_MARKS = ("san_with_fuzzer.", "__mypyc.", "_tkinter.", "_testcapi", "_testinternal", "_test_")


class Recipe:
    """What goes into the root, found out but not yet read.

    Args:
        kernel: The kernel's folder in the cache.
        cache: The lab's cache.
    """

    def __init__(self, kernel: Path, cache: Path) -> None:
        self.kernel = kernel
        self.cache = cache
        self.python = Path(sys.executable)
        self.tools = [found for name in TOOLS if (found := find_program(name))]
        self.standard_library = Path(sysconfig.get_path("stdlib"))
        self.package_folders = sorted({Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")})

    def key(self) -> str:
        """A name for this root's exact contents: it changes with any packed file."""
        facts = hashlib.sha256(self._facts.encode())
        facts.update("\n".join(stamp(file) for file in self.libraries).encode())
        return facts.hexdigest()[:16]

    def pack(self, target: Path) -> None:
        """Write the root as an uncompressed archive (uncompressed, since the emulated CPU would unpack it slowly)."""
        with target.open("wb") as file:
            archive = CpioWriter(file)
            self._pack_system(archive)
            self._pack_python(archive)
            for library in self.libraries:
                add_path(archive, library)
            archive.close()

    @cached_property
    def packages(self) -> list[str]:
        """The files of the environment's packages."""
        return [file for folder in self.package_folders for file in tree_files(folder, packages=True)]

    @cached_property
    def libraries(self) -> list[Path]:
        """The shared libraries of all packed programs. The loader takes a second to tell, so its answer is kept."""
        answer = self.cache / f"libraries-{hashlib.sha256(self._facts.encode()).hexdigest()[:16]}.json"
        try:
            return [Path(name) for name in json.loads(answer.read_text())]
        except (FileNotFoundError, ValueError):
            pass
        files = [*self.packages, *tree_files(self.standard_library)]
        modules = [file for file in files if file.endswith(".so")]
        found = shared_libraries([*map(str, self.tools), str(self.python.resolve()), *modules])
        with new_file(answer) as draft:
            draft.write_text(json.dumps([str(file) for file in found]))
        keep_newest(self.cache, "libraries-*.json", 4)
        return found

    @cached_property
    def _facts(self) -> str:
        """All that decides about the root, but for the libraries."""
        own = [Path(__file__), *(GUEST / name for name in [*GUEST_FILES, LAUNCHER])]
        files: list[Path | str] = [
            *own,
            *self.tools,
            self.python,
            self.python.resolve(),
            *sorted(self.kernel.rglob("*")),
            *self.packages,
        ]
        return "\n".join([sys.version, sys.prefix, *(stamp(file) for file in files)])

    def _pack_system(self, archive: CpioWriter) -> None:
        for name in ("/bin", "/sbin", "/lib", "/lib64"):
            if Path(name).is_symlink():
                archive.link(name, str(Path(name).readlink()))
        for name in EMPTY_FOLDERS:
            archive.folder(name)
        archive.link("/var/run", "/run")
        archive.link("/var/lib/dbus/machine-id", "/etc/machine-id")
        archive.character_device("/dev/console", 5, 1)
        for path, text in TEXT_FILES.items():
            archive.file(path, text.encode())
        for name, path in GUEST_FILES.items():
            archive.file(path, (GUEST / name).read_bytes(), 0o755)
        for module in sorted((self.kernel / "modules").iterdir()):
            archive.file(f"/lab/modules/{module.name}", module.read_bytes())
        for tool in self.tools:
            add_path(archive, tool)
        archive.link("/lab/busybox", str(find_program("busybox")))
        for top in map(Path, DBUS_FILES):
            for file in [str(top)] if top.is_file() else tree_files(top):
                add_path(archive, Path(file))

    def _pack_python(self, archive: CpioWriter) -> None:
        scripts = Path(sysconfig.get_path("scripts"))
        settings = {"LAB_PYTHON": str(self.python), "LAB_SCRIPTS": str(scripts), "LAB_PREFIX": sys.prefix}
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in settings.items()]
        archive.file("/lab/environment", "".join(lines).encode())
        # -I -S: the launcher is to start as quickly as Python can.
        launcher = f"#!{self.python.resolve()} -IS\n".encode() + (GUEST / LAUNCHER).read_bytes()
        for name in LAUNCHED_NAMES:
            archive.file(f"/lab/bin/{name}", launcher, 0o755)
        add_path(archive, self.python)
        if Path(sys.prefix, "pyvenv.cfg").exists():
            add_path(archive, Path(sys.prefix, "pyvenv.cfg"))
            for script in sorted(scripts.iterdir()):
                if script.is_symlink() or script.read_bytes()[:2] == b"#!":
                    add_path(archive, script)
        with tempfile.TemporaryDirectory(prefix="hideez-bench-pyc-") as scratch:
            for file in [*tree_files(self.standard_library), *self.packages]:
                add_path(archive, Path(file))
                if file.endswith(".py"):
                    add_bytecode(archive, Path(file), Path(scratch))


def build_image(kernel: Path, cache: Path) -> Path:
    """The root image for what is installed now: from the cache, or packed anew.

    Returns:
        The archive's path, `CACHE/root-KEY.cpio`.
    """
    recipe = Recipe(kernel, cache)
    image = cache / f"root-{recipe.key()}.cpio"
    if image.exists():
        return image
    with locked(cache):
        if not image.exists():
            with new_file(image) as draft:
                recipe.pack(draft)
            keep_newest(cache, "root-*.cpio", 2)
    return image


def stamp(file: Path | str) -> str:
    """A line that changes when the file does."""
    facts = os.lstat(file)
    return f"{file} {facts.st_size} {facts.st_mtime_ns}"


def tree_files(top: Path, *, packages: bool = False) -> Iterator[str]:
    """The paths of the files below a folder that are worth packing, in a fixed order.

    Args:
        top: The folder; nothing comes of one that does not exist.
        packages: The folder holds installed packages, of which some are left out altogether.
    """
    for here, folders, files in os.walk(top):
        left_out = LEFT_OUT_PACKAGES if packages and here == str(top) else LEFT_OUT_FOLDERS
        # What tells of a package, as its entry points, goes with it: pytest looks for plugins there.
        folders[:] = sorted(name for name in folders if _package(name) not in left_out)
        for name in sorted(files):
            if (
                name.endswith(LEFT_OUT_ENDINGS)
                or name in LEFT_OUT_FILES
                or any(mark in name for mark in LEFT_OUT_MARKS)
            ):
                continue
            yield f"{here}/{name}"


def _package(folder: str) -> str:
    """`schemathesis` for `schemathesis-4.1.dist-info`; any other name as it is."""
    return folder.partition("-")[0] if folder.endswith(".dist-info") else folder


def add_path(archive: CpioWriter, path: Path) -> None:
    """Add a file of the host under its own path; symbolic links on the way are kept, and what they lead to is added."""
    path = Path(os.path.normpath(path))
    for part in [*reversed(path.parents), path]:
        if part.is_symlink():
            target = str(part.readlink())
            archive.link(str(part), target)
            add_path(archive, part.parent / target / path.relative_to(part))
            return
    if path.is_dir():
        archive.folder(str(path))
    elif str(path) not in archive:
        facts = path.stat()
        archive.file(str(path), path.read_bytes(), facts.st_mode & 0o777, int(facts.st_mtime))


def add_bytecode(archive: CpioWriter, source: Path, scratch: Path) -> None:
    """Make sure that a source file's bytecode is in the archive and fits it: compiling is slow in the guest."""
    bytecode = Path(cache_from_source(str(source)))
    facts = source.stat()
    wanted = int(facts.st_mtime).to_bytes(4, "little") + (facts.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    if not (bytecode.exists() and bytecode.read_bytes()[8:16] == wanted):
        bytecode_here = scratch / "compiled.pyc"
        try:
            py_compile.compile(str(source), str(bytecode_here), dfile=str(source), doraise=True)
        except py_compile.PyCompileError:
            return  # some packages bring templates that are no Python
    else:
        bytecode_here = bytecode
    archive.file(str(bytecode), bytecode_here.read_bytes())


def shared_libraries(programs: list[str]) -> list[Path]:
    """All shared libraries that the programs load, as `ldd` finds them, with the loader itself."""
    if find_program("ldd") is None:
        raise LabUnavailable(
            "The lab lacks the program ldd, which is part of every Debian: install libc-bin."
        )
    printed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    found = set()
    for line in printed.splitlines():
        words = line.replace("=>", " ").split()
        path = next((word for word in words if word.startswith("/")), None)
        if path and not line.endswith(":"):
            found.add(Path(path))
    return sorted(found)
