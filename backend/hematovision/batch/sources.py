"""Where pictures come from: a folder, a zip or tar, or an address that fsspec reads. Streamed; nothing is unpacked.

Files are read by the workers themselves, so a cluster's must see them; an archive is read once, by whoever runs the
batch, and its pictures are sent.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hematovision import errors
from hematovision.batch.archives import members
from hematovision.images import SUFFIXES
from hematovision.settings import Limits


@dataclass(frozen=True)
class Item:
    """One picture: its `name` in the source, and its bytes, or `where` a worker reads them, or why neither is there."""

    name: str
    where: str | None = None
    data: bytes | None = None
    refused: errors.HematoVisionError | None = None

    def read(self, limits: Limits) -> bytes:
        """Its bytes, one more than accepted at most. Raises what it was refused for, or `PictureUnread`."""
        if self.refused:
            raise self.refused
        if self.data is not None or self.where is None:
            return self.data or b""
        try:
            with _open(self.where) as file:
                data: bytes = file.read(limits.max_bytes + 1)
                return data
        except Exception as error:  # each kind of address has exceptions of its own
            raise errors.PictureUnread(
                f"The file could not be read: {str(error) or type(error).__name__}. See that the workers reach it."
            ) from error


class Source:
    """`for item in source(unwanted)` streams its pictures, but for those whose name `unwanted` knows. `total` is how
    many there are, as far as that is known yet."""

    def __init__(self, text: str, limits: Limits, most: float = math.inf) -> None:
        """Raises `SourceRefused` where there is nothing to read, and later for an archive of more than `most`
        pictures."""
        self.text, self._limits, self._path, self._most = text, limits, Path(text), most
        self.total: int | None = None
        self._files: Any = None
        self._files, self._at = (None, text) if self._path.exists() else _address(text)

    def __call__(self, unwanted: Callable[[str], bool]) -> Iterator[Item]:
        """Raises `SourceRefused` for an archive that is none, is damaged, or is a bomb."""
        if self._path.is_dir() if self._files is None else not self._files.isfile(self._at):
            return self._listed(unwanted)
        return self._archived(unwanted)

    def _listed(self, unwanted: Callable[[str], bool]) -> Iterator[Item]:
        self.total = sum(1 for _ in self._names())
        for name in self._names():
            if not unwanted(shown(name)):
                where = f"{self._at.rstrip('/')}/{name}"
                yield Item(shown(name), self._files.unstrip_protocol(where) if self._files else where)

    def _names(self) -> Iterator[str]:
        """Of all pictures below a folder, relative to it, in the same order each time."""
        walk = self._files.walk(self._at) if self._files else os.walk(self._at)
        for folder, folders, files in walk:
            if isinstance(folders, list):
                folders.sort()
            below = folder[len(self._at) :].strip("/" + os.sep)
            for file in sorted(files):
                if is_picture(file):
                    yield f"{below}/{file}" if below else file

    def _archived(self, unwanted: Callable[[str], bool]) -> Iterator[Item]:
        size = self._files.size(self._at) if self._files else self._path.stat().st_size
        with _open(self.text) as file:
            met = 0
            for member in members(file, size, self._limits.max_bytes, is_picture):
                met, self.total = met + 1, member.total
                if met > self._most:
                    raise errors.SourceRefused(f"More than {self._most:,} pictures. Pack them in several archives.")
                if not unwanted(name := shown(member.name)):
                    try:
                        item = Item(name, data=member.read())
                    except (errors.MemberRefused, errors.PictureRefused, errors.PictureUnread) as error:
                        item = Item(name, refused=error)
                    yield item
        self.total = met


def is_picture(name: str) -> bool:
    """Whether a name ends as a picture's does, and is not what macOS lays beside it."""
    last = PurePosixPath(name)
    return last.suffix.lower() in SUFFIXES and not last.name.startswith("._") and not name.endswith("/")


def shown(name: str) -> str:
    """A name as it is written in the result: bytes that are no UTF-8 stand as \\xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _address(text: str) -> tuple[Any, str]:
    """The file system of an address and the place in it."""
    from fsspec.core import url_to_fs

    if "://" not in text:
        raise errors.SourceRefused(f"There is no {text}. Name a folder, a zip or tar, or an address (s3://...).")
    try:
        files, place = url_to_fs(text)
        if files.exists(place):
            return files, place
    except ImportError as error:
        raise errors.SourceRefused(f"{text} cannot be read here: {error}") from error
    except Exception as error:  # each kind of address has exceptions of its own
        raise errors.SourceRefused(f"{text} cannot be read: {str(error) or type(error).__name__}") from error
    raise errors.SourceRefused(f"There is nothing at {text}. Look for it with the tools of that store.")


def _open(where: str) -> Any:
    if "://" not in where:
        return Path(where).open("rb")
    import fsspec

    return fsspec.open(where, "rb")
