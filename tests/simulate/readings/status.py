"""R31-R36, R45: overdue, moved in time, counted too early, too often, on too little land."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from tests.simulate.readings.cross_source import FAR, FEES, MU, ONE_OFF
from tests.simulate.readings.stated import AS_OF, LAST, Answer, Row, Stated, rounded
from zhixiao.simulate.calendar import add_months, month_of

SHORTENED = ("承诺制", "容缺受理", "拿地即开工", "分阶段")
STAGES = {"开工": "started", "竣工": "completed", "投产": "produced", "达效": "on_target"}
TARGETS = {"signed": "签约项目数", "started": "开工项目数", "produced": "投产项目数", "on_target": "达效项目数"}


def passed(stated: Stated) -> dict[tuple[str, str], Row]:
    """(project, kind) -> its recognition, where the last word is 通过."""
    return {(r.unit, str(r["recognition_kind"])): r for r in stated.rows("recognition") if r["result"] == "通过"}


def all_units(stated: Stated) -> list[str]:
    return [*stated.ledger, *(u for u in stated.projects if u not in stated.ledger)]


def start_of(stated: Stated, unit: str, told: dict[tuple[str, str], Row]) -> date | None:
    """recognition.actual_date, else acceptance.actual_start_date, else land.actual_start_date."""
    row = told.get((unit, "开工"))
    if row is not None:
        return row["actual_date"]  # type: ignore[no-any-return]
    days = [r["actual_start_date"] for r in stated.accepted.get(unit, []) if r["actual_start_date"]]
    days = days or [r["actual_start_date"] for r in stated.parcels.get(unit, []) if r["actual_start_date"]]
    return min(days, default=None)


def r31(stated: Stated) -> Iterator[Answer]:
    """Land: as_of > agreed start + 12 months and no permit (no commitment with works either). Started, under a third
    of the area (permits < land x FAR / 3) or under 25 % of the plan, and stopped for 12 months, not completed. A
    permit older than 9 months with no investment, payment or power on the site since. All: flag. na: neither land nor
    permit."""
    told = passed(stated)
    for unit in all_units(stated):
        land, permits = stated.parcels.get(unit, []), stated.permits.get(unit, [])
        if not land and not permits:
            yield Answer("R31", "project", unit, "na", reason="neither land nor permit")
            continue
        months = {m: v["investment_month"] for m, v in stated.investment.get(unit, {}).items()}
        busy = [m for m, v in months.items() if v > 0]
        filings = stated.projects.get(unit, [])
        committed = any(r["approval_path"] in SHORTENED and r["commitment_date"] for r in filings) and bool(busy)
        agreed = [r["agreed_start_date"] for r in land if r["agreed_start_date"]]
        overdue = bool(agreed) and not permits and add_months(min(agreed), 12) < AS_OF and not committed
        completed = (unit, "竣工") in told or bool(stated.accepted.get(unit))
        stopped = False
        if busy and not completed and max(busy) <= LAST - 12:
            planned = sum((r["planned_investment"] for r in filings), Decimal(0))
            cum = list(stated.cumulative(unit).values())[-1]
            area = sum((r["permit_floor_area"] for r in permits), Decimal(0))
            third = sum((r["land_area"] * 10000 * r["agreed_far_min"] / 3 for r in land), Decimal(0))
            stopped = cum < planned / 4 or (bool(land) and area < third)
        empty = False
        if permits:
            since = min(r["construction_permit_date"] for r in permits)
            paid = [r for r in stated.payments_of.get(unit, []) if r["paid_at"].date() >= since and r["amount"] > 0]
            paid = [r for r in paid if r["purpose"] in ("土建", "设备")]
            grid = stated.grid.get(stated.owner(unit) or "", {})
            before = [v for m, (v, _) in grid.items() if month_of(since) - 6 <= m < month_of(since)]
            after = [v for m, (v, _) in grid.items() if m >= month_of(since)]
            step = any(v >= 3 * sum(before) / len(before) for v in after) if before and any(before) else any(after)
            moved = any(m >= month_of(since) for m in busy) or bool(paid) or step
            empty = add_months(since, 9) < AS_OF and not moved
        failed = overdue or stopped or empty
        yield Answer("R31", "project", unit, "fail" if failed else "pass", severity="flag" if failed else None)


def r32(stated: Stated) -> Iterator[Answer]:
    """Filed more than 24 months ago and nothing later of any kind (land, permit, investment, payment, recognition,
    acceptance); the first filing dated after the start; or is_backfilled_filing: flag. na: no filing stands."""
    told = passed(stated)
    for unit in all_units(stated):
        filings = stated.projects.get(unit, [])
        if not filings:
            yield Answer("R32", "project", unit, "na", reason="no filing")
            continue
        filed = min(r["filing_date"] for r in filings)
        later = (
            any(r["contract_sign_date"] >= filed for r in stated.parcels.get(unit, []))
            or bool(stated.permits.get(unit)) or bool(stated.accepted.get(unit))
            or any(v["investment_month"] > 0 for v in stated.investment.get(unit, {}).values())
            or any(r["paid_at"].date() >= filed for r in stated.payments_of.get(unit, []))
            or any((unit, kind) in told for kind in STAGES)
        )  # fmt: skip
        start = start_of(stated, unit, told)
        failed = (
            (add_months(filed, 24) < AS_OF and not later)
            or (start is not None and filed > start)
            or any(r["is_backfilled_filing"] for r in filings)
        )
        yield Answer("R32", "project", unit, "fail" if failed else "pass", severity="flag" if failed else None)


def r33(stated: Stated) -> Iterator[Answer]:
    """A recognised (statistics) date more than 90 days after the actual one, in another quarter, in a year in which
    the board is under its target without this one: flag. counterpart_id is the stage: signed, started, produced,
    on_target. Exempt: an earlier 退回 or 不通过 of the same stage. na: no target for the year."""
    targets = {
        (r["stat_year"], str(r["reporting_unit"]), str(r["metric"])): r["target_value"] for r in stated.rows("target")
    }
    dates: list[tuple[str, str, date, date]] = []
    for (unit, kind), r in passed(stated).items():
        stage = STAGES.get(kind)
        if stage in TARGETS:
            dates.append((unit, stage, r["actual_date"], r["recognised_date"]))
    for unit, s in stated.ledger.items():
        if s["signing_date"] and s["signing_stat_date"]:
            dates.append((unit, "signed", s["signing_date"], s["signing_stat_date"]))
    back = {
        (r.unit, STAGES.get(str(r["recognition_kind"])))
        for r in stated.told("recognition")
        if r["result"] in ("退回", "不通过")
    }
    count: dict[tuple[int, str, str], int] = defaultdict(int)
    board = {u: str(r["reporting_unit"]) for u, r in stated.ledger.items()}
    for unit, stage, _, counted in dates:
        if unit in board:
            count[counted.year, board[unit], stage] += 1
    for unit, stage, actual, counted in dates:
        if unit not in board:
            continue
        target = targets.get((counted.year, board[unit], TARGETS[stage]))
        if target is None:
            yield Answer("R33", "project", unit, "na", counterpart_id=stage, reason="no target")
            continue
        moved = (counted - actual).days > 90 and (actual.year, (actual.month - 1) // 3) != (
            counted.year, (counted.month - 1) // 3
        )  # fmt: skip
        helps = count[counted.year, board[unit], stage] - 1 < target
        failed = moved and helps and (unit, stage) not in back
        yield Answer(
            "R33", "project", unit, "fail" if failed else "pass", counterpart_id=stage,
            severity="flag" if failed else None, statistic=float((counted - actual).days),
        )  # fmt: skip


def r34(stated: Stated) -> Iterator[Answer]:
    """达效 recognised while the twelve months before the recognition show less tax (paid and relieved, without fees and
    one-off land taxes) or sales than agreed (the agreement, else the ledger's expectation), or within six months of
    recognised production: quarantine. An expansion first subtracts the twelve months before its first investment;
    where they were never delivered: na."""
    sales = stated.monthly("sales", "invoiced_sales")
    terms = {r.unit: r for r in stated.rows("agreement")}
    told = passed(stated)
    for (unit, kind), r in told.items():
        row = stated.ledger.get(unit)
        if kind != "达效" or row is None:
            continue
        made = told.get((unit, "投产"))
        if made is not None and r["actual_date"] < add_months(made["actual_date"], 6):
            yield Answer("R34", "project", unit, "fail", severity="quarantine")
            continue
        uscc = str(r["uscc"] or stated.owner(unit))
        last = month_of(r["recognised_date"]) - 1
        base: range | None = None
        if row["is_capacity_expansion"]:
            first = min((m for m, v in stated.investment.get(unit, {}).items() if v["investment_month"] > 0), default=0)
            base = range(first - 12, first)
            if not first or base[0] < month_of(date(2021, 1, 1)):
                yield Answer("R34", "project", unit, "na", reason="no base year")
                continue
        if last - 11 < month_of(date(2021, 1, 1)):
            yield Answer("R34", "project", unit, "na", reason="the twelve months were not all delivered")
            continue
        held = _year(stated, sales, uscc, range(last - 11, last + 1))
        less = _year(stated, sales, uscc, base) if base else (Decimal(0), Decimal(0))
        a = terms.get(unit)
        need_sales = a["agreed_sales"] if a is not None and a["agreed_sales"] else row["expected_sales"]
        need_tax = row["expected_tax"]
        if a is not None and a["agreed_tax"]:
            need_tax = a["agreed_tax"]
        elif a is not None and a["agreed_tax_per_mu"]:
            need_tax = a["agreed_tax_per_mu"] * (a["agreed_land_area"] or row["land_area"] or 0)
        failed = held[0] - less[0] < need_sales or held[1] - less[1] < need_tax
        yield Answer(
            "R34", "project", unit, "fail" if failed else "pass", severity="quarantine" if failed else None,
            statistic=rounded(float((held[0] - less[0]) / need_sales)) if need_sales else None,
        )  # fmt: skip


def _year(stated: Stated, sales: dict[str, dict[int, Decimal]], uscc: str, months: range) -> tuple[Decimal, Decimal]:
    """Sales and tax (paid and relieved) of these months, in 万元."""
    tax = Decimal(0)
    for m in months:
        for (item, _), (paid, back) in stated.tax.get(uscc, {}).get(m, {}).items():
            if item not in (*FEES, *ONE_OFF):
                tax += (paid - back) / 10000
    return sum((sales.get(uscc, {}).get(m, Decimal(0)) for m in months), Decimal(0)), tax


def r35(stated: Stated) -> Iterator[Answer]:
    """Counted as 新建 while the firm was registered more than three years before completion (unless it was founded for
    the project: within a year before the signing, or later); or registered after the filing or the start: quarantine.
    na: the firm is not in the register."""
    told = passed(stated)
    completions = {r.unit: r for r in stated.rows("completion")}
    for unit, row in stated.ledger.items():
        firm = stated.firms.get(stated.owner(unit) or "")
        if firm is None:
            yield Answer("R35", "project", unit, "na", reason="not in the register")
            continue
        born = firm["company_registered_date"]
        c = completions.get(unit)
        days = [r["actual_completion_date"] for r in stated.accepted.get(unit, [])]
        done = told[unit, "竣工"]["actual_date"] if (unit, "竣工") in told else max(days, default=None)
        done = done or (c.received_on if c is not None else None)
        stock = (
            c is not None and c["is_newly_introduced"] == "新建" and done is not None and add_months(born, 36) < done
            and born < row["signing_date"] - timedelta(days=365)
        )  # fmt: skip
        filed = min((r["filing_date"] for r in stated.projects.get(unit, [])), default=None)
        start = start_of(stated, unit, told)
        late = (filed is not None and born > filed) or (start is not None and born > start)
        yield Answer(
            "R35", "project", unit, "fail" if stock or late else "pass",
            severity="quarantine" if stock or late else None,
        )  # fmt: skip


def r36(stated: Stated) -> Iterator[Answer]:
    """Arrivals over the agreed foreign capital (as the ledger has it now); one arrival number under two projects; or
    80 % of an arrival gone within thirty days to a related payee: quarantine. na: no arrival."""
    arrivals: dict[str, list[Row]] = defaultdict(list)
    holders: dict[str, set[str]] = defaultdict(set)
    for r in stated.rows("fdi"):
        arrivals[r.unit].append(r)
        holders[str(r["fdi_no"])].add(r.unit)
    for unit, row in stated.ledger.items():
        held = arrivals.get(unit, [])
        if not held:
            yield Answer("R36", "project", unit, "na", reason="no arrival")
            continue
        whole = sum((r["amount_usd"] for r in held), Decimal(0))
        over = row["agreed_foreign_capital"] is not None and whole > row["agreed_foreign_capital"]
        twice = any(len(holders[str(r["fdi_no"])]) > 1 for r in held)
        gone = any(r["payee_related"] and r["outflow_usd"] >= r["amount_usd"] * Decimal("0.8") for r in held)
        failed = over or twice or gone
        yield Answer("R36", "project", unit, "fail" if failed else "pass", severity="quarantine" if failed else None)


def r45(stated: Stated) -> Iterator[Answer]:
    """Evaluated mu under title + lease - let by more than 5 %; or lower by more than 1 % than in the delivery before,
    with no new parcel or area of the project in the land register in the twelve months before: quarantine. na: nothing
    evaluated."""
    history: dict[str, list[Row]] = defaultdict(list)
    for r in stated.told("completion"):
        history[r.unit].append(r)
    deals: dict[str, list[date]] = defaultdict(list)
    areas: dict[str, set[tuple[str, Decimal]]] = defaultdict(set)
    for r in stated.told("land"):
        stated_area = (str(r["land_supervision_no"]), r["land_area"])
        if stated_area not in areas[r.unit]:
            areas[r.unit].add(stated_area)
            deals[r.unit].append(r.received_on)
    for unit, rows in history.items():
        held = [r for r in rows if r["actual_land_area"] is not None]
        if not held:
            yield Answer("R45", "project", unit, "na", reason="nothing evaluated")
            continue
        now = held[-1]
        title = sum((r["land_area"] * 15 for r in stated.parcels.get(unit, [])), Decimal(0))
        area = title + ((now["leased_floor_area"] or 0) - (now["leased_out_floor_area"] or 0)) / (FAR * MU)
        under = now["actual_land_area"] < area * Decimal("0.95")
        falls = False
        for a, b in pairwise(held):
            if b["actual_land_area"] < a["actual_land_area"] * Decimal("0.99"):
                falls = falls or not any(b.received_on - timedelta(days=365) <= d <= b.received_on for d in deals[unit])
        yield Answer(
            "R45", "project", unit, "fail" if under or falls else "pass",
            severity="quarantine" if under or falls else None, statistic=rounded(float(now["actual_land_area"] / area)),
        )  # fmt: skip
