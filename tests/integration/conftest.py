"""A service to ask and a file to send, for tests of what README prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from house import port_nobody_listens_on
from running import running


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real service."""
    with running(port_nobody_listens_on(), tmp_path_factory.mktemp("served")) as service:
        yield service.url


@pytest.fixture
def cell_file(tmp_path: Path, classified: bytes) -> Path:
    """`cell.jpg`, with a cell in it that is classified."""
    file = tmp_path / "cell.jpg"
    file.write_bytes(classified)
    return file
