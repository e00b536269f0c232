"""The licence server's answer, as somebody pastes or uploads it."""

from __future__ import annotations

from pydantic import ValidationError

from hideez_bench.emulator.hes.web.rest.bench import Import
from hideez_bench.protocol.errors import BenchError


def read_licence_file(text: str) -> Import:
    """What the text says of keys and licences.

    Raises:
        BenchError: it is not what the licence server answers; the first thing that is wrong is named.
    """
    if not text:
        raise BenchError("Choose a file or paste its text; nothing was imported.")
    try:
        return Import.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = " ".join(str(part) for part in first["loc"])
        wrong = f"{where}: {first['msg']}" if where else str(first["msg"])
        raise BenchError(
            f"This is not what the licence server answers ({wrong}); nothing was imported."
        ) from None
