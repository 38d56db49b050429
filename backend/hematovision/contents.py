"""What the record and the arrays of a bundle hold, each as the value that serving reads from it, or refused."""

from __future__ import annotations

import math
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.familiar import Familiar
from hematovision.head import Head
from hematovision.locator import KINDS, Fitted
from hematovision.quality import Accepted
from hematovision.readout import Readout
from hematovision.sizes import Sizes


def fitted_of(record: dict[str, Any]) -> Fitted:
    """What was fitted with a locator, from its record in bundle.json. Raises `ValueError` for what cannot be."""
    limits, sizes = ([float(record[name][kind]) for kind in KINDS] for name in ("limits", "sizes"))
    least, aim, most, explained = (float(record[name]) for name in ("least", "aim", "most", "explained_from"))
    lengths = (*sizes, least, aim, most)
    if not (all(0 < each <= 1 for each in limits) and 0 <= explained <= 1):
        raise ValueError("limits of the locator")
    if not (all(0 < each < math.inf for each in lengths) and least <= aim <= most):
        raise ValueError("sizes of the locator")
    return Fitted(tuple(limits), tuple(sizes), least, aim, most, explained)  # type: ignore[arg-type]  # three kinds each


def sizes_of(record: dict[str, Any], classes: int) -> Sizes:
    """How large the cells of each class are. Raises `ValueError` for what cannot be."""
    sizes = Sizes(*(tuple(float(each) for each in record[name]) for name in ("times", "spread")))
    if len(sizes.times) not in (0, classes):
        raise ValueError("sizes of the classes")
    return sizes


def familiar_of(file: Path, record: dict[str, Any], classes: int) -> Familiar:
    """The remembered cells, from familiar.npz, kept at half the precision. Raises `ValueError` for what cannot be."""
    with np.load(file, allow_pickle=False) as kept:
        features, texture = (kept[name].astype(np.float32) for name in ("features", "texture"))
        labels, usual = kept["labels"], kept["usual"].astype(np.float64)
    fitted = {name: float(record[name]) for name in ("limit", "rate", "near", "near_rate", "purple_from")}
    whole = all(
        each.ndim == 2 and len(each) == len(labels) > 0 and bool(np.isfinite(each).all())
        for each in (features, texture)
    )
    whole &= usual.ndim == 2 and len(usual) == 2 and usual.shape[1] > 1 and bool((np.diff(usual) >= 0).all())
    limits = 0 < fitted["near"] <= 1 and 0 < fitted["limit"] <= 2 and -1 <= fitted["purple_from"] <= 1
    rates = 0 < fitted["near_rate"] <= fitted["rate"] <= 1
    if not (whole and limits and rates and labels.min() >= 0 and labels.max() < classes):
        raise ValueError("what is remembered")
    return Familiar(features, texture, labels, usual, **fitted)


def head_of(file: Path, classes: int) -> Head:
    """The last layer, from head.npz. Raises `ValueError` for what cannot be one."""
    with np.load(file, allow_pickle=False) as kept:
        return _layer("the last layer", kept["kernel"], kept["bias"], classes)


def readouts_of(file: Path, record: list[dict[str, Any]], labels: tuple[str, ...]) -> tuple[Readout, ...]:
    """The readouts, from readouts.npz in the order of the record. Raises `ValueError` for what cannot be one."""
    readouts = []
    with np.load(file, allow_pickle=False) as kept:
        for each in record:
            name, values, of = str(each["name"]), tuple(map(str, each["values"])), tuple(map(str, each["labels"]))
            if not set(of) <= set(labels):
                raise ValueError(f"{name}'s labels")
            layer = _layer(f"the layer of {name}", kept[f"{name} kernel"], kept[f"{name} bias"], len(values))
            readouts.append(Readout(name, values, of, bool(each["leaning"]), layer))
    return tuple(readouts)


def _layer(what: str, kernel: NDArray[np.floating], bias: NDArray[np.floating], columns: int) -> Head:
    finite = bool(np.isfinite(kernel).all() and np.isfinite(bias).all())
    if not (kernel.ndim == 2 and kernel.shape[1:] == bias.shape == (columns,) and finite):
        raise ValueError(what)
    return Head(kernel.astype(np.float32), bias.astype(np.float32))


def accepted_of(record: dict[str, Any]) -> Accepted:
    """What a picture of a cell must be like. Raises `ValueError` for limits that cannot be."""
    limits = Accepted(**{each.name: float(record[each.name]) for each in fields(Accepted)})
    if not (all(0 <= each < math.inf for each in astuple(limits)) and limits.stain_from <= limits.stain_to):
        raise ValueError("limits of quality")
    return limits
