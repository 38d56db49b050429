"""The exception from which all others descend."""

from __future__ import annotations


class HematoVisionError(Exception):
    """The root: `code` is stable for programs, `status` is the HTTP status, `title` is a heading."""

    code = "hematovision_error"
    status = 500
    title = "HematoVision could not do this"
    seconds: int | None = None  # after which to try again, where that is known
