"""The guest's kernel: Debian's or Ubuntu's own package, downloaded and unpacked, never installed.

What is kept of it, in `CACHE/kernel-VERSION/`: `vmlinux`, the kernel as an ELF file (so the guest need not unpack it,
which takes 5 s under emulation), and `modules/NN-NAME.ko`, the few modules that the guest needs, in load order.
"""

from __future__ import annotations

import gzip
import lzma
import re
import subprocess
from pathlib import Path

from hideez_bench.harness.lab.cache import new_folder
from hideez_bench.harness.lab.errors import LabUnavailable

# Debian's name first, then Ubuntu's. The `cloud` flavours have no Bluetooth.
METAPACKAGES = ("linux-image-amd64", "linux-image-generic")

# What the guest loads; modprobe adds what these need. LE Secure Connections draws its keys from `drbg`, which in turn
# needs ctr and sha512: without these Bluetooth starts, and pairing fails.
MODULES = (
    *("virtio_pci", "9pnet_virtio", "9p", "virtio_console"),
    *("ctr", "sha512_generic", "drbg", "ecdh_generic", "cmac", "ecb"),
    *("bluetooth", "hci_vhci", "algif_hash", "algif_skcipher", "uhid"),
)
# Others come and go between kernels, as their work moves into the kernel itself.
INDISPENSABLE = ("9p", "bluetooth", "hci_vhci")
_KERNEL_PACKAGE = re.compile(r"^\s*Depends: (linux-(?:image|modules|modules-extra)-\d\S*)$", re.MULTILINE)
_MAGIC = {b"\xfd7zXZ\x00": "xz", b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def installed_kernel(cache: Path) -> Path | None:
    """The folder of the newest kernel in the cache, or None."""
    kernels = sorted(cache.glob("kernel-*"), key=lambda folder: folder.stat().st_mtime)
    return kernels[-1] if kernels else None


def kernel_packages(depends: str) -> list[str]:
    """The versioned kernel packages in what `apt-cache depends` printed for a metapackage."""
    return _KERNEL_PACKAGE.findall(depends)


def unpack_kernel(packages: list[Path], scratch: Path, cache: Path) -> Path:
    """Unpack kernel packages into the scratch folder and keep in the cache what the guest needs.

    Returns:
        The kernel's folder in the cache.
    """
    for package in packages:
        subprocess.run(["dpkg", "-x", package, scratch], check=True)
    trees = sorted([*scratch.glob("lib/modules/*"), *scratch.glob("usr/lib/modules/*")])
    if not trees:
        raise LabUnavailable(
            f"The kernel package {packages[0].name} has no modules; the lab needs Debian's or Ubuntu's layout."
        )
    version = trees[0].name
    base = trees[0].parents[2]
    images = [*scratch.glob(f"boot/vmlinuz-{version}"), *scratch.glob(f"usr/lib/modules/{version}/vmlinuz")]
    target = cache / f"kernel-{version}"
    with new_folder(target) as draft:
        (draft / "vmlinux").write_bytes(unpack_image(images[0].read_bytes()))
        (draft / "modules").mkdir()
        for number, module in enumerate(module_files(base, version)):
            name = module.name.split(".")[0]
            (draft / "modules" / f"{number:02d}-{name}.ko").write_bytes(decompress(module.read_bytes()))
    return target


def module_files(base: Path, version: str) -> list[Path]:
    """The files of `MODULES` and of all that they need, each once, in an order in which they can be loaded."""
    subprocess.run([program("depmod"), "-b", base, version], check=True)
    ordered: dict[Path, None] = {}
    for module in MODULES:
        shown = subprocess.run(
            [program("modprobe"), "-d", base, "-S", version, "-C", "/dev/null", "--show-depends", module],
            capture_output=True,
            text=True,
            check=False,
        )
        if shown.returncode and module in INDISPENSABLE:
            raise LabUnavailable(
                f"The kernel {version} has no module {module}, so the lab's guest would have no Bluetooth."
            )
        ordered.update(dict.fromkeys(load_order(shown.stdout)))
    return list(ordered)


def load_order(printed: str) -> list[Path]:
    """The module files in what `modprobe --show-depends` printed; what the kernel has built in is left out."""
    words = [line.split() for line in printed.splitlines()]
    return [Path(line[1]) for line in words if line[:1] == ["insmod"]]


def unpack_image(image: bytes) -> bytes:
    """The ELF kernel inside a bzImage (Linux's x86 boot protocol: setup sectors, payload's offset and length)."""
    setup_sectors = image[0x1F1] or 4
    offset = int.from_bytes(image[0x248:0x24C], "little") + (setup_sectors + 1) * 512
    length = int.from_bytes(image[0x24C:0x250], "little")
    return decompress(image[offset : offset + length])


def decompress(data: bytes) -> bytes:
    """The plain bytes of what is compressed with xz, gzip or zstd; other data as it is."""
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if kind == "xz":
        return lzma.LZMADecompressor().decompress(
            data
        )  # a kernel's payload carries its length behind the stream
    if kind == "gzip":
        return gzip.decompress(data)
    if kind == "zstd":
        # zstd complains about the length behind the stream after it has written everything, so its status says nothing.
        return subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=False).stdout
    return data


def program(name: str) -> Path:
    """Where a program lies that is often outside of a plain user's PATH."""
    places = [Path(folder, name) for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin")]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise LabUnavailable(f"The lab lacks the program {name}: run 'hideez-bench lab install' as root.")
    return found
