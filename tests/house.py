"""Where the repository is, the types of fixtures that are called, and what to do where a machine lacks something."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "backend" / "hematovision"

MakeClient = Callable[..., FlaskClient]
LogLines = Callable[[], list[dict[str, Any]]]


def lacking(what: str) -> NoReturn:
    """Skip with the reason; where everything must be present, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; CI must have it")
    pytest.skip(what)


def port_nobody_listens_on() -> int:
    """A port that is free at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def one_line(text: str) -> str:
    """A text without its line breaks, and without the marks of a quotation in Markdown."""
    return " ".join(line.removeprefix(">").strip() for line in text.splitlines())
