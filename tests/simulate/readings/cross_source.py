"""R23-R28, R37, R40, R44: figures of two departments that cannot both be right."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import numpy as np

from tests.simulate.readings.stated import (
    AS_OF,
    LAST,
    NEGLIGIBLE_POWER,
    Answer,
    Row,
    Stated,
    name_of,
    robust_z,
    rounded,
)
from zhixiao.simulate.calendar import month_of

KWH_PER_KVA = Decimal("204")
"""0.85 x 240 hours: design kWh of a month for one kVA."""
FAR = Decimal("1.2")
MU = Decimal("666.67")
ONE_OFF = ("契税", "耕地占用税")
FEES = ("教育费附加",)
LARGE_INFLOW = Decimal(100)
"""万元: from here on a month's inflow of tax is large."""
OTHER_TYPES = ("洁净厂房", "冷库")
"""Types of building that are compared among themselves alone."""


def trade(stated: Stated, uscc: str) -> tuple[str, str]:
    """Division and section of a firm."""
    return stated.trades.get(uscc, ("?", "?"))


def by_output_month(values: dict[int, Decimal], m: int) -> Decimal:
    """A monthly value in the rhythm of the output report: February holds January."""
    return values.get(m, Decimal(0)) + (values.get(m - 1, Decimal(0)) if m % 12 == 1 else Decimal(0))


def cell_of(stated: Stated, uscc: str, firms: set[str], least: int) -> set[str]:
    """The others of the division, of the section where they are too few, nobody where those are."""
    mine = trade(stated, uscc)
    near = {f for f in firms if f != uscc and trade(stated, f)[0] == mine[0]}
    if len(near) < least:
        near = {f for f in firms if f != uscc and trade(stated, f)[1] == mine[1]}
    return near if len(near) >= least else set()


def _meter_reason(rows: list[Row]) -> str | None:
    if not rows:
        return "accounts not mapped"
    if any(r["is_shared_meter"] for r in rows):
        return "shared meter"
    return "own generation" if any(r["self_generated_kwh"] for r in rows) else None


def r23(stated: Stated) -> Iterator[Answer]:
    """Three months' output > 0 and kWh < 0.1 x (peers' 5 % quantile of kWh / output) x output: flag; kWh = 0 in at
    least two of the three months: quarantine; 投产 recognised and kWh under 20 % of design in each of the three: flag.

    Peers: division, the section under 20; na under 20, with meters that are not mapped, shared, or beside own
    generation (in any of the three months), and in sections with negligible power. The three months after the
    recognition are a trial run: the last clause begins after them.
    """
    output = stated.monthly("output", "output_value")
    recognised: dict[str, int] = {}
    for r in stated.rows("recognition"):
        if r["recognition_kind"] == "投产" and r["result"] == "通过" and r["uscc"]:
            recognised[str(r["uscc"])] = month_of(r["recognised_date"])
    for m in range(min((min(v) for v in output.values()), default=LAST) + 3, LAST + 1):
        window = list(range(m - 2, m + 1))
        made = {f: sum((v.get(k, Decimal(0)) for k in window), Decimal(0)) for f, v in output.items()}
        if m % 12 == 0:
            made = {}
        used: dict[str, Decimal] = {}
        for f in {*made, *recognised}:
            months = [k - 1 for k in window if k % 12 == 1 and k - 1 not in window] + window
            used[f] = sum((stated.grid.get(f, {}).get(k, (Decimal(0), []))[0] for k in months), Decimal(0))
        ratio = {
            f: float(used[f] / made[f])
            for f in made
            if made[f] > 0 and used[f] > 0 and not _meter_reason(_meters(stated, f, window))
        }
        groups = _groups(stated, ratio)
        for f in sorted({f for f, v in made.items() if v > 0} | {f for f, k in recognised.items() if k <= m - 6}):
            rows = _meters(stated, f, window)
            reason = _meter_reason(rows)
            if trade(stated, f)[1] in NEGLIGIBLE_POWER:
                reason = "negligible power"
            if reason:
                yield Answer("R23", "enterprise", f, "na", name_of(m), reason=reason)
                continue
            flag = severe = False
            tested = False
            if made.get(f, Decimal(0)) > 0:
                peers = _peers(stated, f, groups, 20)
                if len(peers):
                    tested = True
                    limit = float(np.quantile(peers, 0.05))
                    flag = rounded(float(used[f]) / float(made[f])) < 0.1 * limit
                months = [stated.grid[f].get(k, (None, []))[0] for k in window]
                severe = sum(v == 0 for v in months if v is not None) >= 2
            if f in recognised and recognised[f] <= m - 6:
                tested = True
                design = sum((r["power_capacity_kva"] for r in rows if month_of(r["stat_period"]) == m), Decimal(0))
                months = [stated.grid[f].get(k, (None, []))[0] for k in window]
                flag = flag or all(v is not None and v < design * KWH_PER_KVA / 5 for v in months)
            if not tested and not severe:
                yield Answer("R23", "enterprise", f, "na", name_of(m), reason="peers < 20")
                continue
            yield Answer(
                "R23", "enterprise", f, "fail" if flag or severe else "pass", name_of(m),
                severity="quarantine" if severe else "flag" if flag else None,
            )  # fmt: skip


def _groups(stated: Stated, values: dict[str, float]) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = defaultdict(dict)
    for f, v in values.items():
        for group in trade(stated, f):
            out[group][f] = v
    return out


def _peers(stated: Stated, uscc: str, groups: dict[str, dict[str, float]], least: int) -> list[float]:
    """Values of the others in the division, in the section where they are too few; [] where those are."""
    for group in trade(stated, uscc):
        others = [v for f, v in groups.get(group, {}).items() if f != uscc]
        if len(others) >= least:
            return others
    return []


def _meters(stated: Stated, uscc: str, months: list[int]) -> list[Row]:
    held = stated.grid.get(uscc, {})
    return [r for k in months if k in held for r in held[k][1]]


def r24(stated: Stated) -> Iterator[Answer]:
    """ln output = a_firm + b ln kWh + g_month + e within an industry: robust z(e) > 3.5 in two of three months, and
    d12 ln output - b d12 ln kWh > ln 1.3.

    Industry: division, the section under 20 firms; b by least squares after taking means of firm and month out in
    turn; z against the residuals of the other firms. na: fewer than 24 months, fewer than 20 peers, meters as R23.
    """
    output = stated.monthly("output", "output_value")
    logs: dict[str, dict[int, tuple[float, float]]] = {}
    reasons: dict[str, str] = {}
    for f, months in output.items():
        grid = stated.grid.get(f, {})
        reason = _meter_reason([r for k in grid for r in grid[k][1]])
        if trade(stated, f)[1] in NEGLIGIBLE_POWER:
            reason = "negligible power"
        if reason:
            reasons[f] = reason
            continue
        power = {k: v for k, (v, _) in grid.items()}
        held = {
            m: (math.log(v), math.log(by_output_month(power, m)))
            for m, v in months.items()
            if v > 0 and by_output_month(power, m) > 0
        }
        if len(held) < 22:
            reasons[f] = "fewer than 24 months"
        else:
            logs[f] = held
    cells: dict[str, set[str]] = {}
    for f in logs:
        peers = cell_of(stated, f, set(logs), 20)
        if peers:
            cells[f] = peers
        else:
            reasons[f] = "peers < 20"
    for f, reason in reasons.items():
        for m in output[f]:
            yield Answer("R24", "enterprise", f, "na", name_of(m), reason=reason)
    fits: dict[frozenset[str], tuple[float, dict[str, dict[int, float]]]] = {}
    for f, peers in cells.items():
        cell = frozenset(peers | {f})
        if cell not in fits:
            fits[cell] = _fit({q: logs[q] for q in cell})
        b, residuals = fits[cell]
        others = np.concatenate([list(residuals[q].values()) for q in peers])
        middle = float(np.median(others))
        mad = 1.4826 * float(np.median(np.abs(others - middle)))
        z = {m: rounded((e - middle) / mad) for m, e in residuals[f].items()}
        for m in sorted(logs[f]):
            near = [z[k] for k in sorted(z) if k <= m][-3:]
            then = logs[f].get(m - 12)
            if then is None or len(near) < 3:
                yield Answer("R24", "enterprise", f, "na", name_of(m), reason="no month a year before")
                continue
            leap = (logs[f][m][0] - then[0]) - b * (logs[f][m][1] - then[1])
            failed = sum(v > 3.5 for v in near) >= 2 and rounded(leap) > math.log(1.3)
            yield Answer(
                "R24", "enterprise", f, "fail" if failed else "pass", name_of(m),
                severity="flag" if failed else None, statistic=z[m],
            )  # fmt: skip


def _fit(panel: dict[str, dict[int, tuple[float, float]]]) -> tuple[float, dict[str, dict[int, float]]]:
    """Two-way fixed effects by taking means out in turn; the slope and every residual."""
    firms = sorted(panel)
    months = sorted({m for held in panel.values() for m in held})
    rows = [(firms.index(f), months.index(m), y, x) for f in firms for m, (y, x) in sorted(panel[f].items())]
    i, t = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    y, x = np.array([r[2] for r in rows]), np.array([r[3] for r in rows])
    counts = np.bincount(i), np.bincount(t)
    for _ in range(20):
        for v in (y, x):
            v -= (np.bincount(i, v) / counts[0])[i]
            v -= (np.bincount(t, v) / counts[1])[t]
    b = float((x * y).sum() / (x * x).sum())
    out: dict[str, dict[int, float]] = defaultdict(dict)
    for r, e in zip(rows, y - b * x, strict=True):
        out[firms[r[0]]][months[r[1]]] = float(e)
    return b, out


def r25(stated: Stated) -> Iterator[Answer]:
    """Twelve months reported (operating income, else output) against invoiced: q >= 0.3 or <= -0.2 flag, >= 1.0
    quarantine; q is the nearest to 0 of the invoices of the same months and of one or two months earlier or later.

    A predecessor (its successor_uscc names the firm) is counted with the firm. na: fewer than 6 months; 汇总 filing.
    """
    reported: dict[str, dict[int, Decimal]] = defaultdict(dict)
    for r in stated.rows("output"):
        value = r["operating_income"] if r["operating_income"] is not None else r["output_value"]
        reported[str(r["uscc"])][month_of(r["stat_period"])] = value
    invoiced = stated.monthly("sales", "invoiced_sales")
    groups = {str(r["uscc"]) for r in stated.rows("sales") if r["tax_filing_kind"] == "汇总"}
    before: dict[str, list[str]] = defaultdict(list)
    for f, row in stated.firms.items():
        if row["successor_uscc"]:
            before[str(row["successor_uscc"])].append(f)
    for f, months in reported.items():
        own: dict[int, Decimal] = defaultdict(Decimal)
        for g in (f, *before[f]):
            for m, v in invoiced.get(g, {}).items():
                own[m] += v
        for m in sorted(months):
            if f in groups:
                yield Answer("R25", "enterprise", f, "na", name_of(m), reason="consolidated filing")
                continue
            window = [k for k in range(m - 11, m + 1) if k in months]
            span = range(m - 11, m + 1)
            if len(window) < 6 or min(months) > m - 11 + (1 if (m - 11) % 12 == 0 else 0):
                yield Answer("R25", "enterprise", f, "na", name_of(m), reason="fewer than 12 months listed")
                continue
            told = sum((months[k] for k in window), Decimal(0))
            # A window that begins in February tells of January too.
            wide = [span[0] - 1, *span] if span[0] % 12 == 1 else list(span)
            qs = []
            for shift in range(-2, 3):
                if max(wide) + shift > LAST:
                    continue
                sold = sum((own.get(k + shift, Decimal(0)) for k in wide), Decimal(0))
                if sold > 0:
                    qs.append(float((told - sold) / sold))
            if not qs:
                yield Answer("R25", "enterprise", f, "na", name_of(m), reason="nothing invoiced")
                continue
            q = rounded(min(qs, key=abs))
            failed = q >= 0.3 or q <= -0.2
            yield Answer(
                "R25", "enterprise", f, "fail" if failed else "pass", name_of(m),
                severity="quarantine" if q >= 1.0 else "flag" if failed else None, statistic=q,
            )  # fmt: skip


def _land_mu(stated: Stated) -> dict[str, Decimal]:
    """Firm -> owned mu (land parcels of its projects) + leased floor area / (FAR x 666.67)."""
    out: dict[str, Decimal] = defaultdict(Decimal)
    for r in stated.rows("land"):
        uscc = stated.owner(r.unit)
        if uscc:
            out[uscc] += r["land_area"] * 15
    for r in stated.rows("completion"):
        if r["uscc"] and r["leased_floor_area"]:
            out[str(r["uscc"])] += r["leased_floor_area"] / (FAR * MU)
    return out


def produced_on(stated: Stated) -> dict[str, date]:
    """Firm -> the first day of production that was recognised."""
    out: dict[str, date] = {}
    for r in stated.rows("recognition"):
        if r["recognition_kind"] == "投产" and r["result"] == "通过" and r["uscc"]:
            uscc = str(r["uscc"])
            out[uscc] = min(r["actual_date"], out.get(uscc, r["actual_date"]))
    return out


def r26(stated: Stated) -> Iterator[Answer]:
    """ln(treasury tax of the year, with what it is relieved of, / mu): robust z < -3.5 or > 3.5, or the bottom 5 % of
    the cell in this year and the one before: flag.

    Cell: division x age (under or from 5 years in production), the section where it has fewer than 20. na: no
    land, or a firm that was there three years before its first parcel (its other land was never delivered);
    utilities; in production for less than 24 months at the end of the year; fewer than 10 peers. Tax without fees
    and one-off taxes on land.
    """
    land, since = _land_mu(stated), produced_on(stated)
    granted: dict[str, date] = {}
    for r in stated.rows("land"):
        uscc = stated.owner(r.unit) or ""
        granted[uscc] = min(r["contract_sign_date"], granted.get(uscc, r["contract_sign_date"]))
    tax: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for f, months in stated.tax.items():
        for m, items in months.items():
            for (item, _), (paid, back) in items.items():
                if item not in (*FEES, *ONE_OFF):
                    tax[f][m // 12] += (paid - back) / 10000
    values: dict[int, dict[str, float]] = defaultdict(dict)
    low: dict[tuple[str, int], bool] = {}
    for year in range(2021, AS_OF.year):
        cell: dict[str, tuple[str, str]] = {}
        for f, mu in land.items():
            if f not in since or mu <= 0:
                continue
            age = (date(year, 12, 31) - since[f]).days
            if f in granted and (granted[f] - stated.firms[f]["company_registered_date"]).days > 1095:
                yield Answer("R26", "enterprise", f, "na", str(year), reason="other land is not known")
            elif trade(stated, f)[1] == "D":
                yield Answer("R26", "enterprise", f, "na", str(year), reason="utilities")
            elif age < 730:
                yield Answer("R26", "enterprise", f, "na", str(year), reason="in production < 24 months")
            else:
                values[year][f] = math.log(max(float(tax[f][year] / mu), 1e-6))
                band = "old" if age >= 1826 else "young"
                cell[f] = (trade(stated, f)[0] + band, trade(stated, f)[1])
        for f in values[year]:
            near = [v for q, v in values[year].items() if q != f and cell[q][0] == cell[f][0]]
            if len(near) < 20:
                near = [v for q, v in values[year].items() if q != f and cell[q][1] == cell[f][1]]
            if len(near) < 10:
                yield Answer("R26", "enterprise", f, "na", str(year), reason="peers < 10")
                continue
            z = robust_z(values[year][f], near)
            low[f, year] = values[year][f] < float(np.quantile(near, 0.05))
            failed = (z is not None and abs(z) > 3.5) or (low[f, year] and low.get((f, year - 1), False))
            yield Answer(
                "R26", "enterprise", f, "fail" if failed else "pass", str(year),
                severity="flag" if failed else None, statistic=z,
            )  # fmt: skip


def r27(stated: Stated) -> Iterator[Answer]:
    """Works / floor area: robust z(ln) > 3.5 or > 2 x median of the type: flag; works > 1.1 x contract amounts of the
    permits: quarantine; investment per hectare of a completed project under the land contracts' (of
    phases that report): flag.

    Types of building are compared among themselves; under 20 of a type the cost clause is na.
    """
    works: dict[str, Decimal] = defaultdict(Decimal)
    last: dict[tuple[str, int], tuple[int, Decimal, str]] = {}
    for r in stated.rows("fai"):
        key = (str(r["project_code"]), r["stat_period"].year)
        if key not in last or last[key][0] < month_of(r["stat_period"]):
            last[key] = (month_of(r["stat_period"]), (r["investment_build"] or Decimal(0)), r.unit)
    first: dict[str, Row] = {}
    for r in stated.rows("fai"):
        code = str(r["project_code"])
        if code not in first or r["stat_period"] < first[code]["stat_period"]:
            first[code] = r
    for _, amount, unit in last.values():
        works[unit] += amount
    # What was invested before the first year that is reported has no split: such projects are not compared.
    begun = {r.unit for r in first.values() if r["investment_cum"] != r["investment_ytd"]}
    area: dict[str, Decimal] = defaultdict(Decimal)
    contracts: dict[str, Decimal] = defaultdict(Decimal)
    kind: dict[str, str] = {}
    for r in stated.rows("permit"):
        area[r.unit] += r["permit_floor_area"]
        contracts[r.unit] += r["contract_amount"]
        kind[r.unit] = str(r["project_category"])
    costs = {u: float(works[u] / a) for u, a in area.items() if works[u] > 0 and a > 0 and u not in begun}
    cost_logs = {u: math.log(v) for u, v in costs.items()}
    completed = {
        r.unit for r in stated.rows("recognition") if r["recognition_kind"] == "竣工" and r["result"] == "通过"
    } | {r.unit for r in stated.rows("completion")}
    reported = {str(r["project_code"]) for r in stated.rows("fai")}
    for unit in stated.investment:
        # A parcel of a phase that has not begun is not to hold anything yet.
        land = [r for r in stated.parcels.get(unit, []) if r.phase is not None and r.phase.code in reported]
        flag = severe = tested = False
        if unit in costs:
            tested = True
            near = [v for q, v in cost_logs.items() if q != unit and kind[q] == kind[unit]]
            if len(near) >= 20:
                z = robust_z(cost_logs[unit], near)
                flag = (z is not None and z > 3.5) or costs[unit] > 2 * math.exp(float(np.median(near)))
            severe = works[unit] > contracts[unit] * Decimal("1.1")
        if unit in completed and land and unit not in begun:
            tested = True
            hectares = sum((r["land_area"] for r in land), Decimal(0))
            due = sum((r["land_area"] * r["agreed_intensity"] for r in land), Decimal(0))
            cum = list(stated.cumulative(unit).values())[-1]
            flag = flag or cum < due or hectares == 0
        yield Answer(
            "R27", "project", unit, "na" if not tested else "fail" if flag or severe else "pass",
            severity="quarantine" if severe else "flag" if flag else None, statistic=costs.get(unit),
            reason=None if tested else "no permit, no land",
        )  # fmt: skip


def coverage(stated: Stated, last: int) -> dict[str, float]:
    """Board -> share of its ledger projects with investment in twelve months that have any payment row."""
    held: dict[str, list[bool]] = defaultdict(list)
    for unit, series in stated.investment.items():
        row = stated.ledger.get(unit)
        if row is not None and any(last - 12 < m <= last and v["investment_month"] > 0 for m, v in series.items()):
            held[str(row["reporting_unit"])].append(bool(stated.payments_of.get(unit)))
    return {b: sum(v) / len(v) for b, v in held.items()}


def r28(stated: Stated) -> Iterator[Answer]:
    """rho = cumulative investment / (works paid by three months later + max(machines paid, the project's share of
    purchases) + land price): >= 1.3 flag, >= 2 quarantine; or equipment > 60 % of investment with neither purchases
    nor payments nor a power step: quarantine.

    na: board coverage < 80 %; no payment row of the project; the three months are not over; investment of before the
    first report.
    """
    grid = stated.grid
    covers = {m: coverage(stated, m) for m in range(month_of(date(2021, 1, 1)), LAST + 1)}
    for unit in stated.investment:
        row = stated.ledger.get(unit)
        rows = stated.payments_of.get(unit, [])
        bought = stated.purchases(unit)
        cums = stated.cumulative(unit)
        paid: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for r in rows:
            paid[str(r["purpose"])][r["paid_at"].year * 12 + r["paid_at"].month - 1] += r["amount"] / 10000
        land = [(month_of(r["contract_sign_date"]), r["land_price"]) for r in stated.parcels.get(unit, [])]
        first = min(cums)
        for m, cum in cums.items():
            reason = None
            if row is None or not rows:
                reason = "no vouchers"
            elif covers[m].get(str(row["reporting_unit"]), 0) < 0.8:
                reason = "board coverage < 80 %"
            elif m + 3 > LAST:
                reason = "three months are not over"
            elif stated.investment[unit][first]["investment_cum"] != stated.investment[unit][first]["investment_ytd"]:
                reason = "invested before the first report"
            if reason:
                yield Answer("R28", "project", unit, "na", name_of(m), reason=reason)
                continue
            works, machines = (sum((v for k, v in paid[p].items() if k <= m + 3), Decimal(0)) for p in ("土建", "设备"))
            machines = max(machines, sum((v for k, v in bought.items() if k <= m + 3), Decimal(0)))
            price = sum((v for k, v in land if k <= m + 3), Decimal(0))
            whole = works + machines + price
            rho = rounded(float(cum / whole)) if whole > 0 else math.inf
            equipment = _equipment_by(stated, unit, m)
            no_machines = (
                cum > 0 and equipment / cum > Decimal("0.6") and machines == 0 and not _steps(stated, unit, grid)
            )
            severe = (rho >= 2 and cum > 0) or no_machines
            flag = rho >= 1.3 and cum > 0
            yield Answer(
                "R28", "project", unit, "fail" if severe or flag else "pass", name_of(m),
                severity="quarantine" if severe else "flag" if flag else None, statistic=rho,
            )  # fmt: skip


def _equipment_by(stated: Stated, unit: str, m: int) -> Decimal:
    last: dict[tuple[str, int], tuple[int, Decimal]] = {}
    for r in stated.reports.get(unit, []):
        k = month_of(r["stat_period"])
        key = (str(r["project_code"]), k // 12)
        if k <= m and (key not in last or last[key][0] < k):
            last[key] = (k, (r["investment_equipment"] or Decimal(0)))
    return sum((v for _, v in last.values()), Decimal(0))


def _steps(stated: Stated, unit: str, grid: dict[str, dict[int, tuple[Decimal, list[Row]]]]) -> bool:
    """A month of three times the mean of the six months before the permit (the filing), or the first with power."""
    uscc = stated.owner(unit)
    power = {k: v for k, (v, _) in grid.get(uscc or "", {}).items()}
    days = [r["construction_permit_date"] for r in stated.permits.get(unit, [])]
    days = days or [r["filing_date"] for r in stated.projects.get(unit, [])]
    at = month_of(min(days))
    before = [power[k] for k in range(at - 6, at) if k in power]
    after = [v for k, v in power.items() if k >= at]
    if not before or not any(before):
        return any(after)
    return any(v >= 3 * sum(before) / len(before) for v in after)


def r37(stated: Stated) -> Iterator[Answer]:
    """Two departments' values of one measure differ: area > 1 %, money > 5 %, date > 31 days. counterpart_id is the
    measure: investment, fixed_assets, equipment, land_area, leased_floor_area, actual_investment, filing_date,
    start_date, completion_date.

    Exempt: a 变更 or 更正 of the filing, a ledger that showed another value before (investment, fixed assets,
    equipment); several filings, land still to come or a second parcel of a phase (investment, fixed assets, land).
    Fewer than two values: na.
    """
    agreements = {r.unit: r for r in stated.rows("agreement")}
    completions = {r.unit: r for r in stated.rows("completion")}
    changed = {r.unit for r in stated.told("filing") if r["submission_kind"] in ("变更", "更正")}
    seen: dict[str, set[Decimal]] = defaultdict(set)
    for r in stated.told("signing"):
        seen[r.unit].add(r["signed_investment"])
    recognised: dict[tuple[str, str], Row] = {
        (r.unit, str(r["recognition_kind"])): r for r in stated.rows("recognition") if r["result"] == "通过"
    }
    accepted: dict[str, list[Row]] = defaultdict(list)
    for r in stated.rows("acceptance"):
        accepted[r.unit].append(r)
    for unit, s in stated.ledger.items():
        filings, land = stated.projects.get(unit, []), stated.parcels.get(unit, [])
        a, c = agreements.get(unit), completions.get(unit)
        one = filings[0] if len(filings) == 1 else None
        phased = len({r.phase.code for r in stated.told_filings.get(unit, []) if r.phase}) > 1 or any(
            token in str(r["project_name"]) for r in filings for token in ("一期", "二期", "三期")
        )
        explained = unit in changed or len(seen[unit]) > 1
        started, finished = recognised.get((unit, "开工")), recognised.get((unit, "竣工"))
        begun = [r["actual_start_date"] for r in accepted[unit]]
        done = [r["actual_completion_date"] for r in accepted[unit]]
        all_land = bool(land) and len(land) == len(filings)
        values: dict[str, tuple[str, list[object], bool]] = {
            "investment": ("money", [s["signed_investment"] * 10000, one and one["planned_investment"],
                                     a and a["agreed_investment"]], explained or phased),
            "fixed_assets": ("money", [s["fixed_asset_investment"], one and one["fixed_asset_investment"]],
                             explained or phased),
            "equipment": ("money", [s["investment_equipment"], a and a["agreed_equipment"]], False),
            "land_area": ("area", [s["land_area"], one and one["land_area"] and one["land_area"] * 15,
                                   a and a["agreed_land_area"],
                                   sum(r["land_area"] for r in land) * 15 if all_land else None,
                                   c and c["actual_land_area"] if all_land else None], phased),
            "leased_floor_area": ("area", [s["leased_floor_area"], c and c["leased_floor_area"]], False),
            "actual_investment": ("money", [finished and finished["actual_investment"],
                                            c and c["actual_investment"]], False),
            "filing_date": ("date", [s["filing_date"], min((r["filing_date"] for r in filings), default=None)],
                            unit in changed or phased),
            "start_date": ("date", [started and started["actual_date"], min(begun, default=None),
                                    min((r["actual_start_date"] for r in land if r["actual_start_date"]),
                                        default=None)], False),
            "completion_date": ("date", [finished and finished["actual_date"], max(done, default=None),
                                         max((r["actual_completion_date"] for r in land if r["actual_completion_date"]),
                                             default=None)], False),
        }  # fmt: skip
        for measure, (kind, told, exempt) in values.items():
            held = [v for v in told if v]
            if len(held) < 2:
                yield Answer("R37", "project", unit, "na", counterpart_id=measure, reason="one value")
            elif exempt:
                yield Answer("R37", "project", unit, "na", counterpart_id=measure, reason="recorded change, phases")
            else:
                gap = _gap(kind, held)
                limit = {"area": 0.01, "money": 0.05, "date": 31}[kind]
                yield Answer(
                    "R37", "project", unit, "fail" if gap > limit else "pass", counterpart_id=measure,
                    severity="flag" if gap > limit else None, statistic=gap,
                )  # fmt: skip


def _gap(kind: str, held: list[object]) -> float:
    if kind == "date":
        days = [d for d in held if isinstance(d, date)]
        return float((max(days) - min(days)).days)
    amounts = [Decimal(str(v)) for v in held]
    return rounded(float((max(amounts) - min(amounts)) / min(amounts)))


def r40(stated: Stated) -> Iterator[Answer]:
    """Reported staff > 1.5 x insured, or insured 0 with more than 20 staff: flag. na: the first two reports; no
    delivery of insured heads for the month. A firm without a row in a month that was delivered has none insured; a
    firm that it took over counts with it for two months."""
    insured = stated.monthly("social", "insured_headcount")
    delivered = {m for v in insured.values() for m in v}
    for f, months in stated.monthly("output", "headcount").items():
        ranked = sorted(months)
        for m in ranked:
            if m in ranked[:2] or m not in delivered:
                yield Answer("R40", "enterprise", f, "na", name_of(m), reason="first 2 months")
                continue
            heads = insured.get(f, {}).get(m, Decimal(0))
            failed = months[m] > heads * Decimal("1.5") if heads else months[m] > 20
            yield Answer(
                "R40", "enterprise", f, "fail" if failed else "pass", name_of(m), severity="flag" if failed else None,
                statistic=rounded(float(months[m] / heads)) if heads else None,
            )  # fmt: skip


def r44(stated: Stated) -> Iterator[Answer]:
    """By firm and month with tax: >= 80 % of an inflow of more than 100 万元 paid back within six months; or tax while
    the firm sold nothing and used no power for twelve months; or more than 100 万元 from a firm without premises (a
    parcel, a lease, a power account), staff and power: flag.

    Refund items (留抵退税, 退) are no pay-back; taxes on land and fees are no tax here. na: no tax in the month.
    """
    inflow: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    back: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for f, by_month in stated.tax.items():
        for m, items in by_month.items():
            for (item, subitem), (paid, returned) in items.items():
                if item and item not in (*ONE_OFF, *FEES):
                    inflow[f][m] += paid / 10000
                    back[f][m] += returned / 10000 if "退" not in subitem else 0
    sales = stated.monthly("sales", "invoiced_sales")
    insured = stated.monthly("social", "insured_headcount")
    land = _land_mu(stated)
    for f, months in inflow.items():
        if f not in stated.firms:
            continue
        power = {k: v for k, (v, _) in stated.grid.get(f, {}).items()}
        for m, amount in sorted(months.items()):
            if amount <= 0:
                continue
            returned = sum((v for k, v in back[f].items() if m <= k <= m + 6), Decimal(0))
            trip = amount > LARGE_INFLOW and returned >= amount * Decimal("0.8")
            year = range(m - 12, m + 1)
            sold = any(sales.get(f, {}).get(k, 0) > 0 for k in year)
            used = any(power.get(k, 0) > 0 for k in year)
            heads = any(insured.get(f, {}).get(k, 0) > 0 for k in year)
            nothing = not sold and not _runs(power, year)
            premises = land.get(f, 0) > 0 or bool(stated.grid.get(f))
            shell = amount > LARGE_INFLOW and not premises and not heads and not used
            failed = trip or nothing or shell
            yield Answer(
                "R44", "enterprise", f, "fail" if failed else "pass", name_of(m), severity="flag" if failed else None,
                statistic=float(amount),
            )  # fmt: skip


def _runs(power: dict[int, Decimal], months: range) -> bool:
    """Whether anything ran: some kWh in one of the months."""
    return any(power.get(k, 0) > 0 for k in months)
