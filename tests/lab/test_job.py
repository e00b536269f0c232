from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hideez_bench.harness.lab.errors import LabUnavailable
from hideez_bench.harness.lab.job import Job, source_folder


def test_the_message_is_what_the_guest_reads(tmp_path: Path) -> None:
    job = Job(["pytest", "-q", "naïve name"], tmp_path, tmp_path / "out")
    message = json.loads(json.dumps(job.message(tmp_path)))
    assert message["argv"] == ["pytest", "-q", "naïve name"]
    assert message["cwd"] == str(tmp_path)
    assert message["out"] is True
    project, *_, out = message["folders"]
    assert project == {"tag": "project", "path": str(tmp_path), "read_only": True, "keep": []}
    assert out == {"tag": "out", "path": "/out", "read_only": False, "keep": []}


def test_without_a_folder_for_results_none_is_mounted(tmp_path: Path) -> None:
    message = Job(["true"], tmp_path).message(tmp_path)
    assert message["out"] is False
    assert "out" not in [folder["tag"] for folder in message["folders"]]


def test_the_machine_has_the_same_places_for_every_job(tmp_path: Path) -> None:
    source = source_folder() or tmp_path
    jobs = [Job(["true"], tmp_path), Job(["true"], source), Job(["true"], source, tmp_path)]
    assert {tuple(share.tag for share in job.shares(tmp_path)) for job in jobs} == {
        ("project", "source", "out")
    }


def test_a_source_outside_of_the_project_is_mounted_too(tmp_path: Path) -> None:
    tags = [folder["tag"] for folder in Job(["true"], tmp_path).message(tmp_path)["folders"]]
    assert ("source" in tags) is (source_folder() is not None)


def test_an_environment_inside_the_project_stays_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert Job(["true"], tmp_path).message(tmp_path)["folders"][0]["keep"] == [str(tmp_path / ".venv")]


def test_settings_of_the_caller_that_matter_are_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDEEZ_BENCH_ANYTHING", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    monkeypatch.setenv("AWS_SECRET", "never")
    environment = Job(["true"], tmp_path, environment={"MINE": "2"}).guest_environment()
    assert environment["HIDEEZ_BENCH_ANYTHING"] == "1"
    assert environment["MINE"] == "2"
    assert environment["PYTEST_ADDOPTS"].endswith(" -x")
    assert "AWS_SECRET" not in environment


@pytest.mark.parametrize("folder", ["/", "/usr", "/run"])
def test_a_folder_that_would_hide_the_guest_s_system_is_refused(folder: str) -> None:
    with pytest.raises(LabUnavailable, match="start it in a project's folder"):
        Job(["true"], Path(folder))
