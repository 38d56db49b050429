"""Thousands of pictures: a source is streamed, Dask's workers answer, and the result is written in parts."""

from __future__ import annotations

from importlib.util import find_spec

from hematovision.errors import BatchUnavailable

NEEDED = ("cryptography", "dask", "distributed", "fsspec", "pyarrow")


def refuse_unless_installed() -> None:
    """Raises `BatchUnavailable` where the extra `batch` is missing."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise BatchUnavailable(
            f"A batch needs {', '.join(missing)}. Install them with `pip install hematovision[batch]`."
        )
