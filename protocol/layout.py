"""The bridge between construct's layouts and our values, and the one place where its errors become ours."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import Flag, StrEnum
from typing import Any, Generic, TypeVar

from construct import (
    Construct,
    ConstructError,
    Container,
    GreedyBytes,
    Int8ul,
    Prefixed,
    Struct,
    Subconstruct,
    Terminated,
    TerminatedError,
    Validator,
    stream_read,
    stream_write,
)

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.meaning import (
    Bits,
    ErrorNames,
    Hidden,
    Meaning,
    Names,
    Record,
)
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import Secret
from hideez_bench.protocol.values import UnknownError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
F = TypeVar("F", bound=Flag)


class WireError(BenchError):
    """Bytes that mean nothing, or a value that has no bytes.

    Attributes:
        data: the bytes, empty when building. They may hold secrets and are in no text.
        offset: where in `data` it went wrong.
        path: the field, as `Link.code`.
    """

    def __init__(self, reason: str, *, data: bytes = b"", offset: int = 0, path: str = "") -> None:
        super().__init__(f"{path or 'message'}: {reason} (at byte {offset} of {len(data)})")
        self.data = data
        self.offset = offset
        self.path = path


class UnknownMessage(WireError):
    """A command number that the profile does not have."""


class LeanStruct(Struct):  # type: ignore[misc]
    """construct's Struct in half its time: its context is no more than the fields so far, which is all we ask of it.

    It calls its fields by construct's inner methods, as every construct calls another; where one fails, the path to
    it is put together on the way out, and costs nothing until then.
    """

    def __init__(self, *wire_fields: Construct) -> None:
        super().__init__(*wire_fields)
        self._steps = [(field.name, field.subcon) for field in wire_fields]

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        values = Container(context)
        name = ""
        try:
            for name, field in self._steps:
                values[name] = field._parse(stream, values, "")  # noqa: SLF001
        except ConstructError as error:
            error.path = f" -> {name}{error.path or ''}"
            raise
        return values

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        values = Container(context, **obj)
        name = ""
        try:
            for name, field in self._steps:
                field._build(obj.get(name), stream, values, "")  # noqa: SLF001
        except ConstructError as error:
            error.path = f" -> {name}{error.path or ''}"
            raise
        return values


class Layout(Generic[T]):
    """One value's fields in wire order, for both directions. Closed: no byte may be left over.

    construct runs interpreted: its compiled parsers take truncated data without a word.

    Attributes:
        value: the class of the value.
        fields: its fields in wire order.
        field: the construct to use where this value is part of another.
    """

    def __init__(self, value: type[T], *wire_fields: Construct, struct: type[Construct] = LeanStruct) -> None:
        names = [field.name for field in fields(value)]  # type: ignore[arg-type]
        self.value = value
        self.fields = wire_fields
        self.field: Construct = Converted(
            struct(*wire_fields),
            lambda parsed: value(**{name: parsed[name] for name in names}),
            lambda instance: {name: getattr(instance, name) for name in names},
            Record(value),
            remember=struct is not LeanStruct,
        )

    def build(self, value: T) -> bytes:
        """The bytes of a value.

        Raises:
            WireError: a field holds what the wire cannot carry.
        """
        try:
            built: bytes = self.field.build(value)
        except ConstructError as error:
            raise WireError(_reason(error), path=self._path(error)) from None
        return built

    def parse(self, data: bytes, start: int = 0) -> T:
        """The value of some bytes, of those from `start` on.

        Raises:
            WireError: they are too few, too many, or mean nothing.
        """
        stream = io.BytesIO(data)
        stream.seek(start)
        try:
            parsed: T = self.field.parse_stream(stream)
            end = stream.tell()
            Terminated._parse(stream, None, "")  # noqa: SLF001
        except TerminatedError as error:
            raise WireError(_reason(error), data=data, offset=end, path=self._path(error)) from None
        except ConstructError as error:
            raise WireError(_reason(error), data=data, offset=stream.tell(), path=self._path(error)) from None
        return parsed

    def _path(self, error: ConstructError) -> str:
        # construct begins a path with "(parsing)" or "(building)".
        steps = [step.strip() for step in (error.path or "").split("->")]
        return ".".join([self.value.__name__, *(step for step in steps if step and not step.startswith("("))])


class MessageSet(Generic[T]):
    """Messages that travel behind a command number: one direction's control messages, or all requests.

    Attributes:
        layouts: the messages by their number.
    """

    def __init__(self, numbers: Mapping[str, int], layouts: Sequence[Layout[Any]]) -> None:
        self.layouts = {numbers[layout.value.command]: layout for layout in layouts}
        self._numbers = {layout.value: number for number, layout in self.layouts.items()}

    def build(self, message: T) -> bytes:
        """The bytes of a message, command number first.

        Raises:
            WireError: a field holds what the wire cannot carry.
        """
        kind = type(message)
        if kind not in self._numbers:
            raise WireError("not a message that goes this way", path=kind.__name__)
        number = self._numbers[kind]
        return bytes([number]) + self.layouts[number].build(message)

    def parse(self, data: bytes) -> T:
        """The message of some bytes.

        Raises:
            UnknownMessage: the command number is not one of this set.
            WireError: what follows it is too short, too long, or means nothing.
        """
        if not data:
            raise WireError("too few bytes")
        layout = self.layouts.get(data[0])
        if layout is None:
            raise UnknownMessage(f"unknown command 0x{data[0]:02x}", data=data)
        message: T = layout.parse(data, start=1)
        return message


def _reason(error: ConstructError) -> str:
    # construct's own text may quote the value, which may be a secret; the class says enough.
    return {
        "StreamError": "too few bytes",
        "TerminatedError": "bytes left over",
        "FormatFieldError": "number out of range",
        "IntegerError": "number out of range",
        "MappingError": "not a value of this field",
        "ValidationError": "not allowed here",
        "ConstError": "not the expected constant",
        "StringError": "not text",
        "PaddingError": "text too long",
    }.get(type(error).__name__, "malformed")


class Converted(Subconstruct):  # type: ignore[misc]
    """A field that is one thing on the wire and another in a value.

    Attributes:
        meaning: what it stands for.
    """

    def __init__(
        self,
        subcon: Construct,
        decode: Callable[[Any], Any],
        encode: Callable[[Any], Any],
        meaning: Meaning,
        *,
        remember: bool = False,
    ) -> None:
        """`remember`: work out each value once. For fields of a byte or two whose values never change."""
        super().__init__(subcon)
        self._to_value, self._to_wire = decode, encode
        self.meaning = meaning
        self._size: int | None = subcon.sizeof() if remember else None
        self._values: dict[bytes, Any] = {}
        self._built: dict[Any, bytes] = {}

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        if self._size is None:
            return self._read(stream, context, path)
        data = stream_read(stream, self._size, path)
        if data not in self._values:
            self._values[data] = self._read(io.BytesIO(data), context, path)
        return self._values[data]

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if self._size is None:
            self._write(obj, stream, context, path)
            return obj
        data = self._convert(self._built.get, obj, path)
        if data is None:
            written = io.BytesIO()
            self._write(obj, written, context, path)
            data = self._built[obj] = written.getvalue()
        stream_write(stream, data, self._size, path)
        return obj

    def _read(self, stream: Any, context: Any, path: str) -> Any:
        return self._convert(self._to_value, self.subcon._parse(stream, context, path), path)  # noqa: SLF001

    def _write(self, obj: Any, stream: Any, context: Any, path: str) -> None:
        self.subcon._build(self._convert(self._to_wire, obj, path), stream, context, path)  # noqa: SLF001

    @staticmethod
    def _convert(how: Callable[[Any], Any], obj: Any, path: str) -> Any:
        try:
            return how(obj)
        except (KeyError, ValueError, TypeError, AttributeError, UnicodeError):
            raise _Unmappable(path=path) from None


class _Unmappable(ConstructError):  # type: ignore[misc]
    """A value outside its field's; `_reason` calls it malformed."""


def name_of(subcon: Construct, names: type[E], numbers: Mapping[str, int]) -> Construct:
    """A number that stands for a name of `names`; any other number is an error."""
    by_number = {numbers[name.value]: name for name in names}
    return Converted(
        subcon,
        lambda number: by_number[number],
        lambda name: numbers[name.value],
        Names({number: name.value for number, name in by_number.items()}),
    )


def error_of(subcon: Construct, numbers: Mapping[str, int]) -> Construct:
    """An error number; one that the profile lacks stays as it is."""
    by_number = {numbers[name.value]: name for name in ErrorName}
    return Converted(
        subcon,
        lambda number: by_number.get(number) or UnknownError(number),
        lambda error: error.number if isinstance(error, UnknownError) else numbers[error.value],
        ErrorNames({number: name.value for number, name in by_number.items()}, closed=False),
    )


def flags_of(subcon: Construct, flags: type[F], bits: Mapping[str, int]) -> Construct:
    """A bit field; a bit without a name is an error."""
    masks = {flag: 1 << bits[str(flag.name)] for flag in flags}

    def decode(number: int) -> F:
        value = flags(0)
        for flag, mask in masks.items():
            if number & mask:
                value |= flag
                number &= ~mask
        if number:
            raise ValueError("unknown bits")
        return value

    def encode(value: F) -> int:
        return sum(mask for flag, mask in masks.items() if flag in value)

    meaning = Bits({mask: str(flag.name) for flag, mask in masks.items()})
    return Converted(subcon, decode, encode, meaning, remember=True)


def secret_of(subcon: Construct, kind: type[Secret]) -> Construct:
    """Bytes that become a secret the moment they are read."""
    return Converted(subcon, kind, lambda secret: secret.reveal(), Hidden())


class Limited(Validator):  # type: ignore[misc]
    """A number from `low` to `high`, or bytes of so many."""

    def __init__(self, subcon: Construct, low: int, high: int) -> None:
        super().__init__(subcon)
        self.low, self.high = low, high

    def _validate(self, obj: Any, context: Any, path: str) -> bool:
        return self.low <= (len(obj) if isinstance(obj, bytes) else obj) <= self.high


def limited(subcon: Construct, low: int, high: int) -> Construct:
    """A number from `low` to `high`, or bytes of so many."""
    return Limited(subcon, low, high)


def lv(low: int = 0, high: int = 255) -> Construct:
    """Bytes behind their length in one byte, `low` to `high` of them."""
    return Prefixed(Int8ul, limited(GreedyBytes, low, high))
