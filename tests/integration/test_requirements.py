"""requirements*.txt are what pyproject.toml asks for, pinned: `make requirements` was run after it changed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned(file: str) -> list[Requirement]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-train.txt", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["train"]),
        ("requirements-batch.txt", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["batch"]),
    ],
)
def test_every_dependency_is_pinned_within_its_bounds(file: str, asked: list[str]) -> None:
    for line in asked:
        wanted = Requirement(line)
        pins = [pin for pin in pinned(file) if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
        assert pins, f"{wanted.name} is not in {file}: run `make requirements`"
        for pin in pins:
            (specifier,) = pin.specifier
            assert specifier.operator == "=="
            assert wanted.specifier.contains(specifier.version), f"{pin} in {file}: run `make requirements`"


def test_serving_needs_no_tensorflow() -> None:
    names = {canonicalize_name(pin.name) for pin in pinned("requirements.txt")}
    assert not names & {"tensorflow", "keras", "torch", "jax"}
