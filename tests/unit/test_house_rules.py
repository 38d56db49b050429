"""The house is as the design has it: who may import what, and how long a room may be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from house import PACKAGE, REPOSITORY

LONGEST_MODULE = 260
LONGEST_FUNCTION = 60

# From the ground up; a module imports from its own level or from below.
LEVELS = [
    {""},  # the version and the intended use
    {"errors", "settings", "progress", "certificate"},
    {
        "images", "background", "cells", "calibration", "evaluation", "detection",
        "intervals", "overlaps", "preclassification", "differential", "familiar", "peaks", "locator", "framing",
        "smear", "head", "refit", "sketch", "readout", "quality", "dye", "kinds", "sizes",
    },
    {"bundle", "contents", "runtime", "examples"},
    {"inference", "road", "judging", "grounds", "selftest", "records", "reports", "review"},
    {"training", "batch"},
    {"api"},
    {"tables"},
    {"cli"},
    {"__main__"},
]  # fmt: skip

# Library -> the only modules or packages that know it.
KNOWN_IN = {
    "flask": {"api"},
    "flask_cors": {"api"},
    "flask_restx": {"api"},
    "werkzeug": {"api"},
    "jinja2": {"api"},
    "whitenoise": {"api"},
    "gunicorn": {"api"},
    "waitress": {"api"},
    "marshmallow": {"api"},
    "apispec": {"api"},
    "pythonjsonlogger": {"api"},
    "cachetools": {"api"},
    "prometheus_client": {"api.metrics"},
    "tensorflow": {"training"},
    "keras": {"training", "runtime"},
    "matplotlib": {"training"},
    "scipy": {"training"},
    "ai_edge_litert": {"runtime"},
    "PIL": {
        "images", "training.augment", "training.broken", "training.drawn", "training.faded", "training.no_smear",
        "training.optics", "training.writing", "training.windows",
    },
    "requests": {"examples"},
    "platformdirs": {"settings"},
    "click": {"cli", "tables"},
    "rich": {"tables", "progress"},
    "sqlalchemy": {"records"},
    "alembic": {"records"},
    "argon2": {"records"},
    "itsdangerous": {"api"},
    "dask": {"batch"},
    "distributed": {"batch"},
    "pyarrow": {"batch"},
    "fsspec": {"batch"},
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """`line` of `module` imports `name`; `late` where a function does so when it is called."""

    module: str
    name: str
    line: int
    late: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.name}"


def modules() -> dict[str, Path]:
    """Name within the package -> its file; a package is its __init__."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def imports(module: str) -> Iterator[Import]:
    late = {id(inner) for function in functions(module) for inner in ast.walk(function)}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(module, name, node.lineno, id(node) in late)


def imported_module(name: str) -> str | None:
    """`hematovision.api.schemas.AnswerSchema` -> `api.schemas`; None for what is not ours."""
    if name.split(".")[0] != "hematovision":
        return None
    own = name.removeprefix("hematovision").removeprefix(".")
    while own and own not in MODULES:
        own = own.rpartition(".")[0]
    return own


def level(module: str) -> int:
    found = [height for height, rooms in enumerate(LEVELS) if module.split(".")[0] in rooms]
    assert found, f"{module} has no level yet; give it one in {Path(__file__).name}"
    return found[0]


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_down(module: str) -> None:
    up = [
        each
        for each in imports(module)
        for own in [imported_module(each.name)]
        if own is not None and level(own) > level(module)
    ]
    assert not up, "; ".join(map(str, up))


def test_there_is_no_circle() -> None:
    arrows = {module: {imported_module(each.name) for each in imports(module)} - {None, module} for module in MODULES}
    rest = dict(arrows)
    while loose := [module for module, targets in rest.items() if not targets & set(rest)]:
        for module in loose:
            del rest[module]
    assert not rest, f"among these is a circle: {sorted(rest)}"


@pytest.mark.parametrize("library", KNOWN_IN)
def test_each_library_is_known_in_one_place(library: str) -> None:
    knowing = [each for module in MODULES for each in imports(module) if each.name.split(".")[0] == library]
    strangers = [
        each for each in knowing if not any(f"{each.module}.".startswith(f"{home}.") for home in KNOWN_IN[library])
    ]
    assert not strangers, "; ".join(map(str, strangers))


@pytest.mark.parametrize("library", ["keras", "ai_edge_litert"])
def test_the_runtime_imports_its_library_when_it_is_first_needed(library: str) -> None:
    found = [each for each in imports("runtime") if each.name.split(".")[0] == library]
    assert found and all(each.late for each in found)


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] != "training"])
def test_nothing_but_training_needs_what_serving_does_not_install(module: str) -> None:
    early = [
        each
        for each in imports(module)
        if not each.late and each.name.split(".")[0] in ("tensorflow", "keras", "matplotlib", "scipy")
    ]
    assert not early, "; ".join(map(str, early))


def test_every_import_is_of_a_known_library() -> None:
    known = set(sys.stdlib_module_names) | set(KNOWN_IN) | {"hematovision", "numpy", "_typeshed"}
    unknown = [each for module in MODULES for each in imports(module) if each.name.split(".")[0] not in known]
    assert not unknown, "; ".join(map(str, unknown))


@pytest.mark.parametrize("module", MODULES)
def test_no_room_is_too_long(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("module", MODULES)
def test_no_function_is_too_long(module: str) -> None:
    long = {
        each.name: lines
        for each in functions(module)
        if (lines := each.end_lineno - each.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_in_its_first_line_what_it_is(module: str) -> None:
    assert ast.get_docstring(tree(module))


def test_no_file_has_a_name_that_says_nothing() -> None:
    files = [
        path
        for folder in (PACKAGE, REPOSITORY / "frontend", REPOSITORY / "tests")
        for path in folder.rglob("*")
        if path.suffix in (".py", ".js", ".css")
    ]
    assert len(files) > 60
    assert not [path for path in files if any(word in path.stem.lower() for word in ("util", "helper", "manager"))]
