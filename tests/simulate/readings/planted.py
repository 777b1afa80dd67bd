"""A world with one check planted, its reading, and what the two have to say about each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from tests.simulate.readings.stated import Answer, Stated
from zhixiao.simulate.build import make_world
from zhixiao.simulate.falsify.planting import Dial, Planting
from zhixiao.simulate.model import Config, World

Reading = Callable[[Stated], Iterable[Answer]]
RANK = {"flag": 1, "quarantine": 2, "block": 3}
SEEDS = {"low": 23, "middle": 21, "high": 22, "spread": 24}


def planted(check_id: str, level: str, scale: float = 0.3) -> World:
    """A district in which nothing else is falsified: every way of this check once or more, at one level."""
    return make_world(Config(seed=SEEDS[level], scale=scale, dial=Dial(20, (check_id,), level)))


@cache
def clean(scale: float = 0.3, seed: int = 21) -> Stated:
    """A district in which nothing is falsified."""
    return Stated(make_world(Config(seed=seed, scale=scale)))


def fails(answers: Iterable[Answer], p: Planting) -> list[Answer]:
    """The failing rows of a planting's unit, in its periods where it names some."""
    return [
        a
        for a in answers
        if a.outcome == "fail"
        and (a.check_id, a.entity_type, a.entity_id) == (p.check_id, p.entity_type, p.entity_id)
        and (a.counterpart_id or None) == p.counterpart_id
        and (not p.periods or a.period in p.periods)
    ]


def missed(world: World, answers: list[Answer], levels: tuple[str, ...] = ("middle", "high")) -> list[Planting]:
    """Falsifications of these levels that the reading does not find, or finds milder than planted."""
    out = []
    for p in world.plantings:
        if p.is_lookalike or p.level not in levels:
            continue
        found = [RANK[a.severity] for a in fails(answers, p) if a.severity]
        if not found or max(found) < RANK[p.severity or "flag"]:
            out.append(p)
    return out


def alarmed(world: World, answers: list[Answer]) -> list[Planting]:
    """Look-alikes on which the reading fails."""
    return [p for p in world.plantings if p.is_lookalike and fails(answers, p)]


def check(
    check_id: str, level: str, reading: Reading, ways: set[str], honest: set[str], scale: float = 0.3
) -> list[Answer]:
    """Every way is planted and found, every look-alike is there and passes; the answers for whoever asks more."""
    world = planted(check_id, level, scale)
    answers = list(reading(Stated(world)))
    false = [p for p in world.plantings if not p.is_lookalike]
    assert {p.check_id for p in world.plantings} == {check_id}
    assert {p.way for p in false} == ways
    assert {p.level for p in false} == {level}
    assert {p.way for p in world.plantings if p.is_lookalike} == honest
    assert all(sum(p.is_lookalike and p.way == way for p in world.plantings) >= 2 for way in honest)
    assert [(p.way, p.entity_id, p.periods) for p in missed(world, answers, (level,))] == []
    assert [(p.way, p.entity_id, p.periods) for p in alarmed(world, answers)] == []
    return answers


def quiet(reading: Reading, scale: float = 0.3) -> int:
    """How many entities of a clean district fail, of at least some that could."""
    answers = list(reading(clean(scale)))
    assert any(a.outcome == "pass" for a in answers)
    return len({a.entity_id for a in answers if a.outcome == "fail"})
