"""Finding cells by stain segmentation, the rival of the learned locator, on the test rows: a table in Markdown.

python tests/bench/segmentation.py
python tests/bench/segmentation.py --choose    # its numbers and limits, on train and val rows only

Needs scikit-image, which nothing else here does: `pip install scikit-image`.

Works on optical density at a scale where red cells are 36 px across. Most of what is dark is red cells, so each picture
shows its own colour of haemoglobin; density that this colour does not explain is stain. A large stain is a nucleus, a
paler one around it cytoplasm, a spot a platelet. What else is dark is red cells, parted where they narrow.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import feature, filters, measure, morphology, segmentation

from hematovision.detection import Compared, average_precision, compare, fit_limits, row
from hematovision.images import RGB, decode, resize
from hematovision.locator import KINDS, Found
from hematovision.settings import Settings
from hematovision.training.fields import BoxedField, read_fields

Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]
Numbers = dict[str, float]  # by their names in `CHOICES`
Stained = tuple[Floats, Floats]  # density (H, W, 3); its pixels to one of the picture, down and across
Scored = tuple[str, Floats, float]  # kind; top, left, bottom, right; score

echo = sys.stdout.write

RED = 36  # pixels across a red cell at the scale worked at
OUTWARDS = RED * np.array([-1, -1, 1, 1])
SAMPLE = 20  # fields a laboratory on which `--choose` compares numbers

# Each number, what it is chosen for and what was tried: one after the other, the best AP50 of that kind (for nucleated
# cells plus half of what is found in Bangkok). Stain is in densities of a red cell, length in its diameters.
CHOICES: dict[str, tuple[float, str, tuple[float, ...]]] = {
    "thick": (9, "nucleated", (7, 9, 11)),  # pixels: what is thinner is no nucleus but a coloured fringe
    "otsu": (0.8, "nucleated", (0.6, 0.8, 1.0)),  # share of Otsu's threshold that makes a nucleus
    "spread": (3.0, "nucleated", (2.0, 3.0, 4.0)),  # or deviations of the stain in all that is dark
    "top": (0.5, "nucleated", (0.3, 0.5, 0.7)),  # but at most this share of the strongest stain
    "joined": (0.3, "nucleated", (0.2, 0.3, 0.4)),  # gap across which lobes are one nucleus
    "margin": (0.18, "nucleated", (0.14, 0.18, 0.22)),  # cytoplasm where none is seen
    "spot": (0.45, "platelet", (0.3, 0.45, 0.6)),  # stain of a platelet
    "least": (0.01, "platelet", (0.005, 0.01, 0.02)),  # its area, of a red cell's square
    "halo": (0.08, "platelet", (0.055, 0.08, 0.11)),  # its blurred border
    "dark": (0.4, "red", (0.3, 0.4, 0.5)),  # density at a red cell's border
    "lump": (0.3, "red", (0.1, 0.3, 0.5)),  # pixels by which a neck must be narrower to part two cells
    "rim": (0.04, "red", (0.02, 0.04, 0.07)),  # the border's outer half
}
CHOSEN: Numbers = {name: chosen for name, (chosen, _, _) in CHOICES.items()}
# Least scores by kind: `fit_limits` on all train and val rows with every cell boxed.
LIMITS = (0.6584, 0.643, 0.2149)


def prepare(field: BoxedField) -> Stained:
    """Density at the working scale; how large red cells are, a first look tells."""
    rgb = decode(field.path.read_bytes()).rgb
    first = min(1.0, 480 / max(rgb.shape))
    green = ndimage.gaussian_filter(density(rgb, first)[..., 1], 1)
    mask = foreground(green)
    if crowded := mask.mean() > 0.65:  # cells merge: take what is dark beside its surroundings
        mask &= green > ndimage.gaussian_filter(green, green.shape[1] / 20)
    inside = ndimage.gaussian_filter(depth(filled(mask, green.size / 25)), 1)
    radii = np.sort(inside[tuple(feature.peak_local_max(inside, 3, 3, exclude_border=False).T)])
    areas = np.cumsum(radii**2)
    radius = radii[np.searchsorted(areas, areas[-1] / 2)] if len(radii) else green.shape[0] / 10
    across = radius * (2.86 if crowded else 2.38) / first  # of a box, measured on train rows
    stained = density(rgb, min(max(RED / across, 160 / max(rgb.shape)), 1.5))
    return stained, np.divide(stained.shape[:2], rgb.shape[:2])


def density(rgb: RGB, scale: float) -> Floats:
    """Absorbance by channel, against a quadratic surface through the pixels of the bare slide."""
    rgb = resize(rgb, round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    logs = np.log(np.maximum(rgb, 1).astype(np.float32))
    y, x = np.mgrid[-1 : 1 : rgb.shape[0] * 1j, -1 : 1 : rgb.shape[1] * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    step = max(1, int((x.size / 6000) ** 0.5))
    seen, at = logs[::step, ::step].reshape(-1, 3), terms[::step, ::step].reshape(-1, 6)
    bare = np.abs(seen[:, 1] - np.percentile(seen[:, 1], 85)) < 0.06
    for _ in range(4):
        surface = np.linalg.lstsq(at[bare], seen[bare], rcond=None)[0]
        within = np.abs(seen[:, 1] - at @ surface[:, 1] - 0.03) < 0.06
        bare = within if within.sum() >= 50 else bare
    return np.asarray(terms @ surface - logs)


def segment(stained: Stained, numbers: Numbers) -> list[Found]:
    """The cells, in pixels of the picture that was prepared."""
    green, blue = (ndimage.gaussian_filter(stained[0][..., channel], 1.5) for channel in (1, 2))
    dark = foreground(green)
    level = np.median(green[dark])
    hue = np.percentile(green[dark] / np.maximum(blue[dark], 0.02), 35)  # haemoglobin's; stain has more green
    white, taken, spread = nucleated((green - hue * blue) / level, dark, numbers)
    green, blue = (ndimage.gaussian_filter(stained[0][..., channel], 1) for channel in (1, 2))
    spots = platelets(np.where(taken, 0, (green - hue * blue) / level), max(numbers["spot"], spread), numbers)
    found = []
    for kind, box, score in white + spots + red_cells((green > numbers["dark"] * level) & ~taken, numbers):
        y0, x0, y1, x1 = (box.clip(0, np.tile(taken.shape, 2)) / np.tile(stained[1], 2)).tolist()
        found.append(Found(x0, y0, x1, y1, kind, float(1 - np.exp(-score)), edge=False))
    return found


def nucleated(stain: Floats, dark: Mask, numbers: Numbers) -> tuple[list[Scored], Mask, float]:
    """Nuclei grown into their cytoplasm; the pixels they take; how much stain varies in what is dark."""
    thick = ndimage.grey_opening(stain, size=(int(numbers["thick"]),) * 2)
    usual = thick[dark]
    spread = 1.48 * float(np.median(np.abs(usual - np.median(usual))))
    limit = max(numbers["otsu"] * filters.threshold_otsu(usual.clip(0, 2)), numbers["spread"] * spread)
    limit = max(0.6, min(limit, numbers["top"] * ndimage.gaussian_filter(stain, RED / 6).max()))
    nuclei = measure.label(depth(thick <= limit) <= numbers["joined"] * RED / 2) * (thick > limit)
    nuclei *= (np.bincount(nuclei.ravel()) >= 0.15 * RED**2)[nuclei]
    if not nuclei.any():
        return [], nuclei > 0, spread
    away = depth(nuclei == 0)
    pale = ndimage.gaussian_filter(stain, 2) > max(0.45, min(0.7 * limit, 2 * spread))
    around = morphology.isotropic_opening(pale | (nuclei > 0), 3) & (away <= 0.6 * RED)
    cells = segmentation.watershed(away, nuclei, mask=ndimage.binary_fill_holes(around | (nuclei > 0)))
    boxes = []
    for nucleus, cell in zip(measure.regionprops(nuclei, stain), measure.regionprops(cells), strict=True):
        least = nucleus.bbox + numbers["margin"] * OUTWARDS
        box = np.concatenate([np.minimum(least[:2], cell.bbox[:2]), np.maximum(least[2:], cell.bbox[2:])])
        boxes.append(("nucleated", box, nucleus.intensity_mean / limit * min(1, nucleus.area / (0.6 * RED**2))))
    return boxes, cells > 0, spread


def platelets(stain: Floats, limit: float, numbers: Numbers) -> list[Scored]:
    """Small spots: the better, the stronger, the fuller and the rounder."""
    boxes = []
    for spot in measure.regionprops(measure.label(stain > limit, connectivity=1), stain):
        if numbers["least"] * RED**2 <= spot.area <= 0.2 * RED**2:
            sides = np.subtract(spot.bbox[2:], spot.bbox[:2])
            strength = spot.intensity_mean * spot.intensity_max * sides.min() / sides.max()
            boxes.append(("platelet", spot.bbox + numbers["halo"] * OUTWARDS, strength**0.5 * spot.solidity**2))
    return boxes


def red_cells(mask: Mask, numbers: Numbers) -> list[Scored]:
    """What is dark, its pale centres filled, parted where it narrows: the better, the larger and the more convex."""
    body = filled(mask, RED**2 / 2)
    inside = ndimage.gaussian_filter(depth(body), 1)
    middles = measure.label((morphology.h_maxima(inside, numbers["lump"]) > 0) & (inside > 3))
    cells = measure.regionprops(segmentation.watershed(-inside, middles, mask=body))
    worth = [each.solidity * min(1, each.area / (RED**2 / 2)) for each in cells]
    return [("red", each.bbox + numbers["rim"] * OUTWARDS, of) for each, of in zip(cells, worth, strict=True)]


def foreground(green: Floats) -> Mask:
    """What is darker than the bare slide; the logarithm keeps dense nuclei from raising the threshold."""
    logs = np.log(np.maximum(green, 0) + 0.03)
    return np.asarray(logs > filters.threshold_otsu(logs))


def filled(mask: Mask, most: float) -> Mask:
    """`mask` with its round holes below `most` pixels filled; gaps between cells have hollow sides and stay."""
    out = mask.copy()
    for hole in measure.regionprops(segmentation.clear_border(measure.label(~mask, connectivity=1))):
        if hole.area < 8 or (hole.area < most and hole.solidity > 0.9):
            out[hole.slice] |= hole.image
    return out


def depth(mask: Mask) -> Floats:
    """Distance to what is not `mask`; beyond the picture's edge it goes on."""
    return np.asarray(ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1])


def compared_to(field: BoxedField, stained: Stained, numbers: Numbers) -> tuple[Compared, ...]:
    """What is found in a prepared field against its boxes."""
    return compare(segment(stained, numbers), field.boxes, field.kinds)


def choose(fields: Sequence[BoxedField]) -> None:
    """Print what each number tried is worth, the best, and the limits that go with them."""
    prepared = [(each, prepare(each)) for lab in labs_of(fields) for each in regularly(fields, lab)]
    numbers = CHOSEN
    for name, (_, kind, tried) in CHOICES.items():
        worth = {value: worth_of(numbers | {name: value}, KINDS.index(kind), prepared) for value in tried}
        best = max(tried, key=lambda value: (worth[value], value == numbers[name]))
        numbers = numbers | {name: best}
        echo(f"{name}: {best}, worth {worth}\n")
    echo(f"LIMITS = {fit_limits([compared_to(each, prepare(each), numbers) for each in fields if each.complete])}\n")


def regularly(fields: Sequence[BoxedField], lab: str) -> list[BoxedField]:
    """About `SAMPLE` fields of a laboratory, spread over its list."""
    of_lab = [each for each in fields if each.lab == lab]
    return of_lab[:: max(1, len(of_lab) // SAMPLE)]


def worth_of(numbers: Numbers, kind: int, prepared: Sequence[tuple[BoxedField, Stained]]) -> float:
    """AP50 of a kind where every cell is boxed; for nucleated cells plus half the share found where some are."""
    whole = [compared_to(*each, numbers)[kind] for each in prepared if each[0].complete]
    worth = average_precision(whole) or 0.0
    if KINDS[kind] == "nucleated":
        partly = [compared_to(*each, numbers)[kind] for each in prepared if not each[0].complete]
        worth += float(sum(each.hit.sum() for each in partly)) / max(sum(each.drawn for each in partly), 1) / 2
    return worth


def labs_of(fields: Sequence[BoxedField]) -> list[str]:
    return sorted({each.lab for each in fields})


def main(fields: Sequence[BoxedField]) -> None:
    compared, took = [], []
    for each in fields:
        started = time.perf_counter()
        found = segment(prepare(each), CHOSEN)
        took.append(1000 * (time.perf_counter() - started))
        compared.append(compare(found, each.boxes, each.kinds))
    echo("| lab | fields | nucleated: precision | recall | platelets: AP50 | red cells: median error | mean error ")
    echo("| ms a field |\n" + "| --- " * 8 + "|\n")
    rows = {lab: [i for i, each in enumerate(fields) if each.lab == lab] for lab in labs_of(fields)}
    rows["pooled"] = [i for i, each in enumerate(fields) if each.complete]
    for name, of in rows.items():
        figures = row([compared[i] for i in of], LIMITS, complete=all(fields[i].complete for i in of))
        echo(line(name, figures, [took[i] for i in of]))


def line(name: str, figures: dict[str, Any], took: Sequence[float]) -> str:
    """A line of the table: where not every cell is boxed, recall alone."""
    white, spots, reds = (figures.get(kind, {}) for kind in KINDS)
    shown = [
        (white.get("precision"), ".3f"),
        (white.get("recall"), ".3f"),
        (spots.get("average_precision"), ".3f"),
        (reds.get("count_median_error"), ".1f"),
        (reds.get("count_signed_error"), "+.1%"),
        (float(np.median(took)), ".0f"),
    ]
    values = " | ".join("-" if value is None else format(value, how) for value, how in shown)
    return f"| {name} | {figures['fields']} | {values} |\n"


if __name__ == "__main__":
    choosing = sys.argv[1:] == ["--choose"]
    rows = [each for each in read_fields(Settings.from_env().data) if (each.split == "test") != choosing]
    choose(rows) if choosing else main(rows)
