"""What the commands print: tables for people, CSV for programs. A command imports it when it has something to print."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hematovision import INTENDED_USE
from hematovision.cells import in_words
from hematovision.training.manifest import SPLITS, Manifest, counts, findings, tally


def answers(rows: Sequence[dict[str, Any]]) -> None:
    """One line a picture: answers as the API gives them, each with its `file`, or with the `problem` it met."""
    table = Table("file", "cell", "confidence", "status")
    for row in rows:
        if "problem" in row:
            table.add_row(row["file"], "", "", row["problem"]["detail"])
        else:
            table.add_row(row["file"], in_words(row["label"] or ""), f"{row['confidence']:.1%}", row["status"])
    _show(table)
    click.echo(INTENDED_USE)


def answers_as_csv(rows: Sequence[dict[str, Any]], labels: Sequence[str]) -> None:
    """The same as CSV on standard output, with the probability of each of `labels`."""
    writer = csv.writer(sys.stdout)
    writer.writerow(["file", "status", "label", "confidence", *labels, "problem"])
    for row in rows:
        probabilities = [each["probability"] for each in row.get("probabilities", ())] or [""] * len(labels)
        answer = [row.get("status", ""), row.get("label", ""), row.get("confidence", "")]
        writer.writerow([row["file"], *answer, *probabilities, row.get("problem", {}).get("detail", "")])


def manifest(made: Manifest) -> None:
    """How many pictures on each side, what shows one thing twice, and whose labels disagree."""
    sides, found = Table("lab", "class", *SPLITS), Table("lab", "", "alike", "pairs", "of two groups", "across sides")
    for key, row in counts(made.entries).items():
        sides.add_row(*key, *map(str, row))
    for kind, pairs in tally(made.duplicates).items():
        found.add_row(*kind, *map(str, pairs))
    _show(sides, found)
    click.echo(findings(made))


def scores(rows: dict[str, dict[str, Any]]) -> None:
    """One line a laboratory: rows of `evaluation.row` by its name."""
    table = Table("lab", "n", "accuracy", "95 %", "balanced", "macro-F1", "cal. error", "confident", "right there")
    for lab, row in rows.items():
        confident = row["by_status"]["confident"]
        shares = (row["balanced_accuracy"], row["macro_f1"])
        table.add_row(
            lab,
            str(row["n"]),
            f"{row['accuracy']:.2%}",
            " to ".join(f"{each:.2%}" for each in row["accuracy_interval"]),
            *("-" if each is None else f"{each:.2%}" for each in shares),
            f"{row['expected_calibration_error']:.3f}",
            *("-" if each is None else f"{each:.2%}" for each in (confident["share"], confident["accuracy"])),
        )
    _show(table)


def _show(*tables: Table) -> None:
    width = None if sys.stdout.isatty() else 160
    Console(width=width, markup=False, emoji=False).print(*tables)  # a name such as `cell [2].jpg` is no markup
