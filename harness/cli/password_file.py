"""A password that a file brings, so that it stands in no command line."""

from __future__ import annotations

from pathlib import Path

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import Password


def read_password(path: Path) -> Password:
    """The password in a file, without the end of its line.

    Raises:
        BenchError: the file cannot be read, or is empty.
    """
    try:
        text = path.read_text().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BenchError(
            f"The password file {path} cannot be read ({reason}); nothing was started."
        ) from None
    if not text:
        raise BenchError(
            f"The password file {path} is empty; write the password into it. Nothing was started."
        )
    return Password.from_text(text)
