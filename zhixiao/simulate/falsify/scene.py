"""The stage on which a planter works: its draws, its victims, and where it writes what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zhixiao.simulate.delivery import Delivery
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.falsify.planting import LEVELS, Dial, EntityType, Planting, Severity
from zhixiao.simulate.model import Firm, Project, World

if TYPE_CHECKING:
    from zhixiao.simulate.build import Builder

Edit = Callable[[Delivery], Sequence[Delivery]]
"""What a department hands over instead of a delivery: the same with other lines, or further deliveries after it."""

T = TypeVar("T", Project, Firm)


class Victims:
    """Who has been used: a project or firm carries one planting, or labels would blur."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self, scene: Scene, pool: Sequence[T], n: int) -> list[T]:
        """Up to `n` of the pool that carry nothing yet, drawn by the scene."""
        free = [x for x in pool if id(x) not in self._taken and not self._is_tied(x)]
        chosen = scene.draws.sample(free, min(n, len(free)))
        for x in chosen:
            self.mark(x)
        return chosen

    def mark(self, x: Project | Firm) -> None:
        """Use this one: a project with its firm, a firm with what it owns."""
        self._taken.add(id(x))
        if isinstance(x, Project) and x.firm is not None:
            self._taken.add(id(x.firm))

    def _is_tied(self, x: Project | Firm) -> bool:
        return isinstance(x, Project) and x.firm is not None and id(x.firm) in self._taken


@dataclass
class Ladder(Generic[T]):
    """Victims, each with the level that it gets."""

    victims: list[T]
    levels: list[str]

    def __iter__(self) -> Iterator[tuple[T, str]]:
        return iter(zip(self.victims, self.levels, strict=True))


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

    def ladder(self, pool: Sequence[T], units: int | None = None) -> Ladder[T]:
        """The victims of this check: the dial's share of the units (default: of the pool), with levels in turn."""
        n = max(1, (units if units is not None else len(pool)) * self.dial.per_mille // 1000)
        if self.dial.level == "spread":
            n = max(n, len(LEVELS))
        chosen = self.victims.take(self, pool, n)
        levels = [LEVELS[i % 3] if self.dial.level == "spread" else self.dial.level for i in range(len(chosen))]
        return Ladder(chosen, levels)

    def honest(self, pool: Sequence[T], n: int = 2) -> list[T]:
        """Units for a look-alike: as exclusive as victims."""
        return self.victims.take(self, pool, n)

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
