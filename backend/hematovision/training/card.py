"""MODEL_CARD.md, written from bundle.json and metrics.json; nobody types a figure (Mitchell et al., FAT* 2019)."""

from __future__ import annotations

from typing import Any

from hematovision import INTENDED_USE
from hematovision.cells import in_words
from hematovision.locator import KINDS
from hematovision.training.elsewhere import CHOSEN_BY


def render(record: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card as Markdown."""
    fitted, familiarity, training = record["calibration"], record["familiarity"], record["training"]
    located, boxed = record["located_as_platelet"], training["platelets_boxed_by"]
    labels, size = record["labels"], record["input"]["size"]
    parts = [
        f"# {record['name']} {record['version']}",
        INTENDED_USE,
        "## What it is",
        "Two Keras networks of the MobileNetV2 family, from ImageNet weights. The locator finds nucleated cells, "
        f"platelets and red cells in a picture of any size; it learned from the fields of "
        f"{', '.join(record['locator']['labs'])}. The classifier gives each nucleated cell and platelet, framed alike "
        f"at {size} x {size} pixels, one of {len(labels)} classes: {', '.join(in_words(label) for label in labels)}; "
        f"it learned from the cells of {', '.join(training['labs'])}"
        + (f", and from platelets boxed in the fields of {', '.join(boxed)}." if boxed else "."),
        f"Temperature {fitted['temperature']:.3f} and the limit for *confident*, {fitted['confident_from']:.3f}, were "
        f"fitted on {fitted['n']} val pictures: from that confidence on, {fitted['confident_rate']:.1%} of the answers "
        f"to those not too strange (see below) were right.{_floor(fitted)} "
        f"A cell whose features are further than {familiarity['limit']:.3g} from the nearest of "
        f"{familiarity['remembered']} remembered train cells (one minus the cosine) is unfamiliar and gets no label: "
        f"{familiarity['rate']:.0%} of {familiarity['n']} val cells are within it at least.{_familiar_to(fitted)} "
        f"To one that is stranger than {familiarity['near']:.1%} of val's cells no answer is *confident*: the mean of "
        "the shares that are nearer to those remembered in features and in texture (how much a map of the network "
        f"varies over it); {familiarity['near_rate']:.0%} are not so strange. "
        f"Unfamiliar, too, is one whose darkest tenth takes up less than {familiarity['purple_from']:.3f} more of the "
        "green light than of the blue, as a share of all that it takes up: what is grey, green or yellow.",
        f"Whether a cell is a platelet the locator tells, too: it locates {located['platelets']:.1%} of platelets as "
        f"such, and {located['others']:.1%} of other cells, counted in {located['n']} val cells. The classifier's "
        "probabilities are weighed by that (Bayes' rule); where the two differ the answer is *check*."
        + _sizes(record["beside_red_cells"], labels),
        "## How good it is",
        "On test rows at home, and on every row of laboratories marked *never seen*, there by a model made by the same "
        "recipe without that laboratory; none took part in any choice, but that the recipe itself was chosen by "
        f"what it does at {CHOSEN_BY} left out, and how strange a confident cell may be by that, too, and by how many "
        "immature granulocytes and monocytes were called something else with confidence by models that had seen none. "
        "A picture in which no cell was found counts as wrong. "
        "Intervals are 95 %, by bootstrap. No patient numbers are published for the pictures at home, so those figures "
        "are optimistic. A laboratory that is not named here was not measured: expect it to be like those never seen.",
        rows_table(metrics),
        *(_by_class(lab, row, labels) for lab, row in metrics["bundle"].items()),
        *_located(metrics),
        *_read_off(record, metrics),
        *_adapted(record, metrics),
        "## How it was made",
        f"HematoVision {training['code_version']}, seed {training['seed']}, list of pictures "
        f"`{training['pictures_sha256'][:16]}`. Every setting stands in bundle.json.",
    ]
    return "\n\n".join(parts) + "\n"


def _sizes(sizes: dict[str, Any], labels: list[str]) -> str:
    if not sizes["times"]:
        return ""
    usual = ", ".join(f"{in_words(label)} {times:.2f}" for label, times in zip(labels, sizes["times"], strict=True))
    return (
        " So they are by its longer side in those of the red cells in the picture, which the classifier cannot see: "
        f"usually {usual}, measured beside {sizes['n']} cells."
    )


def _floor(fitted: dict[str, Any]) -> str:
    if not (floor := fitted.get("floor")):
        return ""
    return (
        f" It is no lower than {floor['confident_from']:.3f}, from which on {floor['rate']:.0%} of the answers that "
        f"name a class were right at {floor['lab']}, left out (of {floor['n']}, none of a test row)."
    )


def _familiar_to(fitted: dict[str, Any]) -> str:
    if not (floor := fitted.get("floor")):
        return ""
    return (
        f" It is no lower than {floor['familiar_to']:.3g}, within which {floor['familiar_rate']:.0%} of the cells lie "
        f"that were found at {floor['lab']}, left out ({floor['cells']}, none of a test row)."
    )


def rows_table(metrics: dict[str, Any]) -> str:
    """A row a laboratory, as a Markdown table; README.md shows the same."""
    lines = [
        "| lab | n | accuracy | balanced | macro-F1 | calibration error | confident: share | right there |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    strangers = {
        f"{lab}, never seen": rows["classifier"] for lab, rows in metrics["recipe"].items() if "classifier" in rows
    }
    for lab, row in (metrics["bundle"] | strangers).items():
        name = f"{lab}, never seen" if row.get("split") == "all" else lab
        low, high = row["accuracy_interval"]
        confident = row["by_status"]["confident"]
        lines.append(
            f"| {name} | {row['n']} | {row['accuracy']:.2%} ({low:.2%} to {high:.2%}) "
            f"| {_percent(row['balanced_accuracy'])} | {row['macro_f1']:.2%} "
            f"| {_number(row['expected_calibration_error'])} "
            f"| {_percent(confident['share'])} | {_percent(confident['accuracy'])} |"
        )
    return "\n".join(lines)


def _by_class(lab: str, row: dict[str, Any], labels: list[str]) -> str:
    names = [*(in_words(label) for label in labels), "no answer"]
    lines = [f"By class, {lab}:", "", "| class | n | right | taken for |", "| --- | --- | --- | --- |"]
    for k, label in enumerate(labels):
        counts = row["confusion"][k]
        mistakes = [f"{names[j]} {n}" for j, n in enumerate(counts) if n and j != k]
        if sum(counts):
            lines.append(f"| {in_words(label)} | {sum(counts)} | {counts[k]} | {', '.join(mistakes) or '-'} |")
    return "\n".join(lines)


def located_table(metrics: dict[str, Any]) -> str:
    """The locator's rows, at home and where it never saw the laboratory, as a Markdown table; README.md shows the
    same. Empty where no boxes were drawn."""
    rows = {lab: row for lab, row in metrics["locator"].items() if lab != "centres"}
    rows |= {f"{lab}, never seen": of["locator"] for lab, of in metrics["recipe"].items()}
    if not rows:
        return ""
    lines = [
        "| lab | fields | nucleated: precision | recall | platelets: AP50 | red cells: median error | mean error |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for lab, row in rows.items():
        cell, platelet, red = (row.get(kind, {}) for kind in KINDS)
        signed = red.get("count_signed_error")
        lines.append(
            f"| {lab} | {row['fields']} | {_number(cell.get('precision'))} | {_number(cell.get('recall'))} "
            f"| {_number(platelet.get('average_precision'))} | {red.get('count_median_error', '-')} "
            f"| {'-' if signed is None else f'{signed:+.1%}'} |"
        )
    return "\n".join(lines)


def _located(metrics: dict[str, Any]) -> list[str]:
    """The part about the locator; none where no boxes were drawn."""
    heading, about = "## How well it finds cells", "At an intersection over union of 0.5, on test fields."
    table = located_table(metrics)
    return [heading, about, table] if table else []


def readouts_table(record: dict[str, Any], metrics: dict[str, Any]) -> str:
    """How right each readout is, as a Markdown table; README.md shows the same. Empty where there is none."""
    rows = [(each, metrics["readouts"][each["name"]]) for each in record["readouts"]]
    if not rows:
        return ""
    lines = [
        "| read off | values | n | right | balanced | the commonest alone |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each, row in rows:
        name = f"{in_words(each['name'])}{' (leaning)' if each['leaning'] else ''}"
        figures = f"{row['accuracy']:.1%} | {_percent(row['balanced_accuracy'])} | {row['commonest']:.1%}"
        lines.append(f"| {name} | {len(each['values'])} | {row['n']} | {figures} |")
    return "\n".join(lines)


def _read_off(record: dict[str, Any], metrics: dict[str, Any]) -> list[str]:
    table = readouts_table(record, metrics)
    if not table:
        return []
    lab = next(iter(metrics["readouts"].values()))["lab"]
    about = (
        f"By layers over the classifier's features, on test rows of {lab}, from whose train rows they were learned: "
        "attributes as WBCAtt names them (its own split is another, so these are not its authors' figures), and "
        "leanings to a finer class, which are never counted. Elsewhere they were not measured."
    )
    return ["## What else is read off a cell", about, table]


def _adapted(record: dict[str, Any], metrics: dict[str, Any]) -> list[str]:
    """The part about the laboratory that the bundle was adapted to; none of one that was not."""
    if "adapted" not in record:
        return []
    adapted, rows = record["adapted"], metrics["adapted"]
    cells = ", ".join(f"{in_words(label)} {n}" for label, n in adapted["cells"].items())
    what = "upper half" if adapted["deeper"] else "last layer"
    return [
        f"## Adapted to {adapted['lab']}",
        f"The classifier's {what} was fitted anew to {sum(adapted['cells'].values())} cells of this laboratory "
        f"({cells}), beside the remembered ones. All figures above are of {adapted['from']} (bundle.json "
        f"`{adapted['sha256'][:16]}`), as it was before. Here each cell was answered by what was fitted to others:",
        rows_table({"bundle": {f"{adapted['lab']}, {when}": rows[when] for when in ("before", "after")}, "recipe": {}}),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
