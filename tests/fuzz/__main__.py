"""`python -m tests.fuzz`: searches every target in turn, and says what was found.

Needs the extra `fuzz`. What a run learns is kept in build/fuzz, so that the next one begins there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click

from tests.fuzz.targets import NAMES, load

BUILD = Path("build/fuzz")
HANG = 10
"""Seconds that one input may take."""
MOST_MEMORY = 256
"""Megabytes that a process may grow to; the interpreter, atheris and a key take 70 of them."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[TARGET]...")
@click.option("--seconds", default=60, show_default=True, help="How long to search, over all targets.")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Feed this one input to the target, without atheris.")  # fmt: skip
def main(names: tuple[str, ...], seconds: int, replay: Path | None) -> None:
    r"""Search for inputs that break a promise.

    \b
    python -m tests.fuzz                                            every target, a minute in all
    python -m tests.fuzz key --seconds 600                          one target, ten minutes
    python -m tests.fuzz key --replay build/fuzz/key/crash-0123     what a search found, as a traceback
    """
    chosen = names or NAMES
    if replay:
        for name in chosen:
            load(name).run(replay.read_bytes())
        return
    failed = [name for name in chosen if not search(name, max(1, seconds // len(chosen)))]
    if failed:
        sys.exit(
            f"Broken: {', '.join(failed)}. The inputs are in {BUILD}/TARGET; --replay shows the traceback."
        )


def search(name: str, seconds: int) -> bool:
    """Search one target; True if nothing was found."""
    folder = BUILD / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(load(name).seeds()):
        (corpus / f"seed-{number:03d}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={HANG}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-artifact_prefix={folder}/",
        "-max_len=4096",
        "-print_final_stats=1",
        str(corpus),
    ]
    log = folder / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "tests.fuzz.guided", name, *options]
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(errors="replace")
    print(f"{name:12} {'ok' if status == 0 else 'BROKEN':6} {summary(text)}", flush=True)
    if status != 0:
        print("\n".join(text.splitlines()[-40:]))
    return status == 0


def summary(log: str) -> str:
    """Runs, speed, branches and memory, as libFuzzer's last lines have them."""
    found = dict(re.findall(r"stat::(\w+):\s+(\d+)", log))
    covered = re.findall(r"cov: (\d+)", log)
    return (
        f"{found.get('number_of_executed_units', '?')} inputs, {found.get('average_exec_per_sec', '?')} a second, "
        f"{covered[-1] if covered else '?'} branches, {found.get('peak_rss_mb', '?')} MB at most"
    )


if __name__ == "__main__":
    main()
