"""The command `hideez-bench`.

Each subcommand stands in a module of its own and is imported when it is called, so that `--help` and a short
command start at once.
"""

import sys

try:
    from hideez_bench.harness.cli.main import main
except KeyboardInterrupt:  # click takes a while to import
    sys.stderr.write("Interrupted; nothing was sent.\n")
    raise SystemExit(130) from None

__all__ = ["main"]
