"""The notebook: what it kept shows that it ran, it defines nothing, and it runs on little data."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import gettempdir

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from hematovision.training.drawn import Drawn, drawn_field
from house import REPOSITORY

NOTEBOOK = REPOSITORY / "notebooks" / "model.ipynb"
LOBES = {"lymphocyte": 1, "neutrophil": 3}
SIDES = ("train",) * 5 + ("val", "test")


@pytest.fixture(scope="module")
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture
def little(tmp_path: Path) -> Path:
    """A data folder of a few drawn cells."""
    rows = []
    for label, lobes in LOBES.items():
        for seed, side in enumerate(SIDES):
            name = f"{label}-{seed}.png"
            cell = drawn_field(160, 160, [Drawn("nucleated", 80, 80, 34, lobes)], seed)
            Image.fromarray(cell).save(tmp_path / name)
            rows.append((name, "drawn", label, name, side))
    with (tmp_path / "cells.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "lab", "label", "group", "split"), *rows])
    return tmp_path


def test_it_defines_nothing_and_kept_what_it_showed(notebook: nbformat.NotebookNode) -> None:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert not any(line.lstrip().startswith(("def ", "class ", "async ")) for line in cell.source.splitlines())
        assert "lambda cell" not in cell.source
        assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in cell.outputs)
    pictures = [output for cell in code for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 6


def test_it_keeps_no_path_of_the_machine_that_ran_it(notebook: nbformat.NotebookNode) -> None:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    told = [str(output.get("data", {}).get("text/markdown", "")) + output.get("text", "") for output in outputs]
    for text in (*told, *(cell.source for cell in notebook.cells)):
        assert not any(str(place) in text for place in (gettempdir(), Path.home(), REPOSITORY.parent))


def test_it_runs(
    notebook: nbformat.NotebookNode, little: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEMATOVISION_DATA", str(little))
    monkeypatch.setenv("HEMATOVISION_WEIGHTS", str(weights))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    client = NotebookClient(notebook.copy(), timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    client.execute()
    said = "".join(output.get("text", "") for cell in client.nb.cells for output in cell.get("outputs", []))
    assert "drawn: " in said and "2 nucleated" in said
