"""Reads construct's layouts and says, in plain data, what they do: fields, and steps to take through the bytes.

A step is a table with an `op`, which `reading.lua` has a function for. An element that is not known here raises, so
that a layout can never be dissected in part without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import construct as c

from hideez_bench.harness.dissector.place import Place, UnknownElementError, snake, spoken
from hideez_bench.protocol import meaning
from hideez_bench.protocol.layout import Converted, Limited

Data = dict[str, Any]
NUMBER_SIZES = {"B": 1, "H": 2, "L": 4}


class Walker:
    """Collects the fields and layouts of all that it walks through.

    Attributes:
        fields: what Wireshark must know of each field, by key.
        layouts: the steps through each value, by the name of its class.
        names: tables of number and name, by the key of the first field that has it.
    """

    def __init__(self) -> None:
        self.fields: dict[str, Data] = {}
        self.layouts: dict[str, list[Data]] = {}
        self.names: dict[str, dict[int, str]] = {}
        self._records: dict[str, c.Construct] = {}
        self._steps: dict[type, Callable[[Any, Place], Data]] = {
            c.FormatField: self._number,
            c.Bytes: lambda it, place: self._bytes(place, size=_constant(it.length, place)),
            type(c.GreedyBytes): lambda _it, place: self._bytes(place),
            c.Const: self._const,
            c.Prefixed: self._prefixed,
            c.FixedSized: self._sized,
            c.NullStripped: self._stripped,
            c.StringEncoded: self._text,
            c.IfThenElse: self._only_if,
            c.Switch: self._switch,
            c.FocusedSeq: self._counted,
            Limited: self._limited,
            Converted: self._converted,
        }

    def record(self, field: c.Construct) -> str:
        """Walk through a value's layout; return the name of its class in lower case.

        Raises:
            UnknownElementError: it holds something that is not known here.
        """
        found = field.meaning if isinstance(field, Converted) else None
        if not isinstance(found, meaning.Record):
            raise UnknownElementError(f"The dissector needs a layout of a value, and was given {field!r}.")
        owner, struct = snake(found.value.__name__), field.subcon
        if owner in self._records:
            return self._known_record(owner, struct)
        self._records[owner] = struct
        about = (found.value.__doc__ or "").split("\n")[0]
        if isinstance(struct, c.Struct):
            steps: list[Data] = []
            siblings: dict[str, c.Construct] = {}
            for renamed in struct.subcons:
                place = Place(f"{owner}.{renamed.name}", spoken(renamed.name), about, dict(siblings))
                steps.append(self.step(renamed.subcon, place) | {"name": renamed.name})
                siblings[renamed.name] = renamed.subcon
        elif isinstance(struct, c.Transformed) and struct.decodefunc is c.bytes2bits:
            steps = self._bits(struct, owner, about)
        else:
            raise UnknownElementError(f"The dissector does not know {struct!r}, which lays out {owner}.")
        self.layouts[owner] = steps
        return owner

    def step(self, it: c.Construct, place: Place) -> Data:
        """What to do with one element of a layout.

        Raises:
            UnknownElementError: it is not known here.
        """
        make = self._steps.get(type(it))
        if make is None:
            raise UnknownElementError(
                f"The dissector does not know {type(it).__name__}, the layout of {place.key}."
            )
        return make(it, place)

    def field(self, place: Place, kind: str, **more: Any) -> str:
        """Declare a field to Wireshark; return its key."""
        if place.key in self.fields:
            raise UnknownElementError(f"Two different fields are called {place.key}.")
        self.fields[place.key] = {"kind": kind, "label": place.label, **more, "about": place.about}
        return place.key

    def name_numbers(self, key: str, names: Mapping[int, str]) -> None:
        """Give a field the names of its numbers; equal tables are kept once."""
        table = dict(sorted(names.items()))
        known = next((first for first, other in self.names.items() if other == table), key)
        self.names.setdefault(known, table)
        self.fields[key]["names"] = known

    def _known_record(self, owner: str, struct: c.Construct) -> str:
        if self._records[owner] is not struct:
            raise UnknownElementError(
                f"Two different layouts are of {owner}; the dissector knows one of each."
            )
        return owner

    def _number(self, it: Any, place: Place) -> Data:
        order, letter = it.fmtstr[0], it.fmtstr[1]
        size = NUMBER_SIZES.get(letter.upper())
        if size is None or (order != "<" and size > 1):
            raise UnknownElementError(f"The dissector does not know numbers as {it.fmtstr!r} ({place.key}).")
        kind = ("uint" if letter.isupper() else "int") + str(8 * size)
        return {"op": "number", "field": self.field(place, kind), "size": size, "signed": letter.islower()}

    def _bytes(self, place: Place, size: int | None = None) -> Data:
        step: Data = {"op": "bytes", "field": self.field(place, "bytes")}
        return step if size is None else step | {"size": size}

    def _const(self, it: Any, place: Place) -> Data:
        step = self.step(it.subcon, place)
        if step["op"] != "bytes":
            raise UnknownElementError(f"The dissector knows constants of bytes only, not {place.key}.")
        return step | {"expected": it.value.hex()}

    def _prefixed(self, it: Any, place: Place) -> Data:
        if it.includelength:
            raise UnknownElementError(
                f"The length of {place.key} counts itself, which the dissector does not."
            )
        length = self.step(it.lengthfield, place.inner("length"))
        return {"op": "prefixed", "length": length, "inner": self.step(it.subcon, place)}

    def _sized(self, it: Any, place: Place) -> Data:
        size = _constant(it.length, place)
        return {"op": "sized", "size": size, "inner": self.step(it.subcon, place)}

    def _stripped(self, it: Any, place: Place) -> Data:
        if it.pad != b"\0":
            raise UnknownElementError(f"The dissector strips zeros, not {it.pad!r} ({place.key}).")
        return self.step(it.subcon, place) | {"stripped": True}

    def _text(self, it: Any, place: Place) -> Data:
        return self._shown_as("string", self.step(it.subcon, place), place)

    def _only_if(self, it: Any, place: Place) -> Data:
        condition = it.condfunc
        if not isinstance(condition, meaning.FieldIs) or it.elsesubcon is not c.Pass:
            raise UnknownElementError(f"The dissector cannot tell when {place.key} is there.")
        equals = _on_the_wire(place.siblings[condition.name], condition.value, place)
        return {
            "op": "only_if",
            "on": condition.name,
            "equals": equals,
            "inner": self.step(it.thensubcon, place),
        }

    def _switch(self, it: Any, place: Place) -> Data:
        if not isinstance(it.keyfunc, meaning.FieldOf) or it.default is not c.Pass:
            raise UnknownElementError(f"The dissector cannot tell which {place.key} is there.")
        cases = {}
        for case, inner in it.cases.items():
            number = _on_the_wire(place.siblings[it.keyfunc.name], case, place)
            cases[number] = self.step(inner, place.inner(snake(str(case))))
        return {"op": "switch", "on": it.keyfunc.name, "cases": dict(sorted(cases.items()))}

    def _counted(self, it: Any, place: Place) -> Data:
        parts = {part.name: part.subcon for part in it.subcons}
        if it.parsebuildfrom != "items" or set(parts) != {"count", "items"}:
            raise UnknownElementError(
                f"The dissector knows sequences behind their count only, not {place.key}."
            )
        count = self.step(parts["count"].subcon, place.inner("count"))
        return {"op": "counted", "count": count, "inner": self.step(parts["items"].subcon, place)}

    def _limited(self, it: Any, place: Place) -> Data:
        step = self.step(it.subcon, place)
        if step["op"] not in ("number", "bytes"):
            raise UnknownElementError(f"The dissector cannot limit {place.key}.")
        return step | {"low": it.low, "high": it.high}

    def _converted(self, it: Any, place: Place) -> Data:
        match it.meaning:
            case meaning.Record():
                return {"op": "record", "layout": self.record(it), "field": self.field(place, "none")}
            case meaning.Names(by_number, closed):
                return self._named(it, by_number, closed, place)
            case meaning.Bits(by_mask):
                return self._flags(self.step(it.subcon, place), by_mask, place)
            case meaning.Text():
                return self._shown_as("string", self.step(it.subcon, place), place)
            case meaning.Dotted():
                return self._shown_as("string", self.step(it.subcon, place), place) | {"dotted": True}
            case meaning.Hidden():
                return self._shown_as("none", self.step(it.subcon, place), place)
            case meaning.AsItIs():
                return self.step(it.subcon, place)
        raise UnknownElementError(f"The dissector does not know what {place.key} means: {it.meaning!r}.")

    def _named(self, it: Any, by_number: Mapping[int, str], closed: bool, place: Place) -> Data:
        step = self.step(it.subcon, place) | {"closed": closed}
        self.name_numbers(place.key, by_number)
        if isinstance(it.meaning, meaning.ErrorNames):
            self.fields[place.key]["hexadecimal"] = True
            step["is_error"] = True
        return step

    def _shown_as(self, kind: str, step: Data, place: Place) -> Data:
        self.fields[place.key]["kind"] = kind
        return step

    def _flags(self, step: Data, by_mask: Mapping[int, str], place: Place) -> Data:
        self.fields[place.key]["hexadecimal"] = True
        bits = []
        for mask, name in sorted(by_mask.items()):
            inner = place.inner(name.lower())
            bits.append({"mask": mask, "field": self.field(inner, "bit", mask=mask, width=8 * step["size"])})
        return step | {"bits": bits}

    def _bits(self, struct: Any, owner: str, about: str) -> list[Data]:
        if struct.decodeamount != 1:
            raise UnknownElementError(f"The dissector knows bit fields of one byte only, not {owner}.")
        parts, shift = [], 8
        for renamed in struct.subcon.subcons:
            place = Place(f"{owner}.{renamed.name}", spoken(renamed.name), about, {})
            part, shift = self._bit_field(renamed.subcon, place, shift)
            parts.append(part | {"name": renamed.name})
        return [{"op": "bits", "parts": parts, "name": "bits"}]

    def _bit_field(self, it: Any, place: Place, end: int) -> tuple[Data, int]:
        if isinstance(it, Converted) and isinstance(it.meaning, meaning.Names):
            part, start = self._bit_field(it.subcon, place, end)
            self.name_numbers(place.key, it.meaning.by_number)
            return part | {"closed": it.meaning.closed}, start
        if it is c.Flag:
            start = end - 1
            return {
                "shift": start,
                "width": 1,
                "field": self.field(place, "bit", mask=1 << start, width=8),
            }, start
        if isinstance(it, c.BitsInteger) and not it.signed and not it.swapped:
            start = end - _constant(it.length, place)
            mask = (1 << end) - (1 << start)
            return {
                "shift": start,
                "width": end - start,
                "field": self.field(place, "uint8", mask=mask),
            }, start
        raise UnknownElementError(
            f"The dissector does not know the bit field {it!r}, the layout of {place.key}."
        )


def _on_the_wire(sibling: c.Construct, value: object, place: Place) -> int:
    """The number that stands for a value in another field."""
    found = sibling.meaning if isinstance(sibling, Converted) else None
    if not isinstance(found, meaning.Names) or not isinstance(value, Enum):
        raise UnknownElementError(
            f"The dissector cannot tell which number {value!r} is, on which {place.key} depends."
        )
    return next(number for number, name in found.by_number.items() if name == value.value)


def _constant(length: object, place: Place) -> int:
    if not isinstance(length, int):
        raise UnknownElementError(
            f"The length of {place.key} depends on something that the dissector cannot see."
        )
    return length
