"""`make test-lab`: the tests that want a real Linux Bluetooth stack, run in the guest.

Installs the lab first where it can. Where it cannot, the tier is left out with its reason, and that is a failure only
where `CI=true`: there nothing may pass because it did not run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hideez_bench.harness.lab.errors import GuestFailed, LabUnavailable
from hideez_bench.harness.lab.install import install
from hideez_bench.harness.lab.job import Job
from hideez_bench.harness.lab.runner import GUEST_FAILED, TIMED_OUT, run
from hideez_bench.harness.lab.termination import ended_by_signals

# What runs in the guest. The emulated processor is ten times slower than this one, so each test has more time.
PYTEST = [
    *("pytest", "-m", "bluez", "--radio", "bluez"),
    *("-o", "timeout=300", "--durations=5", "--junitxml=/out/junit.xml"),
]
MARK = "pytest.mark.bluez"
ADAPTERS = 3
LIMIT_SECONDS = 3600.0
RESULTS = Path("build/lab")


def say(sentence: str) -> None:
    """Print at once, so that it comes before what the guest prints."""
    print(sentence, flush=True)


def marked_files(tests: Path) -> list[str]:
    """The test files that use the marker: to collect all others takes a minute in the guest, for nothing."""
    return [str(file) for file in sorted(tests.rglob("test_*.py")) if MARK in file.read_text()]


def main() -> int:
    """Run the tier in the current folder.

    Returns:
        An exit status: pytest's, 124 when the time was up, 125 when the guest failed.
    """
    out = RESULTS.absolute()
    try:
        install(say)
        out.mkdir(parents=True, exist_ok=True)
        job = Job([*PYTEST, *marked_files(Path("tests"))], Path.cwd(), out)
        with ended_by_signals():
            status = run(
                job,
                adapters=ADAPTERS,
                timeout=LIMIT_SECONDS,
                cold=False,
                out=sys.stdout.buffer,
                err=sys.stdout.buffer,
                say=say,
            )
    except LabUnavailable as reason:
        say(f"The lab tier (real BlueZ) was left out: {reason}")
        return 1 if os.environ.get("CI") == "true" else 0
    except GuestFailed as failure:
        say("\n".join([f"The lab tier (real BlueZ) failed: {failure}", *failure.console]))
        return GUEST_FAILED
    if status == TIMED_OUT:
        say(f"The lab tier (real BlueZ) was stopped after {LIMIT_SECONDS:.0f} seconds.")
    if status:
        say(f"Logs of bluetoothd and the radio: {out / 'guest'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
