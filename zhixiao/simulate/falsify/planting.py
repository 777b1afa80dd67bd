"""What is planted: falsifications that a check should find, and honest look-alikes that it must let pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

EntityType = Literal["project", "enterprise", "reporting_unit", "source", "file"]
Severity = Literal["block", "quarantine", "flag"]

LEVELS = ("low", "middle", "high")


@dataclass(frozen=True)
class Dial:
    """How much is falsified, and how boldly.

    `per_mille` of the units that a check applies to, and at least one for each check when it is above 0;
    `checks` plants these alone (all where empty); `level` is low, middle, high, or spread: all three in turn.
    """

    per_mille: int = 0
    checks: tuple[str, ...] = ()
    level: str = "spread"

    def asks(self, check_id: str) -> bool:
        """Whether this check is planted at all."""
        return self.per_mille > 0 and (not self.checks or check_id in self.checks)


NOTHING = Dial()


@dataclass(frozen=True)
class Planting:
    """One thing planted, under the names that `checks.fct_check_result` gives to its unit.

    A falsification is found when a row of (check, entity, counterpart) fails in one of `periods` (in any, where
    there are none). A look-alike is a false alarm when such a row fails. `also` names further checks whose fail on
    this entity is a consequence, neither a find nor a false alarm.
    """

    check_id: str
    entity_type: EntityType
    entity_id: str
    is_lookalike: bool
    way: str
    """Which falsification or which honest reason: a slug, such as `shell_start` or `rooftop_pv`."""
    known_from: date
    """The received day from which on the warehouse holds all that the check needs."""
    counterpart_id: str | None = None
    periods: tuple[str, ...] = ()
    level: str | None = None
    intensity: str | None = None
    """The dialled quantity as decimal text: a ratio, days, a share, a standard deviation."""
    severity: Severity | None = None
    """What the failing clause asks; none for a look-alike."""
    also: tuple[str, ...] = ()
    note: str = ""
