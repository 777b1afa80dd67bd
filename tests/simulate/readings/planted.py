"""A world with one check planted, its reading, and what the two have to say about each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from tests.simulate.readings.stated import Answer, Stated
from zhixiao.simulate.build import make_world
from zhixiao.simulate.falsify.planting import Dial, Planting
from zhixiao.simulate.model import Config, World

Reading = Callable[[Stated], Iterable[Answer]]


@cache
def planted(check_id: str, per_mille: int = 20, scale: float = 0.3, seed: int = 21) -> World:
    """A district in which nothing else is falsified."""
    return make_world(Config(seed=seed, scale=scale, dial=Dial(per_mille, (check_id,))))


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
    rank = {"flag": 1, "quarantine": 2, "block": 3}
    out = []
    for p in world.plantings:
        if p.is_lookalike or p.level not in levels:
            continue
        found = [rank[a.severity] for a in fails(answers, p) if a.severity]
        if not found or max(found) < rank[p.severity or "flag"]:
            out.append(p)
    return out


def alarmed(world: World, answers: list[Answer]) -> list[Planting]:
    """Look-alikes on which the reading fails."""
    return [p for p in world.plantings if p.is_lookalike and fails(answers, p)]


def failing(answers: Iterable[Answer]) -> set[str]:
    """Entities that fail anywhere."""
    return {a.entity_id for a in answers if a.outcome == "fail"}
