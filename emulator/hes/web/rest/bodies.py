"""What goes in and out over REST: JSON as ASP.NET writes and reads it."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

# No database takes a NUL in a text.
_NO_NUL = r"^[^\x00]*$"
LONGEST_TEXT = 256


def _as_number(sent: Any) -> Any:
    """Neither a text with digits nor true is a number in JSON."""
    if isinstance(sent, bool) or not isinstance(sent, int | float):
        raise ValueError("a number is needed")  # noqa: TRY004 - what pydantic expects
    return sent


def _as_digits(sent: Any) -> Any:
    """In an address a number is its digits; pydantic takes `0.0` and `1_0` too, which the document does not."""
    if isinstance(sent, str) and not (sent.isascii() and sent.isdigit()):
        raise ValueError("a number is needed")
    return sent


def _encodable(sent: Any) -> Any:
    """Unlike a `str`, a `SecretStr` is not looked at for half a character, which JSON can bring."""
    if isinstance(sent, str) and any("\ud800" <= character <= "\udfff" for character in sent):
        raise ValueError("this is no Unicode text")
    return sent


Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=_NO_NUL)]
Needed = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=_NO_NUL)]
# What can stand in a header, which is how clients name a key, and be a piece of an address that is no way back.
Serial = Annotated[str, Field(max_length=64, pattern=r"^[!-.0-~]*[!-\-0-~][!-.0-~]*$")]
Description = Annotated[str, Field(max_length=4096, pattern=_NO_NUL)]
IsNumber = BeforeValidator(_as_number)
Count = Annotated[int, Field(ge=0, le=2**31 - 1), IsNumber]
Hidden = Annotated[SecretStr, BeforeValidator(_encodable), Field(min_length=1, max_length=LONGEST_TEXT)]
After = Annotated[int, Field(ge=0, le=2**53), BeforeValidator(_as_digits), Query()]
Id = Annotated[str, Path(min_length=1, max_length=LONGEST_TEXT, pattern=_NO_NUL)]


def _in_utc(moment: datetime) -> datetime:
    """A moment without an offset is UTC, as the vendor's dates are."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the date is out of range") from None


def _as_date(sent: Any) -> Any:
    """A number would be taken as seconds since 1970, in a text too."""
    if not isinstance(sent, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", sent):
        raise ValueError("a date is a text such as 2026-03-01T12:00:00Z")
    return sent


Moment = Annotated[datetime, BeforeValidator(_as_date), AfterValidator(_in_utc)]


def _from_base64(sent: Any) -> Any:
    return base64.b64decode(sent, validate=True) if isinstance(sent, str) else sent


_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
Bytes = Annotated[
    bytes, BeforeValidator(_from_base64), WithJsonSchema({"type": "string", "pattern": _BASE64})
]


class Body(BaseModel):
    """A request's body. As with ASP.NET the case of its names does not matter, and unknown ones are passed over."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _names_in_any_case(cls, sent: Any) -> Any:
        if not isinstance(sent, dict):
            return sent
        names = {to_camel(name).lower(): to_camel(name) for name in cls.model_fields}
        return {names.get(str(name).lower(), name): value for name, value in sent.items()}


class Answer(BaseModel):
    """What is answered: names in camel case, enumerations as numbers."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True)


class Refusal(Answer):
    """Why something was refused.

    Attributes:
        error: a sentence; from a login the vendor's name of the error.
        code: the vendor's name of the rule, where a rule refused it.
        errors: what is wrong with the request, by its parts, where it could not be understood.
    """

    error: str
    code: str | None = None
    errors: dict[str, list[str]] | None = None
