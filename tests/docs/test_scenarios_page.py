"""docs/scenarios.md lists every scenario, under the trouble that it plays, and shows one as it is printed."""

from __future__ import annotations

import textwrap
from collections import Counter

from click.testing import CliRunner

from hideez_bench.harness.cli.main import cli
from hideez_bench.harness.scenarios.catalogue import CATALOGUE
from tests.docs.page import DOCS, code, tables

(TABLE,) = tables("scenarios.md")
TROUBLES = 19
"""The rows of the project's list of what users struggle with."""


def test_every_trouble_is_played_or_it_is_said_why_not() -> None:
    assert len(TABLE.rows) == TROUBLES
    for row in TABLE.rows:
        assert code(row["scenarios"]) or row["scenarios"].startswith("not emulated: a matter of "), row


def test_every_scenario_belongs_to_one_trouble() -> None:
    assert Counter(name for row in TABLE.rows for name in code(row["scenarios"])) == Counter(list(CATALOGUE))


def test_the_behaviours_of_each_trouble() -> None:
    for row in TABLE.rows:
        shown = {behaviour for name in code(row["scenarios"]) for behaviour in CATALOGUE[name].behaviours}
        assert row["behaviours"] == (", ".join(sorted(shown)) or "none"), row["trouble"]


def test_the_example_is_what_is_printed() -> None:
    page = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    printed = CliRunner(env={"COLUMNS": "104"}).invoke(cli, ["scenario", "run", "prompt-times-out"]).stdout
    assert textwrap.indent(printed.strip(), "    ") in page
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert f"{len(CATALOGUE)} troubles" in readme
