"""The guest as its users see it: `hideez-bench lab run`, started from the host."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from tests.lab.conftest import LAB_RUN, Lab

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("command", "status"),
    [(["sh", "-c", "exit 42"], 42), (["python", "-c", "raise SystemExit(3)"], 3), (["true"], 0)],
)
def test_the_exit_status_is_the_command_s(lab: Lab, command: list[str], status: int) -> None:
    assert lab("--", *command).returncode == status


@pytest.mark.parametrize(
    "command", [["sh", "-c", "kill -SEGV $$"], ["python", "-c", "import os; os.kill(os.getpid(), 11)"]]
)
def test_a_signal_is_128_and_its_number(lab: Lab, command: list[str]) -> None:
    assert lab("--", *command).returncode == 128 + signal.SIGSEGV


def test_output_and_errors_come_out_intact_and_apart(lab: Lab) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 20000); sys.stderr.write('to stderr')"
    done = lab("--", "python", "-c", code)
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(bytes(range(256)) * 20000).digest()
    assert done.stderr.endswith(b"to stderr")


def test_three_adapters_are_there(lab: Lab) -> None:
    done = lab("--", "bluetoothctl", "list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [b"Controller"] * 3


def test_the_project_is_seen_and_cannot_be_written_to(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("from the host")
    done = lab("--", "sh", "-c", 'cat data.txt; pwd; echo >"$PWD/new" 2>/dev/null || echo " read-only"')
    assert done.stdout.decode() == f"from the host{tmp_path}\n read-only\n"


def test_files_come_out(lab: Lab, tmp_path: Path) -> None:
    lab("--out", str(tmp_path / "results"), "--", "sh", "-c", "mkdir /out/a; echo here >/out/a/file; exit 1")
    assert (tmp_path / "results" / "a" / "file").read_text() == "here\n"
    assert (tmp_path / "results" / "guest" / "radio.log").exists()


def test_a_pytest_run_reports_to_the_host(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_good(): pass\ndef test_bad(): assert 1 == 2\n")
    done = lab("--out", str(tmp_path / "results"), "--", "pytest", "-q", "--junitxml=/out/junit.xml")
    assert done.returncode == 1
    assert b"1 failed, 1 passed" in done.stdout
    assert 'tests="2"' in (tmp_path / "results" / "junit.xml").read_text()


def test_the_limit_kills_the_command_and_keeps_what_it_said(lab: Lab) -> None:
    done = lab("--timeout", "6", "--", "sh", "-c", "echo partial; sleep 1000")
    assert done.returncode == 124
    assert done.stdout == b"partial\n"
    assert b"within 6 seconds" in done.stderr


def test_a_crashed_guest_is_125_with_its_last_words(lab: Lab) -> None:
    done = lab("--", "sh", "-c", "echo c >/proc/sysrq-trigger")
    assert done.returncode == 125
    assert b"hideez-bench: The guest ended before its command did." in done.stderr
    assert b"Kernel panic" in done.stderr


def test_a_program_that_is_not_there_is_127(lab: Lab) -> None:
    done = lab("--", "no-such-program")
    assert done.returncode == 127
    assert b"cannot run no-such-program" in done.stderr


SUBPROCESSES = """
import os, signal, subprocess, sys
def run(code, **more):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **more)
assert run("print(input())", input="hello").stdout == "hello\\n"
assert run("raise SystemExit(7)").returncode == 7
assert run("import os; os.kill(os.getpid(), 9)").returncode == -9
seen = run("import os; print(os.environ['A'], os.getcwd())", env=os.environ | {"A": "b"}, cwd="/var")
assert seen.stdout == "b /var\\n"
assert run("import sys, bleak; print(sys.argv[1:], sys.path[0])").stdout == "[] \\n"
for number, status in ((signal.SIGTERM, -15), (signal.SIGKILL, -9)):
    code = "import time; print('up', flush=True); time.sleep(1000)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "up\\n"
    process.send_signal(number)
    assert process.stdout.read() == ""  # it is gone: nobody holds the other end any more
    assert process.wait() == status
print("all good")
"""


def test_programs_that_a_test_starts_behave_as_usual(lab: Lab) -> None:
    done = lab("--", "python", "-c", SUBPROCESSES)
    assert done.stdout == b"all good\n", done.stderr.decode()


def test_bluetoothd_can_be_stopped_and_started(lab: Lab) -> None:
    script = (
        "pkill bluetoothd; while pgrep bluetoothd >/dev/null; do sleep 0.1; done; start-bluetoothd; "
        "until bluetoothctl list | grep -q Controller; do sleep 0.1; done; echo back"
    )
    assert lab("--timeout", "60", "--", "sh", "-c", script).stdout.endswith(b"back\n")


def test_two_runs_draw_different_random_bytes(lab: Lab) -> None:
    command = ["python", "-c", "import os, random; print(os.urandom(16).hex(), random.random())"]
    assert lab("--", *command).stdout != lab("--", *command).stdout


def test_the_guest_s_clock_is_the_host_s(lab: Lab) -> None:
    before = os.times().elapsed
    done = lab("--", "python", "-c", "import time; print(time.time())")
    spent = os.times().elapsed - before
    host = float(subprocess.run(["date", "+%s.%N"], capture_output=True, check=True).stdout)
    assert host - spent - 1 < float(done.stdout) < host + 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_the_launcher_is_ended(installed_lab: None, tmp_path: Path, number: int) -> None:
    command = [*LAB_RUN, "--", "sh", "-c", "echo up; sleep 1000"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        emulators = children(process.pid)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert emulators
    for emulator in emulators:
        wait_until_gone(emulator)


def children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(number) for number in listed.split()]


def wait_until_gone(process: int) -> None:
    """A killed process may stay for a moment; a dead one that nobody waits for yet counts as gone."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    with os.fdopen(handle) as opened:
        assert select.select([opened], [], [], 30)[0], f"process {process} is still there"
