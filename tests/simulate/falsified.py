"""A falsified world, what it states, and how the readings of the checks answer to what was planted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tests.simulate.readings.stated import Answer, Stated
from zhixiao.simulate.build import make_world
from zhixiao.simulate.falsify.planting import Dial, Planting
from zhixiao.simulate.model import Config, Project, World
from zhixiao.simulate.views import HORIZON

Reading = Callable[[Stated], Iterator[Answer]]
Unit = tuple[str, str, str]


@dataclass
class Falsified:
    """A world with its plantings, read by the readings of a family of checks."""

    readings: Mapping[str, Reading]
    config: Config

    @cached_property
    def world(self) -> World:
        return make_world(self.config)

    @cached_property
    def stated(self) -> Stated:
        return Stated(self.world)

    @cached_property
    def fails(self) -> dict[str, dict[Unit, dict[str | None, str | None]]]:
        """Check -> unit -> period -> severity of every fail."""
        out: dict[str, dict[Unit, dict[str | None, str | None]]] = {}
        for check, read in self.readings.items():
            held: dict[Unit, dict[str | None, str | None]] = defaultdict(dict)
            for a in read(self.stated):
                if a.outcome == "fail":
                    held[a.entity_type, a.entity_id, a.counterpart_id or ""][a.period] = a.severity
            out[check] = dict(held)
        return out

    def plantings(self, check: str, is_lookalike: bool) -> list[Planting]:
        return [p for p in self.world.plantings if p.check_id == check and p.is_lookalike is is_lookalike]

    def hits(self, p: Planting) -> dict[str | None, str | None]:
        """Periods of a planting in which its check fails, with the severity."""
        answers = self.fails[p.check_id].get(unit_of(p), {})
        return {k: v for k, v in answers.items() if not p.periods or k in p.periods}

    def unexplained(self, check: str) -> list[Unit]:
        """Units that fail and are neither planted for this check nor a consequence of another planting."""
        planted = {unit_of(p) for p in self.plantings(check, False)}
        excused = {e for p in self.world.plantings if check in p.also for e in (p.entity_id, p.counterpart_id) if e}
        return [u for u in self.fails[check] if u not in planted and not excused & set(u[1:])]


def unit_of(p: Planting) -> Unit:
    return p.entity_type, p.entity_id, p.counterpart_id or ""


def falsified(readings: Mapping[str, Reading], seed: int, scale: float, per_mille: int) -> Falsified:
    dial = Dial(per_mille, tuple(readings))
    return Falsified(readings, Config(seed=seed, scale=scale, dial=dial))


def missed(f: Falsified, check: str) -> list[str]:
    """Falsifications that the reading does not find, or finds with another severity."""
    out = []
    for p in f.plantings(check, False):
        held = f.hits(p)
        if p.severity not in held.values():
            out.append(f"{p.way} {p.level} {p.intensity} {unit_of(p)}: {p.severity}, found {held}")
    return out


def alarmed(f: Falsified, check: str) -> list[str]:
    """Honest cases that the reading does not let pass."""
    return [f"{p.way} {unit_of(p)}: {f.hits(p)}" for p in f.plantings(check, True) if f.hits(p)]


def check_world(f: Falsified, ways: Mapping[str, set[str]], honest: Mapping[str, set[str]]) -> None:
    """Every clause and every honest reason is there, at every level, once for each unit, and known in time."""
    for check in f.readings:
        false, kept = f.plantings(check, False), f.plantings(check, True)
        assert {p.way for p in false} == ways[check], check
        assert {p.level for p in false} == {"low", "middle", "high"}, check
        assert {p.way for p in kept} >= honest[check], check
        assert all(p.known_from <= HORIZON for p in (*false, *kept)), check
        assert all(p.severity and p.intensity for p in false), check
        assert not any(p.severity or p.level for p in kept), check
    owners: dict[str, str] = {}
    for q in f.world.all_projects:
        assert isinstance(q, Project)
        owners[q.row_no or (q.phases[0].code if q.phases else "")] = q.firm.uscc if q.firm else ""
    carried: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for p in f.world.plantings:
        for name in (p.entity_id, p.counterpart_id):
            if name:
                carried[name].add((p.check_id, p.way))
                if p.entity_type == "project":
                    carried[owners[name]].add((p.check_id, p.way))
    assert [(k, v) for k, v in carried.items() if k and len(v) > 1] == []


def check_nothing(readings: Mapping[str, Reading], seed: int, scale: float) -> None:
    """Without falsification nothing is planted, nothing is edited, and nothing fails."""
    f = falsified(readings, seed, scale, 0)
    assert f.world.plantings == [] and f.world.edits == {}
    assert {check: units for check, units in f.fails.items() if units} == {}


def check_seed(checks: tuple[str, ...], seed: int, scale: float) -> None:
    """One seed plants the same, another something else; a level that is asked is the only one."""
    made = [make_world(Config(seed=s, scale=scale, dial=Dial(20, checks))).plantings for s in (seed, seed, seed + 1)]
    assert made[0] == made[1] != made[2]
    high = make_world(Config(seed=seed, scale=scale, dial=Dial(20, checks, "high"))).plantings
    assert {p.level for p in high if not p.is_lookalike} == {"high"}
    assert {p.check_id for p in high} == set(checks)
