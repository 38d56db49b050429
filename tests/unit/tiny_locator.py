"""A locator of a few fixed weights that knows coloured discs: quick to save, to export and to train beside."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from discs import CHANNEL, SIZES, SLIDE, SWALLOWED, Disc, drawn_field
from hematovision.locator import KINDS, WINDOW
from hematovision.peaks import STRIDE
from pictures import encoded

NUCLEATED = 90  # pixels of a window that a nucleated cell has, as this network sees them
REACH = 15  # places to either side, that it looks at

Field = tuple[str, str, str, Sequence[Disc]]  # lab, group, split, what is drawn


def save(path: Path) -> None:
    """Write the network as a training run leaves its best one."""
    import keras
    from keras import layers

    picture = keras.Input((WINDOW, WINDOW, 3), name="picture")
    dark = layers.Rescaling(-1 / (SLIDE - SWALLOWED), offset=SLIDE / (SLIDE - SWALLOWED))(picture)
    pooled = layers.AveragePooling2D(STRIDE)(dark)
    blur = layers.DepthwiseConv2D(2 * REACH + 1, padding="same", use_bias=False)
    heat = layers.Conv2D(len(KINDS), 1, name="heat_logits")
    boxes = layers.Conv2D(4, 1, name="box_offsets")
    blurred = blur(pooled)
    model = keras.Model(picture, layers.Concatenate()([heat(blurred), boxes(pooled)]))

    kernel, mixing, sizes = np.zeros((2 * REACH + 1,) * 2 + (3, 1)), np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 3, 4))
    away = np.arange(-REACH, REACH + 1)
    for k, kind in enumerate(KINDS):
        places = SIZES[kind] * NUCLEATED / STRIDE
        bell = np.exp(-(away**2 + away[:, np.newaxis] ** 2) / (2 * (places / 3) ** 2))
        kernel[..., CHANNEL[kind], 0] = bell / bell.sum()
        mixing[0, 0, CHANNEL[kind], k] = 30
        sizes[0, 0, CHANNEL[kind], 2:] = np.log(SIZES[kind])
    blur.set_weights([kernel])
    heat.set_weights([mixing, np.full(3, -15)])  # of a disc of its size two thirds are seen in the middle
    boxes.set_weights([sizes, np.array([0, 0, *[np.log(NUCLEATED / STRIDE)] * 2])])
    model.save(path)


def smear(seed: int, platelets: bool = True, red: bool = True) -> list[Disc]:
    """Cells of every kind in a field of 320 x 280, none near another."""
    random = np.random.default_rng(seed)
    kinds = ["nucleated", *["platelet"] * platelets, *["red"] * red]
    places = [(70, 80), (230, 70), (80, 210), (230, 200)]
    return [
        Disc(x + random.uniform(-8, 8), y + random.uniform(-8, 8), SIZES[kind] * NUCLEATED * 1.25, kind)
        for (x, y), kind in zip(places, random.permutation([*kinds, "nucleated"]), strict=False)
    ]


def write_fields(folder: Path, fields: Sequence[Field], unread: Sequence[str] = ("test",)) -> Path:
    """fields.csv and boxes.csv with their pictures; those on the sides `unread` are listed and are not there."""
    rows, boxes = [], []
    for k, (lab, group, split, discs) in enumerate(fields):
        path = folder / f"field-{k}.png"
        if split not in unread:
            path.write_bytes(encoded(Image.fromarray(drawn_field(discs, 320, 280))))
        rows.append((path.name, lab, group, split))
        boxes += [(path.name, each.kind, "", *each.box) for each in discs]
    return write_tables(folder, rows, boxes)


def write_tables(folder: Path, fields: Sequence[tuple], boxes: Sequence[tuple]) -> Path:
    """fields.csv of path, lab, group and split, and boxes.csv of field, kind, label and x0, y0, x1, y1."""
    for name, header, rows in (
        ("fields.csv", ("path", "lab", "group", "split"), fields),
        ("boxes.csv", ("field", "kind", "label", "x0", "y0", "x1", "y1"), boxes),
    ):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
    return folder
