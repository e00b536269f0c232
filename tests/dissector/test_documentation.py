"""The filters that the documentation names are ones that Wireshark takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.dissector.recording import Recording
from tests.dissector.tshark import run

TEXT = Path(__file__).parents[2].joinpath("docs", "dissector.md").read_text(encoding="utf-8")
FILTERS = [
    found.replace("\\|", "|")
    for found in re.findall(r"^\| `(.+?)` \|", TEXT, re.MULTILINE)
    if "hideez" in found
]


@pytest.mark.parametrize("wanted", FILTERS)
def test_filter(script: Path, tmp_path: Path, wanted: str) -> None:
    capture = Recording().save(tmp_path / "x.btsnoop")
    assert run(script, capture, "-Y", wanted) == ""


def test_there_are_filters() -> None:
    assert len(FILTERS) > 10
