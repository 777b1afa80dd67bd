"""Which drops count: loaded, refused or unchanged. Pure: the answer depends on the set of drops only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

Status = Literal["loaded", "refused", "unchanged"]


@dataclass(frozen=True, order=True)
class Statement:
    """One dropped file of one source and district, with what landing says it states."""

    received_on: date
    file_name: str
    sha256: str
    refused: bool = False
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What becomes of a drop; `repeats` names the earlier drop that an unchanged one repeats."""

    status: Status
    repeats: Statement | None = None


Overlap = Callable[[Statement, Statement], bool]


def overlapping_scopes(a: Statement, b: Statement) -> bool:
    """Whether two files speak of a common part of the source (a year, a month, a month of one office)."""
    return not a.scopes.isdisjoint(b.scopes)


def decide(statements: Iterable[Statement], overlaps: Overlap = overlapping_scopes) -> dict[Statement, Outcome]:
    """Decide for all drops of one source and district.

    A drop is `unchanged` when the same bytes were received before (on an earlier day, or on the same day
    under a name that sorts before) and no other loaded file that overlaps it was received since, up to and
    including its own day. Otherwise it is a new statement. Two files of a day may both repeat earlier ones
    and overlap each other; they stay unchanged together, so a delivery that is sent again as a whole changes
    nothing: the answer is the smallest set of loaded files that the rule allows.
    """
    ordered = sorted(set(statements))
    out: dict[Statement, Outcome] = {s: Outcome("refused") for s in ordered if s.refused}
    loaded: list[Statement] = []
    last: dict[str, Statement] = {}
    days: dict[date, list[Statement]] = {}
    for s in ordered:
        if not s.refused:
            days.setdefault(s.received_on, []).append(s)
    for todays in days.values():
        repeats: list[tuple[Statement, Statement]] = []
        for s in todays:
            earlier = last.get(s.sha256)
            if earlier is None:
                out[s] = Outcome("loaded")
                loaded.append(s)
            else:
                repeats.append((s, earlier))
            last[s.sha256] = s
        _settle(repeats, loaded, overlaps, out)
    return out


def _settle(
    repeats: list[tuple[Statement, Statement]],
    loaded: list[Statement],
    overlaps: Overlap,
    out: dict[Statement, Outcome],
) -> None:
    """Turn repeated files of one day into new statements until no more have another file in between."""
    open_repeats = repeats
    while open_repeats:
        still: list[tuple[Statement, Statement]] = []
        turned: list[Statement] = []
        for s, earlier in open_repeats:
            between = (
                o
                for o in reversed(loaded)
                if earlier.received_on < o.received_on <= s.received_on and o.sha256 != s.sha256
            )
            if any(overlaps(o, s) for o in between):
                out[s] = Outcome("loaded")
                turned.append(s)
            else:
                still.append((s, earlier))
        loaded.extend(turned)
        open_repeats = still
        if not turned:
            break
    for s, earlier in open_repeats:
        out[s] = Outcome("unchanged", earlier)
