"""Fields with known cells: answers in the service's shape, so that a test knows beforehand what is to be counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, Route
from service import Service
from synthetic import stained_cell

CLASSIFY = re.compile(r"/api/classify(\?|$)")
SIDE = 240  # pixels of the drawn pictures

Cell = dict[str, Any]


class Smear:
    """Makes cells and pictures; what `answers` names is answered so, whatever the picture shows."""

    def __init__(self, service: Service, folder: Path) -> None:
        model = requests.get(f"{service.url}api/model", timeout=10).json()
        self.url = service.url
        self.labels: list[str] = model["labels"]
        self.answers: dict[str, dict[str, Any]] = {}
        self._model = {"name": model["name"], "version": model["version"]}
        self._folder = folder

    def cell(
        self,
        label: str | None,
        at: tuple[int, int] = (100, 100),
        confidence: float = 0.98,
        side: int = 60,
        **fields: Any,
    ) -> Cell:
        """A cell whose box has this middle. Without a label it is unfamiliar, below 0.9 it is to check."""
        box = {"x": at[0] - side // 2, "y": at[1] - side // 2, "width": side, "height": side}
        status = "unfamiliar" if label is None else "check" if confidence < 0.9 else "confident"
        rest = (1 - confidence) / (len(self.labels) - 1)
        best = label or self.labels[0]
        return {
            "box": box,
            "kind": "platelet" if label == "platelet" else "nucleated",
            "edge": False,
            "status": status,
            "label": label,
            "confidence": None if label is None else confidence,
            "probabilities": [
                {"label": each, "probability": confidence if each == best else rest} for each in self.labels
            ],
            "reasons": [] if status == "confident" else [f"A reason to look at {label or 'it'}."],
            "sketch": None,  # so that none is taken for one seen twice
        } | fields

    def picture(self, name: str, cells: list[Cell], sha256: str = "") -> Path:
        """A drawing, answered with these cells."""
        file = self._folder / name
        stained_cell(len(self.answers) + 1, side=SIDE).save(file)
        main = cells[0] if cells else {"status": "no_cells", "label": None, "confidence": None, "probabilities": []}
        nucleated = sum(cell["kind"] == "nucleated" for cell in cells)
        self.answers[name] = {
            "model": self._model,
            "image": {"width": SIDE, "height": SIDE, "sha256": sha256 or name.ljust(64, "0")},
            **{key: main[key] for key in ("status", "label", "confidence", "probabilities")},
            "reasons": main.get("reasons", []),
            "seen": {"nucleated": nucleated, "platelet": len(cells) - nucleated, "red": 7},
            "cells": cells,
            "milliseconds": {"decode": 1.0, "locate": 2.0, "classify": 3.0, "total": 6.0},
        }
        return file

    def answering(self, page: Page) -> None:
        """From now on the page's pictures are answered as made."""
        page.route(CLASSIFY, self.fulfil)

    def counted(self, **options: Any) -> Any:
        """What the service itself counts of all that was made."""
        body = {"answers": list(self.answers.values())} | options
        answer = requests.post(f"{self.url}api/differential", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def fulfil(self, route: Route) -> None:
        """Answer this request as made."""
        route.fulfill(json=next(answer for name, answer in self.answers.items() if self.is_for(route, name)))

    def is_for(self, route: Route, name: str) -> bool:
        """Whether the request sends the picture of this name."""
        return f'filename="{name}"'.encode() in (route.request.post_data_buffer or b"")


def of_each(smear: Smear, counts: dict[str, int]) -> Iterator[Cell]:
    """So many cells of each class, side by side."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    for place, label in enumerate(labels):
        yield smear.cell(label, at=(20 + 11 * place % 200, 20 + 17 * place % 200))
