"""MODEL_CARD.md, written from bundle.json and metrics.json; nobody types a figure (Mitchell et al., FAT* 2019)."""

from __future__ import annotations

from typing import Any

from hematovision import INTENDED_USE
from hematovision.cells import in_words


def render(record: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card as Markdown."""
    fitted, training = record["calibration"], record["training"]
    labels, size = record["labels"], record["input"]["size"]
    parts = [
        f"# {record['name']} {record['version']}",
        INTENDED_USE,
        "## What it is",
        f"Keras MobileNetV2 (1.0), ImageNet weights, every layer but BatchNormalization fine-tuned on "
        f"{', '.join(training['labs'])}. One picture of one cell, {size} x {size} pixels, "
        f"gives one of {len(labels)} classes: {', '.join(in_words(label) for label in labels)}.",
        f"Temperature {fitted['temperature']:.3f} and the limit for *confident*, {fitted['confident_from']:.3f}, were "
        f"fitted on {fitted['n']} val pictures: from that confidence on, {fitted['confident_rate']:.1%} of them were "
        "right.",
        "## How good it is",
        "On test rows at home, and on every row of laboratories marked *never seen*; none took part in any choice. "
        "Intervals are 95 %, by bootstrap. No patient numbers are published for the pictures at home, so those figures "
        "are optimistic. A laboratory that is not named here was not measured: expect it to be like those never seen.",
        rows_table(metrics),
        *(_by_class(lab, row, labels) for lab, row in metrics["bundle"].items()),
        "## How it was made",
        f"HematoVision {training['code_version']}, seed {training['seed']}, list of pictures "
        f"`{training['pictures_sha256'][:16]}`. Every setting stands in bundle.json.",
    ]
    return "\n\n".join(parts) + "\n"


def rows_table(metrics: dict[str, Any]) -> str:
    """A row a laboratory, as a Markdown table; README.md shows the same."""
    lines = [
        "| lab | n | accuracy | balanced | macro-F1 | calibration error | confident: share | right there |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for lab, row in metrics["bundle"].items():
        name = lab if row["split"] == "test" else f"{lab}, never seen"
        low, high = row["accuracy_interval"]
        confident = row["by_status"]["confident"]
        lines.append(
            f"| {name} | {row['n']} | {row['accuracy']:.2%} ({low:.2%} to {high:.2%}) "
            f"| {_percent(row['balanced_accuracy'])} | {row['macro_f1']:.2%} "
            f"| {row['expected_calibration_error']:.3f} "
            f"| {_percent(confident['share'])} | {_percent(confident['accuracy'])} |"
        )
    return "\n".join(lines)


def _by_class(lab: str, row: dict[str, Any], labels: list[str]) -> str:
    lines = [f"By class, {lab}:", "", "| class | n | right | taken for |", "| --- | --- | --- | --- |"]
    for k, label in enumerate(labels):
        counts = row["confusion"][k]
        mistakes = [f"{in_words(labels[j])} {n}" for j, n in enumerate(counts) if n and j != k]
        if sum(counts):
            lines.append(f"| {in_words(label)} | {sum(counts)} | {counts[k]} | {', '.join(mistakes) or '-'} |")
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
