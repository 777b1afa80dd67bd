"""The published release as a bulletin reads it: one file, read-only, never the working database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from zhixiao.bulletin.model import Figure
from zhixiao.errors import ConfigError
from zhixiao.settings import Settings
from zhixiao.warehouse.db import as_dicts, open_published

WINDOW_KINDS = {"monthly": "month", "quarterly": "quarter", "yearly": "year", "plan": "plan"}
PLANS = {"十四五": "2021-2025", "十五五": "2026-2030"}


@dataclass(frozen=True)
class Window:
    """The period that a bulletin is about, and the month end of the scorecard beside it."""

    kind: str
    start: date
    end: date
    month_end: date | None

    @property
    def slug(self) -> str:
        match self.kind:
            case "monthly":
                return f"{self.start:%Y-%m}"
            case "quarterly":
                return f"{self.start.year}Q{(self.start.month + 2) // 3}"
            case "yearly":
                return str(self.start.year)
        return f"{self.start.year}-{self.end.year}"

    @property
    def label(self) -> str:
        match self.kind:
            case "monthly":
                return f"{self.start.year}年{self.start.month}月"
            case "quarterly":
                return f"{self.start.year}年第{'一二三四'[(self.start.month - 1) // 3]}季度"
            case "yearly":
                return f"{self.start.year}年"
        name = next((zh for zh, years in PLANS.items() if years == self.slug), "")
        return f"{name}（{self.slug}年）" if name else f"{self.slug}年"


class Release:
    """Questions to the published file; every answer that is a number knows where it stands."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        row = self.rows("quality.release", ["release_id", "known_on", "as_of"], {})[0]
        self.release_id: str = row["release_id"]
        self.known_on: date = row["known_on"]
        self.as_of: date = row["as_of"]
        self.tables: dict[str, set[str]] = {}
        for schema, table, column in con.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE database_name = 'p'"
        ).fetchall():
            self.tables.setdefault(f"{schema}.{table}", set()).add(column)

    @property
    def facts(self) -> dict[str, Any]:
        return {"release_id": self.release_id, "known_on": self.known_on, "as_of": self.as_of}

    def has(self, table: str, column: str | None = None) -> bool:
        return table in self.tables and (column is None or column in self.tables[table])

    def rows(
        self, table: str, columns: Sequence[str], where: Mapping[str, Any], order: str = "", more: str = ""
    ) -> list[dict[str, Any]]:
        """Rows as dicts. `where` is equality; `more` is SQL of this package, never of a user."""
        terms = [f"{k} IS NOT DISTINCT FROM ${i}" for i, k in enumerate(where, start=1)]
        condition = " AND ".join([*terms, *([more] if more else [])])
        sql = f"SELECT {', '.join(columns)} FROM {table}"
        sql += f" WHERE {condition}" if condition else ""
        sql += f" ORDER BY {order}" if order else ""
        return as_dicts(self.con.execute(sql, list(where.values())))

    def figures(
        self, table: str, by: Sequence[str], wanted: Mapping[str, str], where: Mapping[str, Any]
    ) -> dict[tuple[Any, ...], dict[str, Figure]]:
        """Figures in bulk: expressions with their units, one answer for each value of `by`."""
        exprs = list(wanted)
        aggregate = any("(" in e for e in exprs)
        terms = [f"{k} IS NOT DISTINCT FROM ${i}" for i, k in enumerate(where, start=1)]
        sql = f"SELECT {', '.join([*by, *exprs])} FROM {table}"
        sql += f" WHERE {' AND '.join(terms)}" if terms else ""
        sql += f" GROUP BY {', '.join(by)}" if aggregate and by else ""
        out = {}
        for row in self.con.execute(sql, list(where.values())).fetchall():
            key, values = row[: len(by)], row[len(by) :]
            place = {**where, **dict(zip(by, key, strict=True))}
            out[key] = {e: Figure(v, wanted[e], table, e, place) for e, v in zip(exprs, values, strict=True)}
        return out

    def figure(self, table: str, expr: str, unit: str, where: Mapping[str, Any]) -> Figure:
        """One figure."""
        found = self.figures(table, (), {expr: unit}, where)
        return found[()][expr] if found else Figure(None, unit, table, expr, dict(where))

    @property
    def readings(self) -> list[str]:
        """The readings that the scorecard holds, weakest first."""
        there = {r["reading"] for r in self.rows("marts.mart_funnel", ["DISTINCT reading"], {})}
        return [r for r in ("claimed", "evidenced", "verified") if r in there]

    def window(self, kind: str, period: str | None = None) -> Window:
        """The last complete window of a kind, else the one that runs; or the one that `period` names."""
        found = self.rows(
            "marts.mart_funnel",
            ["DISTINCT window_start", "window_end"],
            {"cut_kind": "district", "window_kind": WINDOW_KINDS[kind]},
            "window_start",
        )
        windows = [Window(kind, r["window_start"], r["window_end"], None) for r in found]
        windows = [w for w in windows if w.start <= self.as_of]
        if period:
            wanted = PLANS.get(period, period).upper()
            if not re.fullmatch(r"\d{4}(-\d\d|Q[1-4]|-\d{4})?", wanted):
                raise ConfigError(
                    f"--period {period} 看不懂：月 2025-12，季 2025Q4，年 2025，规划 2021-2025。",
                    f"--period {period}: write 2025-12, 2025Q4, 2025 or 2021-2025.",
                )
            chosen = next((w for w in windows if w.slug == wanted), None)
        else:
            complete = [w for w in windows if w.end <= self.as_of]
            chosen = (complete or windows or [None])[-1]  # type: ignore[list-item]
        if chosen is None:
            raise ConfigError(
                f"已发布的版本里没有这个期间（{kind} {period or ''}）。",
                f"the published release has no such period ({kind} {period or ''}).",
            )
        month = self.con.execute(
            "SELECT max(month_end) FROM marts.mart_board_scorecard WHERE month_end <= $1 AND month_end >= $2",
            [min(chosen.end, self.as_of), chosen.start],
        ).fetchone()
        return Window(kind, chosen.start, chosen.end, month[0] if month else None)

    def boards(self, window: Window) -> list[str]:
        """Boards of the scorecard, parks first, in the order of the register; 未知 last."""
        names = [
            r["reporting_unit"]
            for r in self.rows(
                "marts.mart_board_scorecard", ["DISTINCT reporting_unit"], {"month_end": window.month_end}
            )
        ]
        kinds = {
            r["reporting_unit"]: r["unit_kind"]
            for r in self.rows("marts.dim_reporting_unit", ["reporting_unit", "unit_kind"], {})
        }
        order = {"park": 0, "subdistrict": 1, "town": 2}
        return sorted(names, key=lambda n: (n == "未知", order.get(kinds.get(n, ""), 3), n))


@contextmanager
def open_release(settings: Settings) -> Iterator[Release]:
    """The published release, read-only. A publication meanwhile leaves this view as it is."""
    with open_published(settings) as con:
        yield Release(con)
