"""What a fresh process has loaded after the least and after the most usual thing that one does with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from house import REPOSITORY
from pictures import drawn_cell, encoded

SAY_WHAT_IS_LOADED = "\nimport json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def loaded_after(program: str, *arguments: str) -> set[str]:
    """The libraries in `sys.modules` after this program has run by itself."""
    command = [sys.executable, "-c", program + SAY_WHAT_IS_LOADED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_after("from hematovision.cli import main\nmain(['--help'], standalone_mode=False)")
    assert "click" in loaded
    assert not loaded & {
        "numpy",
        "PIL",
        "flask",
        "rich",
        "requests",
        "marshmallow",
        "ai_edge_litert",
        "sqlalchemy",
        "tensorflow",
        "keras",
    }


def test_the_help_of_a_command_loads_nothing_heavy_either() -> None:
    for command in (
        "train",
        "train locator",
        "serve",
        "classify",
        "count",
        "batch",
        "batches",
        "records",
        "evaluate locator",
    ):
        arguments = [*command.split(), "--help"]
        loaded = loaded_after(f"from hematovision.cli import main\nmain({arguments!r}, standalone_mode=False)")
        assert not loaded & {"numpy", "flask", "rich", "sqlalchemy", "tensorflow", "keras", "dask", "pyarrow", "fsspec"}


def test_classifying_loads_no_tensorflow(tmp_path: Path, models: Path, classified: bytes) -> None:
    (tmp_path / "cell").write_bytes(classified)
    program = (
        "import sys\nfrom pathlib import Path\nfrom hematovision.inference import InferenceService\n"
        "answer = InferenceService.open(Path(sys.argv[1])).classify(Path(sys.argv[2]).read_bytes())\n"
        "assert len(answer.probabilities) > 1"
    )
    loaded = loaded_after(program, str(models), str(tmp_path / "cell"))
    assert {"numpy", "PIL", "ai_edge_litert"} <= loaded
    assert not loaded & {"tensorflow", "keras", "flask", "requests", "matplotlib", "rich", "click"}


def test_the_commands_that_answer_load_no_tensorflow(tmp_path: Path) -> None:
    folder = tmp_path / "cells" / "lymphocyte"
    folder.mkdir(parents=True)
    (folder / "cell.png").write_bytes(encoded(drawn_cell()))
    (tmp_path / "fields.csv").write_text("path,lab,group,split\ncells/lymphocyte/cell.png,here,1,test\n")
    (tmp_path / "boxes.csv").write_text("field,kind,x0,y0,x1,y1\ncells/lymphocyte/cell.png,red,10,10,30,30\n")
    for arguments in (
        ["classify", str(folder)],
        ["count", str(folder)],
        ["evaluate", "locator", str(tmp_path)],
        ["evaluate", str(folder.parent), "--split", "all"],
        ["bundle", "verify"],
    ):
        loaded = loaded_after(f"from hematovision.cli import main\nmain({arguments!r}, standalone_mode=False)")
        assert "ai_edge_litert" in loaded
        assert not loaded & {"sqlalchemy", "alembic", "tensorflow", "keras", "matplotlib"}


def test_the_service_waits_for_no_sqlalchemy() -> None:
    program = "from hematovision.api.serve import serve\nfrom hematovision.api.services import Services"
    assert not loaded_after(program) & {"sqlalchemy", "alembic", "psycopg"}


def test_a_database_that_is_as_it_should_be_is_opened_without_alembic(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom hematovision.records.store import Records\n"
        "from hematovision.settings import Settings\nRecords.open(Settings(records=Path(sys.argv[1]))).close()"
    )
    assert "alembic" in loaded_after(program, str(tmp_path))
    assert "alembic" not in loaded_after(program, str(tmp_path))


def test_the_api_loads_no_tensorflow() -> None:
    loaded = loaded_after("from hematovision.api.serve import wsgi\nwsgi()")
    assert {"flask", "whitenoise", "ai_edge_litert"} <= loaded
    assert not loaded & {"tensorflow", "keras", "matplotlib", "gunicorn"}
