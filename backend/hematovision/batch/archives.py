"""Zip and tar, read member by member. Nothing is written anywhere; what is no honest archive of pictures is refused.

A hostile archive has names that lead out of it, links, or little that unpacks to very much; no name is ever used as a
path here, and still none passes that would be dangerous to whoever uses it next.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tarfile import EmptyHeaderError, InvalidHeaderError, TruncatedHeaderError  # type: ignore[attr-defined]
from typing import IO, Any, NamedTuple, Self

from hematovision import errors

# What unpacks to more than this many times its own size is a bomb; pictures, packed already, hardly shrink at all.
MOST_TIMES = 200
NEVER_A_BOMB = 64 * 1024 * 1024  # bytes, unpacked
LONGEST_DIRECTORY = 16 * 1024 * 1024  # of a zip that a stranger sent, which is read whole: 100,000 members and more
LONGEST_HEADER = 1024 * 1024  # of a name in a tar: tarfile holds it in memory

_PACKED: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)


class Member(NamedTuple):
    """`name` is its own in the archive: the second of one name ends in `#2`. `read` gives its bytes until the next
    member is asked for, or raises `MemberRefused`, `PictureTooLarge` or `PictureUnread`. `total` is how many pictures
    the archive seems to hold."""

    name: str
    read: Callable[[], bytes]
    total: int


def refuse_unless_archive(path: Path) -> None:
    """A first look at what a stranger sent, in little time and memory. Raises `SourceRefused` for what is no zip or
    tar, or is a zip of more than so many members."""
    with path.open("rb") as file, _whole():
        if file.read(2) != b"PK":
            _opened_tar(file, path.stat().st_size).close()
            return
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
        if end is None:
            raise zipfile.BadZipFile("it is no zip, or its end is missing")
        if end[zipfile._ECD_SIZE] > LONGEST_DIRECTORY:  # type: ignore[attr-defined]
            raise errors.SourceRefused("The zip has too many members. Pack the pictures as a tar, or in several zips.")


def members(file: IO[bytes], size: int, max_bytes: int, is_picture: Callable[[str], bool]) -> Iterator[Member]:
    """The pictures of an archive of `size` bytes. Raises `SourceRefused` for what is none, is damaged, or is a bomb."""
    met: Counter[bytes] = Counter()
    start = file.read(4)
    file.seek(0)
    with _whole():
        for each in (_zip if start[:2] == b"PK" else _tar)(file, size, max_bytes, is_picture):
            digest = blake2b(each.name.encode(errors="surrogateescape"), digest_size=16).digest()
            met[digest] += 1
            yield each._replace(name=f"{each.name}#{met[digest]}") if met[digest] > 1 else each


@contextmanager
def _whole() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise errors.SourceRefused(
            f"The archive cannot be read to its end: {error}. It must be a zip or a tar; pack the pictures again."
        ) from error


def _zip(file: IO[bytes], size: int, max_bytes: int, is_picture: Callable[[str], bool]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        _refuse_a_bomb(sum(info.file_size for info in archive.infolist()), size)
        infos = [info for info in archive.infolist() if is_picture(info.filename)]
        for info in infos:

            def read(info: zipfile.ZipInfo = info) -> bytes:
                _refuse_a_trick(info.filename, stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG))
                _refuse_too_large(info.file_size, max_bytes)
                try:
                    with archive.open(info) as packed:
                        return packed.read(max_bytes + 1)
                except (*_BROKEN, RuntimeError) as error:  # encrypted, or packed unusually
                    raise errors.PictureUnread(f"It cannot be unpacked: {error}. Pack the picture again.") from error

            yield Member(info.filename, read, len(infos))


def _tar(file: IO[bytes], size: int, max_bytes: int, is_picture: Callable[[str], bool]) -> Iterator[Member]:
    with _opened_tar(file, size) as archive:
        count = 0
        while (info := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # it would remember them all
            if info.isdir() or not is_picture(info.name):
                continue
            count += 1

            def read(info: tarfile.TarInfo = info) -> bytes:
                _refuse_a_trick(info.name, not info.isreg() or info.issparse())
                _refuse_too_large(info.size, max_bytes)
                with _whole():
                    content = archive.extractfile(info)
                    return content.read() if content else b""

            yield Member(info.name, read, max(count, round(count * size / max(file.tell(), 1))))


def _opened_tar(file: IO[bytes], size: int) -> tarfile.TarFile:
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    unpacked = next((unpack(file) for mark, unpack in _PACKED.items() if start.startswith(mark)), file)
    return tarfile.open(fileobj=_Guarded(unpacked, size), mode="r|", tarinfo=_Header)


class _Guarded(io.RawIOBase):
    """A stream that ends with `SourceRefused` where it holds more than an archive of `size` bytes should."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size, self._read = file, size, 0

    def read(self, count: int = -1) -> bytes:
        data = self._file.read(count)
        self._read += len(data)
        _refuse_a_bomb(self._read, self._size)
        return data


class _Header(tarfile.TarInfo):
    """A member's header, unless its name alone would fill the memory. An archive ends where it says so: tarfile takes
    one that is cut off or damaged for ended."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except (EmptyHeaderError, InvalidHeaderError, TruncatedHeaderError) as error:
            raise tarfile.ReadError(str(error)) from error

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.size > LONGEST_HEADER and self.type in (b"L", b"K", b"x", b"g", b"X"):
            raise errors.SourceRefused(
                "A name in the archive has more than a million letters. Pack the pictures again."
            )
        return super()._proc_member(archive)  # type: ignore[misc]  # made to be overridden, by its own comment


def _refuse_a_bomb(unpacked: int, size: int) -> None:
    if unpacked > max(NEVER_A_BOMB, MOST_TIMES * size):
        raise errors.SourceRefused(
            f"The archive has {size:,} bytes and would unpack to more than {MOST_TIMES} times as many. "
            "Pack the pictures again, without what is not one."
        )


def _refuse_a_trick(name: str, special: bool) -> None:
    parts = name.replace("\\", "/").split("/")
    if special:
        raise errors.MemberRefused("It is a link or a device and not a file. Pack the picture itself.")
    if ".." in parts or not parts[0] or ":" in parts[0]:
        raise errors.MemberRefused("Its name leads out of the archive. Pack the folder itself, with relative names.")


def _refuse_too_large(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise errors.PictureTooLarge(
            f"The picture has {size:,} bytes and at most {max_bytes:,} are accepted. Save it as JPEG or crop it."
        )
