"""The stage on which a planter works: its draws, its victims, and where it writes what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from zhixiao.simulate.calendar import first_of, month_of
from zhixiao.simulate.delivery import Delivery
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.falsify.planting import LEVELS, Dial, EntityType, Planting, Severity
from zhixiao.simulate.model import FIRST_MONTH, LAST_MONTH, FaiMonth, Firm, Phase, Project, World

if TYPE_CHECKING:
    from zhixiao.simulate.build import Builder

Edit = Callable[[Delivery], Sequence[Delivery]]
"""What a department hands over instead of a delivery: the same with other lines, or further deliveries after it."""

T = TypeVar("T", Project, Firm)

Wanted = Callable[[Project], bool]


class Victims:
    """Who has been used: a project or firm carries one planting, or labels would blur."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._names: set[tuple[str, str]] = set()
        self.kept: set[tuple[str, int]] = set()
        """Output of a firm and month that is part of a planting: nobody else rewrites its digits."""

    def is_free(self, x: Project | Firm) -> bool:
        """Whether it carries nothing yet."""
        return id(x) not in self._taken and not self._is_tied(x)

    def take_names(self, scene: Scene, group: str, pool: Sequence[str], n: int) -> list[str]:
        """Up to `n` names, of boards say, that no check of this group has used."""
        chosen = scene.draws.sample([x for x in pool if (group, x) not in self._names], n)
        self._names.update((group, x) for x in chosen)
        return chosen

    def take(self, scene: Scene, pool: Sequence[T], n: int, apart: Callable[[T], object] | None = None) -> list[T]:
        """Up to `n` of the pool that carry nothing yet, drawn by the scene."""
        free = scene.draws.shuffled([x for x in pool if self.is_free(x)])
        if apart is not None:
            # One of each group first: who is measured against his peers is not to be hidden among his like.
            turns: dict[object, int] = {}
            ranked: list[tuple[int, int, T]] = []
            for x in free:
                turns[apart(x)] = turns.get(apart(x), -1) + 1
                ranked.append((turns[apart(x)], len(ranked), x))
            free = [x for _, _, x in sorted(ranked, key=lambda r: r[:2])]
        chosen: list[T] = []
        for x in free:
            # Two projects of one firm may both have been free: the first takes the firm.
            if len(chosen) < n and self.is_free(x):
                self.mark(x)
                chosen.append(x)
        return chosen

    def mark(self, x: Project | Firm) -> None:
        """Use this one: a project with its firm, a firm with what it owns."""
        self._taken.add(id(x))
        if isinstance(x, Project) and x.firm is not None:
            self._taken.add(id(x.firm))

    def _is_tied(self, x: Project | Firm) -> bool:
        return isinstance(x, Project) and x.firm is not None and id(x.firm) in self._taken


@dataclass
class Scene:
    """One check's planter at work."""

    check_id: str
    world: World
    builder: Builder
    dial: Dial
    draws: Draws
    victims: Victims
    plantings: list[Planting] = field(default_factory=list)

    def ladder(self, pool: Sequence[T], units: int | None = None) -> list[tuple[T, str]]:
        """(victim, level) of a check with one way: the dial's share of the units (default: of the pool)."""
        return [(x, level) for x, _, level in self.dealt(pool, ("",), units)]

    def dealt(
        self, pool: Sequence[T], ways: Sequence[str], units: int | None = None, wanted: Wanted | None = None,
        apart: Callable[[T], object] | None = None,
    ) -> list[tuple[T, str, str]]:  # fmt: skip
        """(victim, way, level): every way comes up, and at every level where there are enough victims.

        Where the pool runs short, new signings are made that are as `wanted`.
        """
        plan = self.plan(ways, units if units is not None else len(pool))
        chosen = self.taken(pool, len(plan), wanted, apart)
        return [(x, way, level) for x, (way, level) in zip(chosen, plan, strict=False)]

    def plan(self, ways: Sequence[str], units: int) -> list[tuple[str, str]]:
        """(way, level) of all that is to be planted among so many units."""
        n = max(len(ways), units * self.dial.per_mille // 1000)
        k = len(ways)
        if self.dial.level != "spread":
            return [(ways[i % k], self.dial.level) for i in range(n)]
        return [(ways[i % k], LEVELS[(i % k + i // k) % 3]) for i in range(max(n, len(LEVELS)))]

    def levels(self, ways: int) -> list[str]:
        """The levels of a check whose units are made for it: every way once at each level that is asked."""
        if self.dial.level != "spread":
            return [self.dial.level] * ways
        return [LEVELS[(i % ways + i // ways) % 3] for i in range(max(3, ways))]

    def taken(
        self, pool: Sequence[T], n: int, wanted: Wanted | None = None, apart: Callable[[T], object] | None = None
    ) -> list[T]:
        """`n` units that carry nothing else, new ones where the pool has fewer and it is said what is `wanted`."""
        chosen = self.victims.take(self, pool, n, apart)
        while wanted is not None and len(chosen) < n:
            made = self.builder.another(self.world, self.draws, wanted)
            if made is None:
                break
            self.victims.mark(made)
            chosen.append(made)  # type: ignore[arg-type]
        return chosen

    def honest(self, pool: Sequence[T], n: int = 2, wanted: Wanted | None = None) -> list[T]:
        """Units for a look-alike: as exclusive as victims."""
        return self.taken(pool, n, wanted)

    def boards(self, group: str, pool: Sequence[str], n: int) -> list[str]:
        """Up to `n` boards that no other check of this group has used."""
        return self.victims.take_names(self, group, pool, n)

    def cast(self, fits: Callable[[Project], bool], n: int, least: int | None = None) -> list[Project]:
        """`n` free projects that fit; the world grows by new ones where it holds fewer than `least` (default `n`)."""
        chosen = self.victims.take(self, [p for p in self.world.all_projects if fits(p)], n)
        while len(chosen) < (n if least is None else least):
            p = self.builder.another(self.world, self.draws, fits)
            if p is None:
                break
            # Nobody has looked whether it reached what it agreed.
            p.recognitions = [r for r in p.recognitions if r.kind != "达效"]
            self.victims.mark(p)
            chosen.append(p)
        return chosen

    def acts(
        self, fits: Callable[[Project], bool], ways: Sequence[str], units: int | None = None
    ) -> Iterator[tuple[Project, str, str]]:
        """(victim, way, level): the dial's share of the units that fit, every way at least once, levels in turn."""
        pool = units if units is not None else sum(fits(p) for p in self.world.all_projects)
        least = max(len(ways), len(LEVELS)) if self.dial.level == "spread" else len(ways)
        n = max(least, pool * self.dial.per_mille // 1000)
        for i, p in enumerate(self.cast(fits, n, least)):
            yield p, *self.part(ways, i)

    def part(self, ways: Sequence[str], i: int) -> tuple[str, str]:
        """(way, level) of the i-th victim: three have three levels, after three rounds every way has had each."""
        way, turn = i % len(ways), i if len(ways) % 3 else i + i // len(ways)
        level = LEVELS[turn % 3] if self.dial.level == "spread" else self.dial.level
        return ways[way], level

    # What will be received

    @property
    def first_month(self) -> int:
        """The first month whose reports are received."""
        since = self.world.config.since
        return max(FIRST_MONTH, month_of(since)) if since else FIRST_MONTH

    def reported(self, phase: Phase) -> list[FaiMonth]:
        """The months of a filing's investment that are received."""
        return [m for m in phase.fai if self.first_month <= m.month <= LAST_MONTH]

    def edit(self, source: str, change: Edit) -> None:
        """Let the department state something else: every delivery of the source goes through `change`."""
        self.world.edits.setdefault(source, []).append(change)

    def false(
        self,
        entity: Project | Firm | str,
        way: str,
        level: str,
        intensity: object,
        severity: Severity,
        known_from: date,
        **more: Any,
    ) -> None:
        """Write down a falsification."""
        kind, name = entity_of(entity, more.pop("entity_type", None))
        self.plantings.append(
            Planting(
                self.check_id, kind, name, False, way, known_from, level=level, intensity=str(intensity),
                severity=severity, **more,
            )
        )  # fmt: skip

    def lookalike(self, entity: Project | Firm | str, way: str, known_from: date, **more: Any) -> None:
        """Write down an honest case that the check must let pass."""
        kind, name = entity_of(entity, more.pop("entity_type", None))
        self.plantings.append(Planting(self.check_id, kind, name, True, way, known_from, **more))


def seen(month: int) -> date:
    """By when the monthly reports of a month have been received, late ones too."""
    return first_of(month + 1) + timedelta(days=45)


def seen_quarter(day: date) -> date:
    """By when a quarterly source has told of a day."""
    month = month_of(day)
    return first_of(month - month % 3 + 3) + timedelta(days=50)


def seen_event(day: date) -> date:
    """By when an event has been told, a late one (补报) too."""
    return seen(month_of(day + timedelta(days=70)))


def entity_of(entity: Project | Firm | str, kind: EntityType | None = None) -> tuple[EntityType, str]:
    """(entity_type, entity_id) as checks.md names it."""
    if isinstance(entity, Project):
        return "project", entity.row_no or entity.phases[0].code
    if isinstance(entity, Firm):
        return "enterprise", entity.uscc
    if kind is None:
        raise ValueError("a name alone does not say what it names")
    return kind, entity


def edit_lines(
    change: Callable[[dict[str, Any]], Mapping[str, Any] | None], *, where: Callable[[Delivery, Any], bool]
) -> Edit:
    """An edit that restates single lines in place: `change` gets a copy of the values and returns the new ones."""

    def apply(delivery: Delivery) -> Sequence[Delivery]:
        for line in delivery.lines:
            if where(delivery, line):
                values = change(dict(line.values))
                if values is not None:
                    line.values = values
        return [delivery]

    return apply
