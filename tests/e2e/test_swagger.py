"""Swagger UI, as somebody tries the API there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from person import Visit
from playwright.sync_api import expect
from service import Service


def test_a_picture_can_be_classified_from_swagger_ui(visit: Visit, service: Service, cells: dict[str, Path]) -> None:
    page = visit(f"{service.url}api/docs")
    operation = page.locator("#operations-classify-classify")
    operation.get_by_role("button", name="/classify").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("input[type=file]").set_input_files(cells["eosinophil"])
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer.get_by_text("200", exact=True).first).to_be_visible()
    expect(answer).to_contain_text(hashlib.sha256(cells["eosinophil"].read_bytes()).hexdigest())
    expect(answer).to_contain_text('"probabilities"')
    expect(page.get_by_text("Resolver error")).to_have_count(0)
