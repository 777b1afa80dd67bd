"""The checks' results against what was planted: recall by intensity, precision, and false alarms on look-alikes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from zhixiao.simulate.falsify.planting import LEVELS, Planting

KEPT_OUT = ("block", "quarantine")
"""Effective severities that take a figure out of the verified totals."""
TRUE_STATES = ("R31", "R32")
"""Checks that show states of the world, falsified or not (checks.md exempts them from the self-alarm): no precision."""

Unit = tuple[str, str, str]
"""entity_type, entity_id, counterpart_id ('' where there is none)."""


@dataclass(frozen=True)
class Result:
    """One row of `checks.fct_check_result`, as far as it is scored."""

    check_id: str
    entity_type: str
    entity_id: str
    counterpart_id: str | None
    period: str | None
    outcome: str
    effective_severity: str | None

    @property
    def unit(self) -> Unit:
        return self.entity_type, self.entity_id, self.counterpart_id or ""


@dataclass
class Share:
    """So many of so many."""

    hits: int = 0
    of: int = 0

    def count(self, hit: bool) -> None:
        self.hits += hit
        self.of += 1

    def __add__(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.of + other.of)

    @property
    def value(self) -> float | None:
        """The share; none of nothing."""
        return self.hits / self.of if self.of else None


@dataclass
class CheckScore:
    """One check over one world, or summed over several."""

    check_id: str
    applicable: int = 0
    """Units with a pass or a fail."""
    failed: int = 0
    rows: int = 0
    recall: dict[str, Share] = field(default_factory=lambda: {level: Share() for level in LEVELS})
    precision: Share = field(default_factory=Share)
    """Failing units that are planted, of those that are not a consequence of another planting."""
    alarms: Share = field(default_factory=Share)
    """Look-alikes that fail, of all look-alikes."""
    effective_recall: Share = field(default_factory=Share)
    """Plantings that ask for quarantine or block and got it."""
    effective_precision: Share = field(default_factory=Share)
    """Effectively kept out units that are planted, of all that are kept out."""
    missed: list[str] = field(default_factory=list)
    alarmed: list[str] = field(default_factory=list)
    intensities: dict[str, list[str]] = field(default_factory=dict)

    @property
    def found(self) -> Share:
        """Recall over all levels."""
        return sum(self.recall.values(), Share())

    def add(self, other: CheckScore) -> None:
        """Sum with the same check in another world."""
        for name in ("applicable", "failed", "rows"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("precision", "alarms", "effective_recall", "effective_precision"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for level, share in other.recall.items():
            self.recall[level] = self.recall.get(level, Share()) + share
        for level, seen in other.intensities.items():
            self.intensities[level] = sorted({*self.intensities.get(level, []), *seen})
        self.missed += other.missed
        self.alarmed += other.alarmed


def read_results(database: Path) -> list[Result] | None:
    """The published results; None where the release has no such table."""
    with duckdb.connect(str(database), read_only=True) as con:
        known = con.execute(
            "select count(*) from duckdb_tables() where schema_name = 'checks' and table_name = 'fct_check_result'"
        ).fetchone()
        if not known or known[0] == 0:
            return None
        rows = con.execute(
            "select check_id, entity_type, entity_id, counterpart_id, period, outcome, effective_severity"
            " from checks.fct_check_result"
        ).fetchall()
    return [Result(*row) for row in rows]


def score(plantings: Sequence[Planting], results: Iterable[Result], known_on: date) -> list[CheckScore]:
    """Every check that was planted or that answered, in order. What cannot be known yet is left out."""
    planted: dict[str, list[Planting]] = {}
    for p in plantings:
        if p.known_from <= known_on:
            planted.setdefault(p.check_id, []).append(p)
    answered: dict[str, list[Result]] = {}
    for r in results:
        answered.setdefault(r.check_id, []).append(r)
    excused = _excused(plantings)
    checks = sorted(planted.keys() | answered.keys())
    return [_score(c, planted.get(c, []), answered.get(c, []), excused.get(c, set())) for c in checks]


def oracle(plantings: Iterable[Planting]) -> list[Result]:
    """What checks that knew the truth would answer."""
    return [
        Result(
            p.check_id, p.entity_type, p.entity_id, p.counterpart_id, period,
            "pass" if p.is_lookalike else "fail", p.severity,
        )
        for p in plantings
        for period in (p.periods or (None,))
    ]  # fmt: skip


def _excused(plantings: Iterable[Planting]) -> dict[str, set[str]]:
    """Check -> entities on which its fail is a consequence of something planted elsewhere."""
    out: dict[str, set[str]] = {}
    for p in plantings:
        for check in p.also:
            out.setdefault(check, set()).update(e for e in (p.entity_id, p.counterpart_id) if e)
    return out


def _unit(p: Planting) -> Unit:
    return p.entity_type, p.entity_id, p.counterpart_id or ""


def _name(p: Planting) -> str:
    where = p.entity_id + (f" / {p.counterpart_id}" if p.counterpart_id else "")
    return f"{p.way} {p.level or ''} {p.intensity or ''} {where} {' '.join(p.periods[:1])}".strip()


def _score(check_id: str, planted: list[Planting], results: list[Result], excused: set[str]) -> CheckScore:
    out = CheckScore(check_id, rows=len(results))
    fails: dict[Unit, list[Result]] = {}
    for r in results:
        if r.outcome == "fail" and r.entity_type != "source":
            fails.setdefault(r.unit, []).append(r)
    out.applicable = len({r.unit for r in results if r.outcome != "na"})
    out.failed = len(fails)

    def failing(p: Planting) -> list[Result]:
        return [r for r in fails.get(_unit(p), []) if not p.periods or r.period in p.periods]

    false = [p for p in planted if not p.is_lookalike]
    for p in false:
        held = failing(p)
        level = p.level or "middle"
        out.recall[level].count(bool(held))
        if p.intensity and p.intensity not in out.intensities.setdefault(level, []):
            out.intensities[level].append(p.intensity)
        if not held:
            out.missed.append(_name(p))
        if p.severity in KEPT_OUT:
            out.effective_recall.count(any(r.effective_severity in KEPT_OUT for r in held))
    for p in planted:
        if p.is_lookalike:
            out.alarms.count(bool(failing(p)))
            if failing(p):
                out.alarmed.append(_name(p))
    truly = {_unit(p) for p in false}
    for unit, rows in fails.items():
        if unit not in truly and excused & set(unit[1:]):
            continue
        if check_id not in TRUE_STATES:
            out.precision.count(unit in truly)
        if any(r.effective_severity in KEPT_OUT for r in rows):
            out.effective_precision.count(unit in truly)
    return out


def add_up(worlds: Iterable[Sequence[CheckScore]]) -> list[CheckScore]:
    """The same checks summed over several worlds."""
    total: dict[str, CheckScore] = {}
    for scores in worlds:
        for s in scores:
            total.setdefault(s.check_id, CheckScore(s.check_id)).add(s)
    return [total[c] for c in sorted(total)]


def goals(scores: Sequence[CheckScore]) -> dict[str, Share]:
    """What holds over all checks: finds, effective quarantine, alarms on look-alikes."""
    return {
        "recall": sum((s.found for s in scores), Share()),
        "precision": sum((s.precision for s in scores), Share()),
        "effective recall": sum((s.effective_recall for s in scores), Share()),
        "effective precision": sum((s.effective_precision for s in scores), Share()),
        "look-alikes that fail": sum((s.alarms for s in scores), Share()),
    }
