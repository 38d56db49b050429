"""Thousands of pictures: a source is streamed, Dask's workers answer, and the result is written in parts."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from hematovision.errors import BatchUnavailable

ARCHIVE = "archive"  # name of what was sent over the API, in its batch's folder
NEEDED = ("cryptography", "dask", "distributed", "fsspec", "pyarrow")


def refuse_unless_installed() -> None:
    """Raises `BatchUnavailable` where the extra `batch` is missing."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise BatchUnavailable(
            f"A batch needs {', '.join(missing)}. Install them with `pip install hematovision[batch]`."
        )


def result_file(folder: Path, kind: str) -> Path:
    """The whole result of a batch that was sent over the API, in its folder."""
    return folder / f"result.{kind}"
