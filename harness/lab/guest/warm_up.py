"""Imports what programs on Bluetooth need, before the snapshot is taken.

A package that the environment lacks, such as pytest in one that was installed for use only, is passed over.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import shutil
import sys
from pathlib import Path

# What programs on Bluetooth import sooner or later. A package that the environment lacks is passed over.
PRELOAD = (
    *(
        "bleak",
        "bleak.backends.bluezdbus.client",
        "bleak.backends.bluezdbus.scanner",
        "bleak.backends.bluezdbus.manager",
    ),
    *(
        "bless",
        "bless.backends.bluezdbus.server",
        "dbus_next.aio",
        "dbus_next.service",
        "dbus_fast.aio",
        "dbus_fast.service",
    ),
    *(
        "bumble.device",
        "bumble.controller",
        "bumble.link",
        "bumble.transport.vhci",
        "bumble.pairing",
        "bumble.gatt",
    ),
    *(
        "click",
        "construct",
        "platformdirs",
        "serial",
        "pty",
        "sqlite3",
        "http.server",
        "email.message",
        "uuid",
        "secrets",
    ),
    *(
        "cryptography.hazmat.primitives.ciphers.aead",
        "cryptography.hazmat.primitives.asymmetric.ec",
        "cryptography.x509",
    ),
    *(
        "cryptography.hazmat.primitives.cmac",
        "cryptography.hazmat.primitives.kdf.hkdf",
        "cryptography.hazmat.primitives.hmac",
    ),
    *("cryptography.hazmat.primitives.serialization", "cryptography.hazmat.primitives.asymmetric.x25519"),
    *(
        "sqlalchemy",
        "sqlalchemy.orm",
        "sqlalchemy.dialects.sqlite",
        "sqlalchemy.ext.asyncio",
        "tomllib",
        "xml.etree.ElementTree",
    ),
    *(
        "hypothesis",
        "hypothesis.strategies",
        "hypothesis.stateful",
        "importlib.metadata",
        "unittest.mock",
        "_pytest.junitxml",
    ),
)
# Hypothesis and the like must be imported inside a pytest session, which rewrites their assertions.
WARM_UP = """
import asyncio, importlib
import pytest

@pytest.mark.parametrize("name", {names!r})
def test_import(name):
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, error)

@pytest.fixture
async def loop_of_its_own():
    yield asyncio.get_running_loop()

async def test_async(loop_of_its_own, tmp_path, capsys, monkeypatch, caplog):
    await asyncio.sleep(0)

def test_raises():
    with pytest.raises(ValueError, match="x"):
        raise ValueError("x")

def test_hypothesis():
    hypothesis = pytest.importorskip("hypothesis")
    few = hypothesis.settings(max_examples=3, database=None)
    few(hypothesis.given(hypothesis.strategies.binary())(lambda data: None))()
"""


def warm_up() -> None:
    """Import everything, in a first pytest session that leaves nothing else behind.

    Raises:
        RuntimeError: with what pytest printed, when that session fails.
    """
    folder = Path("/tmp/warm-up")  # noqa: S108 - nobody else lives in the guest
    folder.mkdir(parents=True)
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    (folder / "test_warm_up.py").write_text(WARM_UP.format(names=PRELOAD))
    module_path = list(sys.path)
    pytest = importlib.import_module("pytest")
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={folder}/junit.xml"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        failed = pytest.main([*options, "-c", str(settings), str(folder)])
    if failed:
        raise RuntimeError(f"The warm-up session failed:\n{printed.getvalue()}")
    sys.path[:] = module_path
    for name in [name for name in sys.modules if "test_warm_up" in name]:
        del sys.modules[name]
    shutil.rmtree(folder)
    gc.collect()
    gc.freeze()  # what is there stays, so forked processes need not look at it
