"""Which pictures there are (file, lab, class, group, split, hash), and which of them show one thing."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TextIO

import numpy as np

from hematovision.images import decode
from hematovision.progress import Progress
from hematovision.training.duplicates import SIDE, Grey, find_pairs, grey
from hematovision.training.labs import naming, read_cells

SPLITS = ("train", "val", "test")
COLUMNS = ("file", "lab", "kind", "label", "group", "split", "sha256", "same_as")


@dataclass(frozen=True)
class Entry:
    """One picture: `file` below the data folder, `kind` cell or field; `label` is empty for a field."""

    file: str
    lab: str
    kind: str
    label: str
    group: str
    split: str
    sha256: str = ""


@dataclass(frozen=True)
class Duplicate:
    """Two pictures of one thing. `kind`: `identical` bytes; a `copy`, turned, mirrored, saved again or taken again;
    or an `overlap`, two cuts of one field whose middles differ. `score` is their correlation, 1 at most."""

    first: Entry
    second: Entry
    kind: str
    score: float

    @property
    def across(self) -> bool:
        """Whether the two stand on different sides of train / val / test."""
        return self.first.split != self.second.split

    @property
    def tied(self) -> bool:
        """Whether their group already keeps them on one side."""
        return self.first.group == self.second.group

    @property
    def conflicting(self) -> bool:
        """Whether two cells have different labels. In an overlap the middles may be two cells, each with its own."""
        labels = {self.first.label, self.second.label}
        return len(labels) == 2 and "" not in labels

    def __str__(self) -> str:
        ends = [
            f"{each.file} ({', '.join(filter(None, (each.label, each.split)))})" for each in (self.first, self.second)
        ]
        return f"{self.kind} {self.score:.2f}: {ends[0]} = {ends[1]}"


@dataclass(frozen=True)
class Manifest:
    """Every picture in the order of the tables, cells before fields, and every pair that shows one thing."""

    entries: tuple[Entry, ...]
    duplicates: tuple[Duplicate, ...]


def listed(data: Path) -> list[Entry]:
    """What the tables of `data` (or its folders, one per class) list, without opening a picture.

    `fields.csv` may lack. Raises `LabelsRefused` if no cell is found.
    """
    entries = [
        Entry(cell.path.relative_to(data).as_posix(), cell.lab, "cell", cell.label, cell.group, cell.split)
        for cell in read_cells(data)
    ]
    if (data / "fields.csv").is_file():
        with (data / "fields.csv").open(newline="", encoding="utf-8") as file:
            entries += [
                Entry(row["path"], row["lab"], "field", "", row["group"], row["split"]) for row in csv.DictReader(file)
            ]
    return entries


def make_manifest(data: Path, entries: Sequence[Entry], progress: Progress, shifted: bool = True) -> Manifest:
    """Read these pictures of `data` once each, and compare each with every other: some minutes for ten thousand.

    Without `shifted`, overlapping cuts of one field are not looked for, which takes most of the time.
    Raises `LabelsRefused` naming a file that cannot be read.
    """
    greys = np.empty((len(entries), SIDE, SIDE), np.uint8)
    hashed = []
    for k, entry in enumerate(entries):
        greys[k], sha256 = _read(data / entry.file)
        hashed.append(replace(entry, sha256=sha256))
        progress("reading", k + 1, len(entries))
    identical = _identical(hashed)
    duplicates = [Duplicate(hashed[one], hashed[other], "identical", 1.0) for one, other in identical]
    for pair in find_pairs(greys, [f"{entry.lab} {entry.kind}" for entry in hashed], progress, shifted):
        if (pair.first, pair.second) not in identical:
            kind = "copy" if pair.copy else "overlap"
            duplicates.append(Duplicate(hashed[pair.first], hashed[pair.second], kind, pair.score))
    return Manifest(tuple(hashed), tuple(duplicates))


def counts(entries: Iterable[Entry]) -> dict[tuple[str, str], tuple[int, ...]]:
    """(lab, class) -> pictures in train, val and test; the class of a field is `(field)`."""
    found = Counter((entry.lab, entry.label or f"({entry.kind})", entry.split) for entry in entries)
    rows = sorted({key[:2] for key in found})
    return {row: tuple(found[(*row, split)] for split in SPLITS) for row in rows}


def torn_groups(entries: Iterable[Entry]) -> dict[str, set[str]]:
    """The groups that are on more than one side, with their sides. There must be none."""
    sides = defaultdict(set)
    for entry in entries:
        sides[entry.group].add(entry.split)
    return {group: found for group, found in sides.items() if len(found) > 1}


def spoilt_groups(duplicates: Iterable[Duplicate]) -> set[str]:
    """The groups to leave out of train (and val) so that no pair stands across sides any more; test stays whole."""
    pairs = [sorted((each.first, each.second), key=_side) for each in duplicates if each.across]
    return {first.group for first, _ in pairs}


def tally(duplicates: Iterable[Duplicate]) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    """(lab, cell or field, kind of duplicate) -> pairs, pairs of two groups, pairs across sides."""
    found: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    for each in sorted(duplicates, key=lambda each: (each.first.lab, each.first.kind, each.kind)):
        key = (each.first.lab, each.first.kind, each.kind)
        pairs, groups, across = found.get(key, (0, 0, 0))
        found[key] = (pairs + 1, groups + (not each.tied), across + each.across)
    return found


def findings(manifest: Manifest) -> str:
    """What a person should look at: every pair across sides, every pair whose labels disagree, every torn group."""
    across = [str(each) for each in manifest.duplicates if each.across]
    conflicting = [str(each) for each in manifest.duplicates if each.conflicting]
    torn = [f"{group}: {', '.join(sorted(sides))}" for group, sides in torn_groups(manifest.entries).items()]
    parts = {
        "Alike, on different sides": across,
        "Alike, with different labels": conflicting,
        "Groups on two sides": torn,
    }
    return "\n".join(line for title, found in parts.items() for line in (f"{title}: {len(found)}", *found))


def write_csv(manifest: Manifest, file: TextIO) -> None:
    """One line a picture, with `COLUMNS`; `same_as` names the pictures of the same thing, separated by blanks."""
    same = defaultdict(list)
    for each in manifest.duplicates:
        same[each.first.file].append(each.second.file)
        same[each.second.file].append(each.first.file)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in manifest.entries:
        values = [getattr(entry, column) for column in COLUMNS[:-1]]
        writer.writerow([*values, " ".join(sorted(same[entry.file]))])


def _side(entry: Entry) -> int:
    return SPLITS.index(entry.split)


def _read(path: Path) -> tuple[Grey, str]:
    with naming(path):
        content = path.read_bytes()
        picture = decode(content, at_least=2 * SIDE)
    return grey(picture.rgb), hashlib.sha256(content).hexdigest()


def _identical(entries: Sequence[Entry]) -> set[tuple[int, int]]:
    """Positions of pictures that are the same, byte for byte."""
    places = defaultdict(list)
    for k, entry in enumerate(entries):
        places[entry.sha256].append(k)
    return {pair for same in places.values() for pair in combinations(same, 2)}
