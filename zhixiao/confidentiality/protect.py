"""Primary and secondary suppression of all cells of one quantity, across every table that shows it.

Primary: the cell itself fails (`rules.fault`). Secondary: as long as somebody who reads all that is shown

- can work out a suppressed cell, a firm, or the sum or difference of two firms (each of which knows itself), or
- can bound a suppressed cell to within `protection`, or from above the largest firm of any group,

the least wanted and smallest of the shown cells that tell it goes too. Suppressing only ever opens intervals, so
what is safe stays safe, and the order of work is fixed: the same cells give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from zhixiao.confidentiality.rules import Member, Rules, fault
from zhixiao.confidentiality.system import ZERO, System, Vector


@dataclass(frozen=True)
class Decision:
    """What becomes of a cell. reason: few_firms, all_zero, dominance, secondary; empty where it is shown."""

    cell: str
    is_shown: bool
    reason: str
    firms: int


def protect(members: Iterable[Member], rules: Rules) -> list[Decision]:
    """Decide over all cells of one quantity."""
    cells: dict[str, dict[str, Decimal]] = {}
    ranks: dict[str, int] = {}
    for m in sorted(members, key=lambda m: (m.cell, m.firm, m.value)):
        ranks[m.cell] = max(ranks.get(m.cell, m.rank), m.rank)
        cells.setdefault(m.cell, {})[m.firm] = cells.get(m.cell, {}).get(m.firm, Decimal(0)) + m.value
    cells = _same_unknowns(cells)
    # Cells of the same firms are one figure under several names.
    names: dict[frozenset[str], list[str]] = {}
    for cell in sorted(cells):
        names.setdefault(frozenset(cells[cell]), []).append(cell)
    rows = {same[0]: cells[same[0]] for same in names.values()}
    wanted = {same[0]: max(ranks[c] for c in same) for same in names.values()}
    reasons = {key: fault(list(rows[key].values()), rules) for key in rows}
    for key in _Protection(rows, wanted, reasons, rules).secondary():
        reasons[key] = "secondary"
    return [
        Decision(cell, not reasons[same[0]], reasons[same[0]], len(cells[cell]))
        for same in names.values()
        for cell in same
    ]


def _same_unknowns(cells: Mapping[str, Mapping[str, Decimal]]) -> dict[str, dict[str, Decimal]]:
    """A firm whose value differs from cell to cell is a different unknown in each."""
    seen: dict[str, set[Decimal]] = {}
    for values in cells.values():
        for firm, value in values.items():
            seen.setdefault(firm, set()).add(value)
    return {
        cell: {(firm if len(seen[firm]) == 1 else f"{firm}={value}"): value for firm, value in values.items()}
        for cell, values in cells.items()
    }


class _Protection:
    """The loop over one system."""

    def __init__(
        self,
        rows: Mapping[str, Mapping[str, Decimal]],
        wanted: Mapping[str, int],
        reasons: Mapping[str, str],
        rules: Rules,
    ) -> None:
        self.system = System(rows)
        self.rules = rules
        self.margin = float(rules.protection)
        keys = self.system.keys
        totals = [sum(rows[k].values(), Decimal(0)) for k in keys]
        self.cost = [(wanted[k], abs(t), k) for k, t in zip(keys, totals, strict=True)]
        self.values: Vector = np.array([float(t / self.system.scale) for t in totals])
        self.system.shown = [not reasons[k] for k in keys]
        self.added: list[str] = []

    def secondary(self) -> list[str]:
        """Suppress until nothing can be told; the keys of what had to go."""
        while self._step_exact() or self._step_interval():
            pass
        return self.added

    def _drop(self, rows: list[int]) -> bool:
        """Suppress the least wanted, then smallest, of these rows."""
        row = min((i for i in rows if self.system.shown[i]), key=lambda i: self.cost[i])
        self.system.hide(row)
        self.added.append(self.system.keys[row])
        return True

    def _step_exact(self) -> bool:
        """One suppression more where something can be worked out; whether there was one."""
        target = self._known_cell()
        if target is None:
            target = self._known_firms()
        return target is not None and self._drop(self.system.behind(target))

    def _known_cell(self) -> Vector | None:
        system = self.system
        hidden = [i for i, shown in enumerate(system.shown) if not shown]
        if not hidden:
            return None
        left = np.abs(system.open_part(system.matrix[hidden])).max(axis=1)
        known = np.flatnonzero(left <= ZERO)
        return system.row(hidden[int(known[0])]) if known.size else None

    def _known_firms(self) -> Vector | None:
        """A single firm, two firms together, or one firm in terms of another: with fewer than three firms, each
        that knows itself knows the other."""
        system = self.system
        small = [g for g, group in enumerate(system.groups) if group.firms < self.rules.min_firms]
        left = np.diag(system.open_products(small))
        for g, rest in zip(small, left, strict=True):
            if rest <= ZERO:
                return system.unit(g)
        singles = [g for g in small if system.groups[g].firms == 1]
        if self.rules.min_firms < 3 or len(singles) < 2:
            return None
        products = system.open_products(singles)
        lengths = np.sqrt(np.diag(products))
        alike = np.triu(np.abs(products) >= (1 - ZERO) * np.outer(lengths, lengths), k=1)
        for a, b in np.argwhere(alike):
            ratio = float(products[a, b] / products[b, b])
            told: Vector = system.unit(singles[int(a)]) - ratio * system.unit(singles[int(b)])
            return told
        return None

    def _step_interval(self) -> bool:
        """Suppress where a suppressed cell, or the largest firm of a group, is bounded too closely; whether a cell
        was suppressed. Ends with every target safe."""
        system = self.system
        dropped = False
        checked: set[tuple[str, int]] = set()
        while True:
            waiting = [
                (kind, i, vector, up, down) for kind, i, vector, up, down in self._targets() if (kind, i) not in checked
            ]
            if not waiting:
                return dropped
            rise, fall = system.reach(np.array([vector for _, _, vector, _, _ in waiting]))
            for n, (kind, i, vector, up, down) in enumerate(waiting):
                for sign, need, sure in ((1, up, rise[n]), (-1, down, fall[n])):
                    while need > 0 and sure < need:
                        found, tellers = system.bound(vector, sign)
                        if abs(found - float(vector @ system.x)) >= need * (1 - 1e-6) or not tellers:
                            break
                        dropped = self._drop(tellers)
                checked.add((kind, i))

    def _targets(self) -> list[tuple[str, int, Vector, float, float]]:
        """What has to stay open, and by how much to either side."""
        system, margin = self.system, self.margin
        targets: list[tuple[str, int, Vector, float, float]] = []
        for i, shown in enumerate(system.shown):
            if not shown:
                need = margin * abs(self.values[i])
                targets.append(("cell", i, system.row(i), need, need))
        for g, group in enumerate(system.groups):
            largest = float(group.largest / system.scale)
            # The rest of a group may have nothing: a firm is bounded by what its whole group can be.
            up = max(0.0, largest * (1 + margin) - float(system.x[g]))
            down = margin * abs(largest) if group.firms == 1 else 0.0
            if up > 0 or down > 0:
                targets.append(("group", g, system.unit(g), up, down))
        return targets
