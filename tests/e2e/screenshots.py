"""The README's pictures of the page: `make screenshots`.

Every cell on them is drawn by synthetic.py; none is anybody's photograph.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from person import choose, expect_all_answered
from playwright.sync_api import Browser, expect, sync_playwright
from service import CHROMIUM, CHROMIUM_ARGUMENTS, Service, serving
from synthetic import stained_field

FIELDS = [(3, 1, 4), (3, 3), (2, 1, 3), (4, 3, 1), (3, 1), (1, 3, 3)]  # lobes of each white cell's nucleus
SHOTS = {
    "page-light.png": {"color_scheme": "light", "viewport": {"width": 1280, "height": 1120}},
    "page-dark.png": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 1120}},
    "page-phone.png": {
        "color_scheme": "light",
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
}


def take(browser: Browser, service: Service, pictures: list[Path], out: Path) -> None:
    """One file a shot, of what a visitor sees without scrolling."""
    for name, visitor in SHOTS.items():
        context = browser.new_context(reduced_motion="reduce", **visitor)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(service.url)
        expect(page.get_by_role("heading", name="The model")).to_be_visible()
        choose(page, *pictures)
        expect_all_answered(page, len(pictures))
        counted = page.get_by_role("region", name="Pre-classification").get_by_text(f"in {len(pictures)} pictures")
        expect(counted).to_be_visible()
        page.evaluate("document.activeElement.blur()")
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)  # thumbnails are cut out one picture after the other
        page.screenshot(path=out / name)
        context.close()


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving() as service, sync_playwright() as playwright:
        pictures = [Path(folder) / f"drawn-field-{number}.png" for number in range(1, len(FIELDS) + 1)]
        for seed, (picture, lobes) in enumerate(zip(pictures, FIELDS, strict=True), 1):
            stained_field(seed, lobes=lobes).save(picture)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        take(browser, service, pictures, out)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
