"""README.md is true: its settings, its figures, its commands and its examples."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hematovision import INTENDED_USE
from hematovision.bundle import current_path
from hematovision.cells import in_words
from hematovision.settings import Settings, variable
from hematovision.training.card import located_table, readouts_table, rows_table
from house import one_line

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_every_setting_stands_in_the_table_with_its_default_and_sentence() -> None:
    table = re.findall(r"^\| `(HEMATOVISION_\w+)` \| (.*?) \| (.*) \|$", README, re.MULTILINE)
    assert table == [
        (variable(each.name), shown(each.metadata["default"]), each.metadata["sentence"]) for each in fields(Settings)
    ]


def shown(default: object) -> str:
    if default in (None, ()):
        return "empty"
    if isinstance(default, str) and " " in default:  # in words
        return default
    return f"`{default}`"


@pytest.fixture
def metrics(models: Path) -> dict[str, Any]:
    """What the bundle in use scored."""
    content: dict[str, Any] = json.loads((current_path(models) / "metrics.json").read_text(encoding="utf-8"))
    return content


def test_the_figures_are_those_of_the_current_bundle(models: Path, metrics: dict[str, Any]) -> None:
    bundle = current_path(models)
    assert rows_table(metrics) in README
    record = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    assert readouts_table(record, metrics) in README
    assert bundle.joinpath("MODEL_CARD.md").relative_to(models.parent).as_posix() in README


def test_how_well_cells_are_found_is_as_the_current_bundle_has_it(metrics: dict[str, Any]) -> None:
    assert located_table(metrics) in README
    centres = metrics["locator"]["centres"]
    held, n = (sum(of_class[key] for of_class in centres.values()) for key in ("held", "n"))
    label, least = min(centres.items(), key=lambda each: each[1]["held"] / each[1]["n"])
    for said in (
        f"The main cell's box holds the centre in {held / n:.2%} of Barcelona's test crops (n = {n}; ",
        f"), least often for {in_words(label)}s, {least['held']} of {least['n']}.",
    ):
        assert said in one_line(README)


def test_the_intended_use_is_there_in_full() -> None:
    assert INTENDED_USE in one_line(README)


def test_the_commands_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"sense"}
    assert named >= {"run", "test", "bench"}
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    listed = subprocess.run(
        [sys.executable, "-m", "hematovision", "--help"], capture_output=True, text=True, check=True
    )
    for command in set(re.findall(r"\bhematovision ([a-z]+)\b", README)):
        assert re.search(rf"^  {command}\b", listed.stdout, re.MULTILINE), command


def test_the_links_inside_the_repository_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=["with a server", "without a server"])
def test_the_python_examples_run_as_printed(block: str, served: str, cell_file: Path, record: dict[str, Any]) -> None:
    program = block.replace("http://127.0.0.1:8000", served)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=cell_file.parent, capture_output=True, text=True, check=True
    )
    status, label, confidence = done.stdout.split()
    assert status in ("confident", "check")
    assert label in record["labels"]
    assert 0 < float(confidence) <= 1


@pytest.mark.parametrize("command", re.findall(r"^    (curl .*)$", README, re.MULTILINE))
def test_the_curl_examples_run_as_printed(command: str, served: str, cell_file: Path) -> None:
    program = command.replace("http://127.0.0.1:8000", served).replace("curl ", "curl --silent --fail ", 1)
    done = subprocess.run(["sh", "-c", program], cwd=cell_file.parent, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["label"]
