"""Months and working days. A month is an integer: year * 12 + month - 1."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from functools import cache

from zhixiao.settings import PROJECT_DIR

SEEDS = PROJECT_DIR / "dbt_project" / "seeds"


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def last_of(month: int) -> date:
    return first_of(month + 1) - timedelta(days=1)


def add_months(day: date, n: int) -> date:
    """So many calendar months later; the last day of a shorter month where the day does not exist."""
    month = month_of(day) + n
    return first_of(month).replace(day=min(day.day, last_of(month).day))


@cache
def _exceptions() -> dict[date, bool]:
    with (SEEDS / "holiday.csv").open(encoding="utf-8", newline="") as f:
        return {date.fromisoformat(r["holiday_date"]): r["is_off_day"] == "true" for r in csv.DictReader(f)}


def is_working(day: date) -> bool:
    """By the State Council's calendar: holidays are off, make-up Saturdays are not."""
    off = _exceptions().get(day)
    return not off if off is not None else day.weekday() < 5


def working_day(day: date) -> date:
    """This day, or the next working one."""
    while not is_working(day):
        day += timedelta(days=1)
    return day
