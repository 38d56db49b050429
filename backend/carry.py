"""Build hook: the wheel carries the page and the current bundle, so that `pip install .` alone can serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryHook(BuildHookInterface[Any]):
    """An editable install reads both from the checkout instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        current = (Path(self.root) / "models" / "CURRENT").read_text(encoding="utf-8").strip()
        for path in ("frontend", "models/CURRENT", f"models/{current}"):
            build_data["force_include"][path] = f"hematovision/carried/{path}"
