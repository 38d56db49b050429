"""Answers as the service gives them, made up: what is recorded of them is what stands in them."""

from __future__ import annotations

import hashlib
from typing import Any

from bundles import drawn_bundle
from hematovision.cells import Answer, Box, Cell, Milliseconds, Model, PictureFacts, Probability, Seen

LABELS = ("basophil", "lymphocyte", "neutrophil", "platelet")
BUNDLE = drawn_bundle(LABELS)


def cell(label: str = "lymphocyte", status: str = "confident", confidence: float = 0.97) -> Cell:
    """A nucleated one, 1/3 as wide as high in places, so that no number is a round one."""
    rest = (1 - confidence) / (len(LABELS) - 1)
    probabilities = tuple(Probability(each, confidence if each == label else rest) for each in LABELS)
    reasons = () if status == "confident" else ("A person should look.",)
    answered = (None, None) if status == "unfamiliar" else (label, confidence)
    return Cell(Box(3, 5, 70, 81), "nucleated", False, status, *answered, probabilities, reasons, "9ae1b3a5c0f27d68")


RED = Cell(Box(1, 2, 9, 9), "red", True, None, None, None, ())


def answer(*cells: Cell, picture: str = "a picture", red: int = 0, **given: Any) -> Answer:
    """Of these cells; of none, no cell was found."""
    main = cells[0] if cells else None
    facts = {
        "model": Model(BUNDLE.name, BUNDLE.version),
        "image": PictureFacts(640, 480, hashlib.sha256(picture.encode()).hexdigest()),
        "status": main.status if main else "no_cells",
        "label": main.label if main else None,
        "confidence": main.confidence if main else None,
        "probabilities": main.probabilities if main else (),
        "reasons": main.reasons if main else ("No cell was seen. Photograph another field.",),
        "seen": Seen(len(cells), 0, red),
        "cells": (*cells, *[RED] * red),
        "milliseconds": Milliseconds(decode=1 / 3, locate=2 / 3, classify=0.1 + 0.2, total=1.3),
    }
    return Answer(**(facts | given))
