"""The command `hideez-bench`.

Each subcommand stands in a module of its own and is imported when it is called, so that `--help` and a short
command start at once.
"""

from hideez_bench.harness.cli.main import main

__all__ = ["main"]
