"""The audit: every change, chained by SHA-256, and the proof that the chain is as it was written.

The chain holds a hash of each old and new value and of the reason, salted; the values lie beside it and may be erased.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, insert, select

from hematovision import errors
from hematovision.records.database import alone
from hematovision.records.tables import Audit, AuditDetail

FIRST = "0" * 64  # what the first entry names as the one before it

_VALUES = ("old", "new", "reason")
_CHAINED = (
    "number", "at", "user_id", "action", "subject_id", "old_sha256", "new_sha256", "reason_sha256", "model_sha256",
    "previous",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What was done: `prediction.deleted`, to which row, by whom (None where nobody is logged in), from what to what.

    `old` and `new` are of what JSON can say. With `erase`, they are hashed and not kept.
    """

    action: str
    subject: UUID | None = None
    by: UUID | None = None
    old: Any = None
    new: Any = None
    reason: str | None = None
    model_sha256: str | None = None
    erase: bool = False


@dataclass(frozen=True)
class Verified:
    """A chain that holds: how many entries, and the last one's hash, for `noted` of a later proof."""

    entries: int
    last: str


def take_tail(connection: Connection) -> None:
    """Let nobody else append until this transaction ends, so that no two entries name the same one before them."""
    alone(connection, Audit)


def append(connection: Connection, change: Change) -> None:
    """Add one entry, in the transaction that makes the change: both are there, or neither."""
    take_tail(connection)
    tail = connection.execute(select(Audit.number, Audit.sha256).order_by(Audit.number.desc()).limit(1)).first()
    salt = secrets.token_hex(16)
    values = {name: getattr(change, name) for name in _VALUES}
    entry: dict[str, Any] = {
        "number": tail.number + 1 if tail else 1,
        "at": datetime.now(UTC),
        "user_id": change.by,
        "action": change.action,
        "subject_id": change.subject,
        **{f"{name}_sha256": _committed(salt, value) for name, value in values.items()},
        "model_sha256": change.model_sha256,
        "previous": tail.sha256 if tail else FIRST,
    }
    connection.execute(insert(Audit).values(**entry, sha256=_sealed(entry)))
    kept = values | ({"old": None, "new": None} if change.erase else {})
    connection.execute(insert(AuditDetail).values(number=entry["number"], salt=salt, **kept))


def last(connection: Connection) -> str | None:
    """The hash of the last entry; None where there is none."""
    found: str | None = connection.scalar(select(Audit.sha256).order_by(Audit.number.desc()).limit(1))
    return found


def erase_details(connection: Connection, subject: UUID) -> None:
    """Erase what the chain's hashes about this row are of. The chain stays as it is."""
    about = select(Audit.number).where(Audit.subject_id == subject)
    connection.execute(delete(AuditDetail).where(AuditDetail.number.in_(about)))


def verify(connection: Connection, noted: str | None = None) -> Verified:
    """Follow the chain from its first entry. Raises `ChainBroken`, which names the first link that does not hold, or
    says that an entry whose hash was noted once is gone: no chain shows by itself that its end was cut off."""
    columns = (*Audit.__table__.columns, AuditDetail.salt, AuditDetail.old, AuditDetail.new, AuditDetail.reason)
    chain = select(*columns).outerjoin(AuditDetail, AuditDetail.number == Audit.number).order_by(Audit.number)
    number, previous, met = 0, FIRST, noted in (None, FIRST)
    with connection.execute(chain.execution_options(yield_per=1000)) as rows:
        for row in rows.mappings():
            number += 1
            _refuse_unless_next(row, number, previous)
            previous = row["sha256"]
            met = met or previous == noted
    if not met:
        raise errors.ChainBroken(f"The audit ends with entry {number}, before the one that was noted.")
    return Verified(number, previous)


def _refuse_unless_next(row: RowMapping, number: int, previous: str) -> None:
    if row["number"] != number:
        raise errors.ChainBroken(f"Entry {number} of the audit is missing; the next one is {row['number']}.")
    if row["previous"] != previous or _sealed(row) != row["sha256"]:
        raise errors.ChainBroken(f"Entry {number} of the audit, or the link to the one before it, was changed.")
    for name in _VALUES:
        if row[name] is not None and _committed(row["salt"], row[name]) != row[f"{name}_sha256"]:
            raise errors.ChainBroken(f"What lies beside entry {number} of the audit ({name}) was changed.")


def _committed(salt: str, value: Any) -> str | None:
    return None if value is None else hashlib.sha256(f"{salt}{_canonical(value)}".encode()).hexdigest()


def _sealed(entry: Mapping[Any, Any]) -> str:
    return hashlib.sha256(_canonical([_plain(entry[name]) for name in _CHAINED]).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
