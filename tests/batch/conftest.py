"""No run outlives its test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
import runs


@pytest.fixture(autouse=True)
def no_run_is_left() -> Iterator[None]:
    yield
    for run in runs.BEGUN:
        run.kill()
        with suppress(ValueError):  # it was read to its end
            run.communicate()
    runs.BEGUN.clear()
