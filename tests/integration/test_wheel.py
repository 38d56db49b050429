"""`pip install .` alone can serve: the wheel carries the page and the current bundle, and needs no TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from hematovision.bundle import current_path
from hematovision.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout by `make wheelhouse`, beside those of all that it needs."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    subprocess.run(["make", "wheelhouse", f"PYTHON={sys.executable}", f"WHEELHOUSE={folder}"], check=True, cwd=ROOT)
    (built,) = folder.glob("hematovision-*.whl")
    return built


def test_the_wheel_carries_the_page_and_the_current_bundle_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    bundle = current_path(Settings().models)
    assert "hematovision/carried/frontend/index.html" in names
    assert "hematovision/carried/models/CURRENT" in names
    assert {name.split("/")[4] for name in names if "carried/models/wbc" in name} == {bundle.name}


def test_an_installed_wheel_answers_from_what_it_carries(wheel: Path, cell_file: Path, tmp_path: Path) -> None:
    """In a new environment, with what requirements.txt names and nothing else, and without any package index."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEMATOVISION_", "PIP_", "PYTHON"))
    }
    environment["PIP_CONFIG_FILE"] = os.devnull
    offline = ["--no-index", "--find-links", wheel.parent]
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *offline, "hematovision"]
    subprocess.run(install, check=True, cwd=tmp_path, env=environment)
    program = "import importlib.util as u; assert not u.find_spec('tensorflow') and not u.find_spec('keras')"
    subprocess.run([python, "-c", program], check=True, cwd=tmp_path, env=environment)
    command = [tmp_path / "env" / "bin" / "hematovision"]
    verified = subprocess.run(
        [*command, "bundle", "verify"], check=True, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "self-test passed" in verified.stdout
    answered = subprocess.run(
        [*command, "classify", "--json", cell_file], check=True, cwd=tmp_path, env=environment, capture_output=True
    )
    assert b'"probabilities"' in answered.stdout
    configured = subprocess.run(
        [*command, "nginx"], check=True, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "hematovision/carried/frontend" in configured.stdout
    own = environment | {"HEMATOVISION_RECORDS": str(tmp_path / "records")}
    migrated = subprocess.run(
        [*command, "records", "migrate"], check=True, cwd=tmp_path, env=own, capture_output=True, text=True
    )
    assert "was at step none" in migrated.stdout
