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
from hematovision.evaluation import STATUSES
from hematovision.locator import KINDS
from hematovision.training.manifest import SPLITS, Manifest, counts, findings, tally


def answers(rows: Sequence[dict[str, Any]]) -> None:
    """One line a picture: answers as the API gives them, each with its `file`, or with the `problem` it met."""
    table = Table("file", "main cell", "confidence", "status", *(f"{kind} seen" for kind in KINDS))
    for row in rows:
        if "problem" in row:
            table.add_row(row["file"], "", "", row["problem"]["detail"])
        else:
            confidence = "" if row["confidence"] is None else f"{row['confidence']:.1%}"
            seen = [str(row["seen"][kind]) for kind in KINDS]
            table.add_row(row["file"], in_words(row["label"] or ""), confidence, row["status"], *seen)
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


def differential(rows: Sequence[dict[str, Any]], counted: dict[str, Any]) -> None:
    """What was seen in each picture, and the pre-classification: as `count --json` gives both."""
    seen = Table("file", *(f"{kind} seen" for kind in KINDS))
    for row in rows:
        seen.add_row(row["file"], *([row["problem"]["detail"]] if "problem" in row else [str(row[k]) for k in KINDS]))
    classes = Table("class", "count", "per cent", "95 % interval", "to check")
    for label, number, share, low, high, check in _differential_rows(counted):
        interval = "" if low == "" else f"{low:.1f} to {high:.1f}"
        classes.add_row(in_words(label), str(number), str(share), interval, str(check))
    _show(seen, classes)
    for sentence in (*counted["notes"], counted["interval_message"], counted["message"]):
        click.echo(sentence)
    click.echo(INTENDED_USE)


def differential_as_csv(counted: dict[str, Any]) -> None:
    """The pre-classification as CSV on standard output; erythroblasts are per 100 white cells."""
    writer = csv.writer(sys.stdout)
    writer.writerow(["label", "count", "percentage", "low", "high", "to_check"])
    writer.writerows(_differential_rows(counted))


def _differential_rows(counted: dict[str, Any]) -> list[tuple[Any, ...]]:
    def ends(interval: dict[str, float] | None) -> tuple[Any, Any]:
        return (interval["low"], interval["high"]) if interval else ("", "")

    rows: list[tuple[Any, ...]] = []
    for each in counted["classes"]:
        share = "" if each["percentage"] is None else each["percentage"]
        rows.append((each["label"], each["count"], share, *ends(each["interval"]), each["to_check"]))
    beside = counted["erythroblasts"]
    per_100 = "" if beside["per_100"] is None else beside["per_100"]
    rows.append(("erythroblasts per 100", beside["count"], per_100, *ends(beside["interval"]), beside["to_check"]))
    rows.append(("platelets", counted["platelets"], "", "", "", ""))
    return rows


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
    """Rows of `evaluation.row` by laboratory: a line each with the scores, and one with the statuses."""
    figures = Table(
        "lab", "n", "accuracy", "95 %", "of its classes", "balanced", "few: right / n", "macro-F1", "cal. error"
    )
    statuses = Table("lab", *map(in_words, STATUSES), title="share of the pictures (right among them)")
    for lab, row in rows.items():
        error = row["expected_calibration_error"]
        figures.add_row(
            lab,
            str(row["n"]),
            _percent(row["accuracy"]),
            " to ".join(map(_percent, row["accuracy_interval"])),
            _percent(row["accuracy_present"]),
            _percent(row["balanced_accuracy"]),
            "\n".join(f"{in_words(name)} {few['right']} / {few['n']}" for name, few in row["small_classes"].items()),
            _percent(row["macro_f1"]),
            "-" if error is None else f"{error:.3f}",
        )
        each = [row["by_status"][name] for name in STATUSES]
        statuses.add_row(
            lab, *(f"{_percent(one['share'])} ({_percent(one['accuracy'])})" if one["n"] else "-" for one in each)
        )
    _show(figures, statuses)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def locator_scores(rows: dict[str, dict[str, Any]]) -> None:
    """One line a laboratory and kind: rows of `detection.row` by the laboratory's name."""
    table = Table("lab", "fields", "kind", "drawn", "recall", "precision", "AP50", "count: median error", "mean error")
    centres = Table("crops of", "n", "main cell's box holds the centre")
    for label, of_class in rows.get("centres", {}).items():
        centres.add_row(in_words(label), str(of_class["n"]), f"{of_class['held'] / of_class['n']:.2%}")
    for lab, row in rows.items():
        if lab == "centres":
            continue
        for kind in (kind for kind in KINDS if kind in row):
            of = row[kind]
            shares = [_share(of, "recall"), _share(of, "precision")]
            if "precision" in of:
                average = "-" if of["average_precision"] is None else f"{of['average_precision']:.3f}"
                rest = [average, f"{of['count_median_error']:g}", f"{of['count_signed_error']:+.1%}"]
            else:
                rest = ["-", "-", "-"]
            table.add_row(lab, str(row["fields"]), kind, str(of["drawn"]), *shares, *rest)
    _show(table, *([centres] if centres.row_count else []))


def _share(of: dict[str, Any], name: str) -> str:
    if of.get(name) is None:
        return "-"
    low, high = of[f"{name}_interval"]
    return f"{of[name]:.3f} ({low:.3f} to {high:.3f})"


def _show(*tables: Table) -> None:
    width = None if sys.stdout.isatty() else 160
    Console(width=width, markup=False, emoji=False).print(*tables)  # a name such as `cell [2].jpg` is no markup
