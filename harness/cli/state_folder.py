"""Where this user's commands keep what outlives them."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from hideez_bench.protocol.errors import BenchError


def state_folder(instead: str) -> Path:
    """The folder, made if it is not there, for this user's eyes only.

    Args:
        instead: the option that names another place, for the error.

    Raises:
        BenchError: it cannot be made.
    """
    folder = platformdirs.user_state_path("hideez-bench")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(
            f"The folder for the server's memory, {folder}, cannot be made ({error.strerror}); "
            f"name another place with {instead}."
        ) from None
    return folder
