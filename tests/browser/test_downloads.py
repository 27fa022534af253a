"""The files are those of the view: opened and summed."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.steps import everyone, expect_address


def download(page: Page, label: str) -> Path:
    with page.expect_download() as started:
        page.get_by_role("link", name=f"Download {label}").click()
    assert started.value.suggested_filename.endswith(f".{label.lower()}")
    return Path(started.value.path())


@pytest.mark.parametrize("query", ["?zero=0&o=user", "?range=30d&provider=codex&provider=opencode&q=e&p=1"])
def test_csv_and_json_sum_to_everyone(visit, crowd, query):
    page = visit(query)
    sessions, cost = everyone(page)[:2]
    with download(page, "CSV").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    answer = json.loads(download(page, "JSON").read_text())
    assert sum(int(row["session_count"]) for row in rows) == int(sessions.replace(",", ""))
    total = sum(Decimal(row["total_cost_usd"] or 0) for row in rows)
    assert f"${total:,.2f}" == cost.removeprefix("≥ ")
    assert Decimal(answer["totals"]["total_cost_usd"]) == total
    assert [str(row["id"]) for row in answer["users"]] == [row["user_id"] for row in rows]


def test_downloads_follow_what_was_clicked(visit):
    page = visit()
    page.get_by_label("Codex").check()
    expect_address(page, provider="codex")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    assert started.value.suggested_filename == "organization-2026-06-11_2026-06-17-utc-codex.csv"
