"""What each task of `dags/backfill_plan.py` does, without a line of Airflow. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zhixiao import nightly
from zhixiao.errors import DataError
from zhixiao.settings import Settings
from zhixiao.warehouse.lock import warehouse_lock

Json = dict[str, Any]


def plan(params: Mapping[str, Any] | None = None) -> list[Json]:
    """The months as years: the pieces that one task builds."""
    from zhixiao.warehouse.backfill import FIRST_MONTH, LAST_MONTH, month_ends

    p = params or {}
    years: dict[int, list[str]] = {}
    for pair in month_ends(p.get("first_month") or FIRST_MONTH, p.get("last_month") or LAST_MONTH):
        years.setdefault(pair.known_on.year, []).append(f"{pair.known_on:%Y-%m}")
    return [{"label": str(y), "first": months[0], "last": months[-1]} for y, months in years.items()]


def prepare() -> Json:
    """Land and load everything under raw/, once."""
    from zhixiao.warehouse.backfill import prepare as prepare_all

    settings = Settings.from_env()
    with warehouse_lock(settings, nightly.STEP_LOCK_SECONDS, "backfill"):
        return prepare_all(settings, nightly.progress)


def build_year(months: Mapping[str, str]) -> Json:
    """Build the month-end pairs of one year that are not there yet."""
    from zhixiao.warehouse.backfill import build_pairs, month_ends

    settings = Settings.from_env()
    with warehouse_lock(settings, nightly.STEP_LOCK_SECONDS, "backfill"):
        result = build_pairs(settings, month_ends(months["first"], months["last"]), nightly.progress)
    nightly.progress(result.words)
    return result.to_json()


def verdict(results: Iterable[Json | None]) -> str:
    """One line on all years. Raises DataError when a pair failed or a year did not end."""
    from zhixiao.warehouse.backfill import BackfillResult

    years = list(results or [])
    total = BackfillResult()
    for r in years:
        if r is not None:
            total.built += r["built"]
            total.kept += r["kept"]
            total.not_yet += r["not_yet"]
            total.failed |= r["failed"]
            total.seconds += r["seconds"]
    if total.failed or not years or any(r is None for r in years):
        names = "、".join(sorted(total.failed)) or "?"
        raise DataError(
            f"有月份未建成：{names}。{total.words}。再触发一次只会补做这些。",
            f"months were not built: {names}. Trigger the DAG again: it builds only those.",
        )
    return total.words
