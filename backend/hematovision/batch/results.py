"""The result of a batch: a folder of parts, each whole or not there, and a manifest of them.

A part holds all rows of its pictures, so what a killed run answered is told by the parts alone, and the next run goes
on from them. `pandas.read_parquet(folder)` reads them as one table; the names of all else begin with a dot or `_`.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.csv
import pyarrow.parquet

from hematovision import errors
from hematovision.batch import schema
from hematovision.batch.schema import Row

MANIFEST = "_manifest.json"
LOCK = ".lock"
FORMATS = ("parquet", "csv")
PICTURES_A_PART = 500
SECONDS_A_PART = 30  # a part is written no later than this after its first picture

_KINDS = {
    "text": pyarrow.string(),
    "integer": pyarrow.int64(),
    "number": pyarrow.float64(),
    "truth": pyarrow.bool_(),
    "texts": pyarrow.list_(pyarrow.string()),
    "probabilities": pyarrow.list_(pyarrow.struct({"label": pyarrow.string(), "probability": pyarrow.float64()})),
}
Record = Callable[[uuid.UUID, Sequence[Row]], None]  # the result's id, and rows of whole pictures
TABLE = pyarrow.schema(
    [pyarrow.field(each.name, _KINDS[each.kind], metadata={"sentence": each.sentence}) for each in schema.COLUMNS],
    metadata={"hematovision.batch": str(schema.VERSION)},
)


class Result:
    """A folder being written by one run. `pictures` and `failures` count what is in it and about to be."""

    def __init__(self, folder: Path, kind: str, of: dict[str, Any], record: Record | None = None) -> None:
        """Open a new result, or one of an earlier run to go on with. `of` is what a run must have in common with
        those before: source, model, version and SHA-256 of the bundle. `record` is given the rows of each part before
        it is written, and may be given the same pictures again. Raises `ResultRefused`, or `StorageFull`."""
        self.folder, self.kind, self.id = folder, kind, uuid.uuid4()
        self._record = record
        self.pictures = self.failures = 0
        self._of = {"schema": schema.VERSION, "format": kind, "recorded": record is not None, **of}
        self._rows: list[Row] = []
        self._waiting = 0
        self._part = _new_part()
        self._since = 0.0
        self._met: set[bytes] = set()  # 16 bytes of each picture's name
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder)
        try:
            with _told(folder):
                for left_over in folder.glob(".part-*"):
                    left_over.unlink()
                self._go_on()
                self._write_manifest(complete=False)
        except BaseException:
            self.close()
            raise

    def has(self, name: str) -> bool:
        """Whether a picture is answered, or a failure, already."""
        return _digest(name) in self._met

    def add(self, rows: Sequence[Row]) -> None:
        """All rows of one picture. Raises `StorageFull` where a part is due and finds no place."""
        self._count(rows[0]["row"], rows[0]["picture"])
        self._since = self._since if self._waiting else time.monotonic()
        self._waiting += 1
        self._rows += rows
        if self._waiting >= PICTURES_A_PART or time.monotonic() - self._since > SECONDS_A_PART:
            self.write()

    def write(self) -> None:
        """What waits becomes a part; again the same one if this was interrupted. Raises `StorageFull`, and what
        `record` does."""
        if self._rows:
            if self._record:
                self._record(self.id, self._rows)
            with _told(self.folder):
                _write(self.folder / f"{self._part}.{self.kind}", _encoded(self._rows, self.kind))
            self._rows, self._waiting, self._part = [], 0, _new_part()

    def complete(self) -> None:
        """Write what waits and the manifest of all parts. Raises `StorageFull`."""
        self.write()
        with _told(self.folder):
            self._write_manifest(complete=True)

    def close(self) -> None:
        """Let another run have the folder."""
        os.close(self._lock)

    def _go_on(self) -> None:
        manifest = _manifest(self.folder)
        if manifest is None and parts(self.folder):
            raise errors.ResultRefused(f"{self.folder} holds parts and no {MANIFEST}. Name another folder.")
        if manifest is not None and (other := [key for key in self._of if manifest.get(key) != self._of[key]]):
            raise errors.ResultRefused(
                f"{self.folder} was begun with {other[0]} {manifest.get(other[0])} and this run has "
                f"{self._of[other[0]]}. Go on as it was begun, or name another folder."
            )
        self.id = uuid.UUID(manifest["id"]) if manifest else self.id
        for part in parts(self.folder):
            for kind, name in _heads(part):
                self._count(kind, name)

    def _count(self, kind: str, name: str) -> None:
        self._met.add(_digest(name))
        self.pictures += 1
        self.failures += kind == "failure"

    def _write_manifest(self, complete: bool) -> None:
        listed = [
            {"file": part.name, "bytes": part.stat().st_size, "sha256": hashlib.sha256(part.read_bytes()).hexdigest()}
            for part in (parts(self.folder) if complete else ())
        ]
        facts = {
            "id": str(self.id),
            **self._of,
            "complete": complete,
            "pictures": self.pictures,
            "failures": self.failures,
        }
        _write(self.folder / MANIFEST, json.dumps({**facts, "parts": listed}, indent=2).encode())


def parts(folder: Path) -> list[Path]:
    """The parts of a result."""
    return sorted(each for kind in FORMATS for each in folder.glob(f"part-*.{kind}"))


def joined(folder: Path, kind: str, file: Path) -> None:
    """All Parquet parts of a result as one file, Parquet or CSV, part by part. Raises `StorageFull`."""
    with _told(file.parent):
        if kind == "csv":
            _join_csv(folder, file)
            return
        with pyarrow.parquet.ParquetWriter(file, TABLE) as writer:
            for part in parts(folder):
                writer.write_table(pyarrow.parquet.read_table(part, schema=TABLE))


def _join_csv(folder: Path, file: Path) -> None:
    with file.open("wb") as written:
        for number, part in enumerate(parts(folder)):
            lines = schema.as_csv(pyarrow.parquet.read_table(part).to_pylist())
            written.write(lines if not number else lines.partition(b"\n")[2])
        if not parts(folder):
            written.write(schema.as_csv(()))


def _encoded(rows: list[Row], kind: str) -> bytes:
    if kind == "csv":
        return schema.as_csv(rows)
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=TABLE), file)
    return file.getvalue()


def _heads(part: Path) -> Iterator[tuple[str, str]]:
    """`row` and `picture` of each picture and failure in a part. Raises `ResultRefused`."""
    try:
        if part.suffix == ".csv":
            with part.open(encoding="utf-8", newline="") as file:
                rows = [(row["row"], row["picture"]) for row in csv.DictReader(file)]
        else:
            table = pyarrow.parquet.read_table(part, columns=["row", "picture"])
            rows = list(zip(*(table[name].to_pylist() for name in ("row", "picture")), strict=True))
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise errors.ResultRefused(
            f"{part} cannot be read: {error}. Delete this part, and its pictures are answered again."
        ) from error
    return (row for row in rows if row[0] != "cell")


def _digest(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=16).digest()


def _manifest(folder: Path) -> dict[str, Any] | None:
    with suppress(FileNotFoundError):
        try:
            content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return content
        except ValueError as error:
            raise errors.ResultRefused(f"{folder / MANIFEST} is damaged. Name another folder.") from error
    return None


def _new_part() -> str:
    return f"part-{uuid.uuid4().hex[:12]}"


def _write(file: Path, data: bytes) -> None:
    """The file is whole on disk, or not there."""
    beginning = file.with_name(f".part-{uuid.uuid4().hex}")
    try:
        with beginning.open("wb") as written:
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        beginning.replace(file)
    except BaseException:
        beginning.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _locked(folder: Path) -> int:
    """A file that this process holds as long as it lives. Raises `ResultInUse` while another does."""
    held = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise errors.ResultInUse(f"Another run is writing to {folder}. Wait for it, or name another folder.") from None
    return held


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """A full disk gets its sentence, and what cannot be written another."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise errors.StorageFull(
                f"The disk of {folder} is full. Make room and give the same command again: it goes on from there."
            ) from error
        raise errors.ResultRefused(f"{folder} cannot be written: {error}. Name another folder.") from error
