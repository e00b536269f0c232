from __future__ import annotations

import gzip
import lzma
from pathlib import Path

from hideez_bench.harness.lab.kernel import decompress, kernel_packages, load_order, unpack_image


def test_modules_keep_the_order_in_which_they_can_be_loaded() -> None:
    printed = "builtin virtio\ninsmod /k/crc16.ko \ninsmod /k/rfkill.ko x=1\n\ninsmod /k/bluetooth.ko.xz \n"
    assert load_order(printed) == [Path("/k/crc16.ko"), Path("/k/rfkill.ko"), Path("/k/bluetooth.ko.xz")]


def test_debian_s_metapackage_stands_for_one_package() -> None:
    assert kernel_packages("linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n") == [
        "linux-image-6.1.0-56-amd64"
    ]


def test_ubuntu_s_metapackage_stands_for_image_and_modules() -> None:
    printed = (
        "linux-image-generic\n  Depends: linux-image-6.8.0-40-generic\n"
        "  Depends: linux-modules-extra-6.8.0-40-generic\n  Depends: linux-firmware\n |Depends: <wireless-regdb>\n"
    )
    assert kernel_packages(printed) == [
        "linux-image-6.8.0-40-generic",
        "linux-modules-extra-6.8.0-40-generic",
    ]


def test_compressed_data_is_recognised_by_its_first_bytes() -> None:
    assert decompress(lzma.compress(b"kernel")) == b"kernel"
    assert decompress(gzip.compress(b"kernel")) == b"kernel"
    assert decompress(b"\x7fELF") == b"\x7fELF"


def test_the_elf_kernel_is_taken_out_of_its_boot_image() -> None:
    payload = lzma.compress(b"\x7fELF kernel") + b"size"
    image = bytearray(0x400 + 512 + 16)
    image[0x1F1] = 1  # one setup sector behind the boot sector: the payload's offset counts from 1024
    image[0x248:0x250] = (16).to_bytes(4, "little") + len(payload).to_bytes(4, "little")
    image[1024 + 16 :] = payload + b"what follows"
    assert unpack_image(bytes(image)) == b"\x7fELF kernel"
