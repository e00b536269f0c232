"""For every layout: encode then decode gives the same; decode of anything gives a value or one defined error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.layout import Layout, MessageSet, WireError
from hideez_bench.protocol.wire import default_wire
from tests.protocol.golden import load
from tests.protocol.strategies import BY_LAYER

WIRE = default_wire()
GOLDEN = load()


def test_every_layout_is_covered() -> None:
    layouts = {name for name, value in vars(WIRE).items() if isinstance(value, Layout | MessageSet)}
    assert layouts == set(BY_LAYER)


@pytest.mark.parametrize("layer", BY_LAYER)
@given(data=st.data())
def test_encode_then_decode_gives_the_same(layer: str, data: st.DataObject) -> None:
    value = data.draw(BY_LAYER[layer])
    layout = getattr(WIRE, layer)
    assert layout.parse(layout.build(value)) == value


@pytest.mark.parametrize("layer", BY_LAYER)
@given(noise=st.binary(max_size=600))
def test_noise_decodes_to_a_value_that_encodes_again_or_to_one_error(layer: str, noise: bytes) -> None:
    layout = getattr(WIRE, layer)
    try:
        value = layout.parse(noise)
    except WireError as error:
        assert error.data == noise
        assert 0 <= error.offset <= len(noise)
    else:
        assert layout.parse(layout.build(value)) == value


@pytest.mark.parametrize("layer", BY_LAYER)
@given(data=st.data())
def test_damage_is_an_error_or_another_value_never_something_else(layer: str, data: st.DataObject) -> None:
    layout = getattr(WIRE, layer)
    built = bytearray(layout.build(data.draw(BY_LAYER[layer])))
    if built:
        built[data.draw(st.integers(0, len(built) - 1))] ^= data.draw(st.integers(1, 255))
    cut = bytes(built[: data.draw(st.integers(0, len(built)))])
    try:
        layout.parse(cut)
    except WireError as error:
        assert error.data == cut


@pytest.mark.parametrize(
    "golden", [g for g in GOLDEN if g.layer in ("request", "reply", "to_key", "from_key")]
)
def test_cut_short_nothing_means_the_whole(golden: object) -> None:
    layer, data, value = golden.layer, golden.data, golden.value  # type: ignore[attr-defined]
    for length in range(len(data)):
        try:
            parsed = getattr(WIRE, layer).parse(data[:length])
        except WireError:
            continue
        assert parsed != value


def test_an_error_names_the_field_and_the_place_but_not_the_bytes() -> None:
    golden = next(g for g in GOLDEN if g.name == "LINK")
    with pytest.raises(WireError) as caught:
        WIRE.request.parse(golden.data[:-1])
    assert caught.value.path == "Link.code"
    assert caught.value.offset == len(golden.data) - 1
    assert "313233" not in str(caught.value) + repr(caught.value)
    assert "12345" not in str(caught.value) + repr(caught.value)


def test_a_value_of_the_wrong_type_is_one_error_too() -> None:
    status = next(g.value for g in GOLDEN if isinstance(g.value, m.Status))
    wrong: Any = []
    for field in ("button", "access_level", "battery"):
        with pytest.raises(WireError):
            WIRE.from_key.build(m.Status(replace(status.state, **{field: wrong})))
    with pytest.raises(WireError):
        WIRE.from_key.build(wrong)
