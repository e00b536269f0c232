"""The shape of the project: what depends on what, what the wheel holds, what must stand nowhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from pathlib import Path

import hypothesis
import pytest

from hideez_bench.protocol.profile import Tag, default_profile

ROOT = Path(__file__).parent.parent
ROOMS = ("protocol", "emulator", "harness", "fixtures")

# Where the harness starts what it stands in for, and names the vault statuses of a server (hes); nowhere else does it
# know the emulator. A scenario sets the stage on key, radio and server: it presses, cuts, suspends.
MAY_USE_EMULATOR = {"stage.py", "fleet.py", "bench.py", "administration.py", "hes", "scenarios", "cli"}


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The project's modules that a file imports, as `emulator.key.key`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.removeprefix("hideez_bench.") for name in names if name.startswith("hideez_bench.")}


def users(room: str, of: str) -> list[str]:
    return [
        str(path.relative_to(ROOT))
        for path in sources(room)
        if any(name == of or name.startswith(f"{of}.") for name in imported(path))
    ]


def test_arrows_run_down_only() -> None:
    assert users("protocol", "emulator") == users("protocol", "harness") == []
    assert users("emulator", "harness") == []
    assert users("emulator/key", "emulator.hes") == users("emulator/key", "emulator.radio") == []
    assert users("emulator/key", "emulator.peripheral") == []


def test_the_harness_starts_the_emulator_in_few_places() -> None:
    strays = [path for path in users("harness", "emulator") if Path(path).parts[1] not in MAY_USE_EMULATOR]
    assert strays == []


def test_the_wheel_holds_every_package() -> None:
    declared = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {
        ".".join(("hideez_bench", *path.parent.relative_to(ROOT).parts))
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert declared == there


def test_the_wheel_installs_one_package_and_its_data(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"hideez_bench"}
    data = {path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()}
    kept = {".html", ".css", ".js", ".svg", ".png", ".txt", ".toml", ".lua", ".sh", ".conf", ".typed", ".py"}
    missing = {str(path) for path in data if path.suffix in kept and f"hideez_bench/{path}" not in names}
    assert missing == set()


def test_the_readme_counts_what_is_known_and_what_is_modelled() -> None:
    readme = (ROOT / "README.md").read_text()
    items = default_profile().items.values()
    told: set[str] = set()
    for row in re.findall(r"^\| [^|]*\((`[^)]*)\) \| (\d+) \| (\d+) \| (\d+) \|$", readme, re.MULTILINE):
        sections = set(re.findall(r"`(\w+)`", row[0]))
        counted = Counter(item.tag for item in items if item.section in sections)
        assert [int(number) for number in row[1:]] == [counted[tag] for tag in Tag], sections
        told |= sections
    assert told == {item.section for item in items}


@pytest.mark.parametrize("room", ROOMS[1:3])
def test_the_wire_stands_in_protocol_alone(room: str) -> None:
    uuid_base = re.compile("0f4a-?ca95", re.IGNORECASE)
    strays = [str(path.relative_to(ROOT)) for path in sources(room) if uuid_base.search(path.read_text())]
    assert strays == []


def test_bless_and_its_message_bus_are_used_in_one_folder() -> None:
    strays = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in sources(room)
        if re.search(r"^\s*(from|import) (bless|dbus_next)", path.read_text(), re.MULTILINE)
        and path.parent.name != "peripheral"
    ]
    # The lab's guest imports everything beforehand, to be quick.
    assert [path for path in strays if not path.startswith("harness/lab/guest/")] == []


def tracked_text() -> list[tuple[str, str]]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if names.returncode:
        pytest.skip("this is no git checkout")
    files = [ROOT / name for name in names.stdout.splitlines()]
    return [
        (str(path.relative_to(ROOT)), path.read_text())
        for path in files
        if path.is_file() and b"\0" not in path.read_bytes()[:4096]
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        r"pypi[.]org|python[h]osted|registry[.]npmjs|deb[.]debian[.]org",
        r"(^|[^\w.])/(work|Users)/\w",
    ],
    ids=["registry hosts", "machine paths"],
)
def test_nothing_ties_the_project_to_a_machine(pattern: str) -> None:
    strays = [name for name, text in tracked_text() if re.search(pattern, text, re.MULTILINE)]
    assert strays == []


def test_no_test_depends_on_how_fast_the_machine_is() -> None:
    """Time is virtual, or something is waited for. Hypothesis would give an example 200 ms."""
    assert hypothesis.settings.default
    assert hypothesis.settings.default.deadline is None
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert ast.unparse(node.func) != "time.sleep", f"{path.relative_to(ROOT)}:{node.lineno}"
            if isinstance(node, ast.keyword) and node.arg == "deadline":
                assert ast.unparse(node.value) == "None", f"{path.relative_to(ROOT)}:{node.value.lineno}"
