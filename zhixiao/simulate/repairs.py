"""What becomes of a quarantined row: open, or superseded by a later delivery that repairs it.

From sources.md: a later delivery that repairs the row supersedes it. A row whose key can be read is repaired by its
key; one whose key cannot is replaced with the register, year, month or office that it belongs to; an event whose key
cannot be read stays open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from zhixiao.contracts import Contract, load_contract
from zhixiao.simulate.calendar import month_of
from zhixiao.simulate.delivery import Delivery, Line

RESTATING = ("更正", "补报", "变更", "撤销")


def key_of(contract: Contract, values: Mapping[str, Any], unreadable: set[str]) -> str | None:
    """The key of a row as one text, or None where the source has no key or a part of it cannot be read."""
    if not contract.keys or unreadable & set(contract.keys):
        return None
    return "|".join("" if (v := values.get(k)) is None else str(v) for k in contract.keys)


def scope_of(delivery: Delivery, values: Mapping[str, Any], unreadable: set[str]) -> str | None:
    """What a later delivery replaces as a whole: the register, its year, the month, the month of an office."""
    contract = load_contract(delivery.source)
    if contract.mode == "events":
        return None
    if contract.mode == "register":
        year = values.get("stat_year")
        return "*" if "stat_year" not in contract.keys else None if "stat_year" in unreadable else str(year)
    if "collecting_office" in contract.scope_columns:
        return None if "collecting_office" in unreadable else f"{delivery.period}|{values.get('collecting_office')}"
    period = values.get("stat_period")
    return None if "stat_period" in unreadable or not isinstance(period, date) else str(month_of(period))


class Repairs:
    """The days on which a key was accepted and a scope was delivered."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], set[date]] = defaultdict(set)
        self.scopes: dict[tuple[str, str], dict[date, bool]] = defaultdict(dict)
        """Day -> whether whole (a file of corrections restates keys, not the whole)."""

    def add(self, delivery: Delivery, accepted: list[Line]) -> None:
        """A file that landed, with the rows of it that were accepted."""
        contract, source, day = load_contract(delivery.source), delivery.source, delivery.received_on
        whole = not all(x.values.get("submission_kind") in RESTATING for x in accepted) or source == "tax"
        for line in accepted:
            key = key_of(contract, line.values, set())
            if key is not None:
                self.keys[source, key].add(day)
            scope = scope_of(delivery, line.values, set())
            if scope is not None:
                held = self.scopes[source, scope]
                held[day] = held.get(day, False) or whole

    def state(self, source: str, day: date, key: str | None, scope: str | None, known_on: date) -> str | None:
        """open or superseded; None where the pages leave it open (only corrections of other keys followed)."""
        if key is not None:
            days = self.keys.get((source, key), set())
            return "superseded" if any(day < d <= known_on for d in days) else "open"
        if scope is None:
            return "open" if load_contract(source).mode == "events" else None
        later = [whole for d, whole in self.scopes.get((source, scope), {}).items() if day < d <= known_on]
        return "superseded" if any(later) else None if later else "open"
