"""R01-R09, R41: what one report, one document or one register entry cannot mean together with another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.simulate.readings.stated import AS_OF, Answer, Row, Stated, name_of, rounding_unit
from zhixiao.simulate.calendar import add_months, first_of, last_of, month_of

STAGES = ("在谈", "签约", "注册", "备案", "报批", "开工", "竣工", "投产", "达产", "达效")
SHORTENED = ("承诺制", "容缺受理", "拿地即开工", "分阶段")
FIGURES = ("investment_month", "investment_ytd", "investment_cum", "investment_build", "investment_equipment",
           "investment_other")  # fmt: skip
ZERO = Decimal(0)


def _answer(check: str, unit: str, severity: str | None, month: int | None = None, kind: str = "project") -> Answer:
    period = None if month is None else name_of(month)
    return Answer(check, kind, unit, "fail" if severity else "pass", period, severity=severity)


def series(stated: Stated) -> dict[str, list[tuple[int, Row]]]:
    """Project code -> its months as they stand."""
    out: dict[str, dict[int, Row]] = defaultdict(dict)
    for r in stated.rows("fai"):
        out[str(r["project_code"])][month_of(r["stat_period"])] = r
    return {code: sorted(held.items()) for code, held in out.items()}


def follows(before: int, month: int) -> bool:
    """Whether no report is missing between two months: there is none for January."""
    return month - before == 1 or (month - before == 2 and (before + 1) % 12 == 0)


def by_unit(stated: Stated) -> dict[str, dict[int, list[tuple[Row | None, Row]]]]:
    """Project -> month -> (report before, report) of each of its codes."""
    out: dict[str, dict[int, list[tuple[Row | None, Row]]]] = defaultdict(lambda: defaultdict(list))
    for months in series(stated).values():
        before: tuple[int, Row] | None = None
        for month, r in months:
            joined = before is not None and follows(before[0], month)
            out[r.unit][month].append((before[1] if before and joined else None, r))
            before = month, r
    return out


# R01


def r01(stated: Stated) -> Iterator[Answer]:
    """ytd = ytd before + month (u); ytd = build + equipment + other (2u); cum = December + ytd (u); equipment <= cum.

    The month before and December as they stand now; where one was not reported, its identity is not asked. Parts that
    are all empty are not asked. In February the year begins: ytd = month.
    """
    broken: dict[tuple[str, int], bool] = defaultdict(bool)
    for months in series(stated).values():
        u = rounding_unit(r[k] for _, r in months for k in FIGURES if r[k] is not None)
        held = dict(months)
        before: int | None = None
        for month, r in months:
            ytd, cum = r["investment_ytd"], r["investment_cum"]
            wrong = False
            if month % 12 == 1 and before is not None:
                wrong |= abs(ytd - r["investment_month"]) > u
            elif before is not None and follows(before, month):
                wrong |= abs(ytd - held[before]["investment_ytd"] - r["investment_month"]) > u
            parts = [r[k] for k in FIGURES[3:]]
            if any(p is not None for p in parts):
                wrong |= abs(ytd - sum((p or ZERO for p in parts), ZERO)) > 2 * u
            december = held.get(month // 12 * 12 - 1)
            if december is not None:
                wrong |= abs(cum - december["investment_cum"] - ytd) > u
            wrong |= (r["investment_equipment"] or ZERO) > cum
            broken[r.unit, month] |= wrong
            before = month
    for (unit, month), wrong in broken.items():
        yield _answer("R01", unit, "block" if wrong else None, month)


# R02


def r02(stated: Stated) -> Iterator[Answer]:
    """cum > planned: flag; by over a tenth with no 变更 of the filing received: quarantine. Planned as reported."""
    amended = {r.unit for r in stated.told("filing") if r["submission_kind"] == "变更"}
    for unit, months in by_unit(stated).items():
        cum: dict[str, Decimal] = {}
        planned: dict[str, Decimal] = {}
        for month, reports in sorted(months.items()):
            for _, r in reports:
                cum[str(r["project_code"])] = r["investment_cum"]
                if r["planned_investment"] is not None:
                    planned[str(r["project_code"])] = r["planned_investment"]
            plan = sum(planned.values(), ZERO)
            if plan <= 0:
                yield Answer("R02", "project", unit, "na", name_of(month), reason="planned empty")
                continue
            over = sum(cum.values(), ZERO) / plan - 1
            severity = "quarantine" if over > Decimal("0.10") and unit not in amended else "flag"
            yield _answer("R02", unit, severity if over > 0 else None, month)


# R03


def covered(stated: Stated) -> dict[tuple[str, int], bool]:
    """(board, month) -> whether 80 % of its ledger's projects with investment in 12 months have a payment row."""
    paid: dict[str, date] = {}
    for r in stated.rows("payment"):
        day = r["paid_at"].date()
        paid[r.unit] = min(day, paid.get(r.unit, day))
    active: dict[tuple[str, int], set[str]] = defaultdict(set)
    for unit, months in stated.investment.items():
        if unit not in stated.ledger:
            continue
        board = str(stated.ledger[unit]["reporting_unit"])
        for month, v in months.items():
            for later in range(month, month + 12) if v["investment_month"] else ():
                active[board, later].add(unit)
    return {
        (board, month): sum(u in paid and paid[u] <= last_of(month) for u in units) * 10 >= len(units) * 8
        for (board, month), units in active.items()
    }


def r03(stated: Stated) -> Iterator[Answer]:
    """cum - funds over a tenth of cum and over 200: flag; over half of cum in three reports running: quarantine.

    funds: 到位资金 paid by the end of the month, plus the price of the land where no 土地 payment exists.
    """
    is_covered = covered(stated)
    capital: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    bought_land = set()
    for r in stated.rows("payment"):
        if r["purpose"] == "到位资金":
            capital[r.unit].append((r["paid_at"].date(), r["amount"] / 10000))
        if r["purpose"] == "土地":
            bought_land.add(r.unit)
    payers = {r.unit for r in stated.rows("payment")}
    prices: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for r in stated.rows("land"):
        if r.unit not in bought_land:
            prices[r.unit].append((r["contract_sign_date"], r["land_price"]))
    for unit in stated.investment:
        run = 0
        for month, cum in stated.cumulative(unit).items():
            row = stated.ledger.get(unit)
            if unit not in payers or row is None or not is_covered.get((str(row["reporting_unit"]), month), False):
                yield Answer("R03", "project", unit, "na", name_of(month), reason="no payments, or coverage < 80 %")
                run = 0
                continue
            funds = sum((a for d, a in capital[unit] + prices[unit] if d <= last_of(month)), ZERO)
            gap = cum - funds
            run = run + 1 if gap > cum / 2 and gap > 200 else 0
            severity = "quarantine" if run >= 3 else "flag" if gap > cum / 10 and gap > 200 else None
            yield _answer("R03", unit, severity, month)


# R04


def r04(stated: Stated) -> Iterator[Answer]:
    """A month below 0 or a falling cum, or a published month told more than 5 % higher later (any higher after the
    closing day, 31 March of the next year), with no 更正 that gives a reason."""
    failed: set[tuple[str, int]] = set()
    seen: set[tuple[str, int]] = set()

    def has_reason(r: Row) -> bool:
        return r["submission_kind"] == "更正" and bool(r["revision_reason"])

    for unit, months in by_unit(stated).items():
        for month, reports in months.items():
            seen.add((unit, month))
            for before, r in reports:
                falls = before is not None and r["investment_cum"] < before["investment_cum"]
                if (r["investment_month"] < 0 or falls) and not has_reason(r):
                    failed.add((unit, month))
    told: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for r in stated.told("fai"):
        told[str(r["project_code"]), month_of(r["stat_period"])].append(r)
    for (_, month), versions in told.items():
        closing = date(month // 12 + 1, 3, 31)
        for a, b in pairwise(versions):
            was, now = a["investment_month"], b["investment_month"]
            if has_reason(b) or now <= was:
                continue
            if now > was * Decimal("1.05") or b.received_on > closing:
                failed.add((b.unit, month))
    for unit, month in seen:
        yield _answer("R04", unit, "quarantine" if (unit, month) in failed else None, month)


# R05


def started(stated: Stated) -> dict[str, date]:
    """Project -> the recognised start that stands, else the earliest start of an acceptance, else of a land row."""
    out: dict[str, date] = {}
    for source in ("land", "acceptance"):
        days: dict[str, date] = {}
        for r in stated.rows(source):
            if r["actual_start_date"]:
                days[r.unit] = min(r["actual_start_date"], days.get(r.unit, r["actual_start_date"]))
        out |= days
    out |= {r.unit: r["actual_date"] for r in standing_recognitions(stated) if r["recognition_kind"] == "开工"}
    return {unit: day for unit, day in out.items() if day <= AS_OF}


def standing_recognitions(stated: Stated) -> list[Row]:
    """The last word on each kind, where it is 通过."""
    return [r for r in stated.rows("recognition") if r["result"] == "通过" and r["recognised_date"] <= AS_OF]


def _first(stated: Stated, source: str, column: str) -> dict[str, date]:
    out: dict[str, date] = {}
    for r in stated.rows(source):
        out[r.unit] = min(r[column], out.get(r.unit, r[column]))
    return out


def filing_dates(stated: Stated) -> dict[str, date]:
    """Project code -> filing date of a filing that stands: the first stated, or the last 更正; no 变更 moves it."""
    out: dict[str, date] = {}
    for r in stated.told("filing"):
        code = str(r["project_code"])
        if code not in out or r["submission_kind"] == "更正":
            out[code] = r["filing_date"]
    standing = {str(r["project_code"]) for r in stated.rows("filing")}
    return {code: day for code, day in out.items() if code in standing}


def equipment_only(stated: Stated) -> set[str]:
    return {r.unit for r in stated.rows("fai") if r["construction_stage"] == "单纯购置"}


def leased(stated: Stated) -> set[str]:
    return {no for no, r in stated.ledger.items() if r["involves_land"] is False and r["leased_floor_area"]}


def r05(stated: Stated) -> Iterator[Answer]:
    """d = max(first permit, filing, land contract) - start > 0: flag; > 90: quarantine; no permit: as_of - start.

    na: works of at most 30 万元 or 300 m2; equipment alone; a shortened path whose commitment is not after the start.
    A leased plant needs neither land nor, where nothing is built, a permit.
    """
    permits, dates = _first(stated, "permit", "construction_permit_date"), filing_dates(stated)
    filings = {unit: min(dates[str(r["project_code"])] for r in rows) for unit, rows in stated.projects.items()}
    contracts = _first(stated, "land", "contract_sign_date")
    works: dict[str, list[Row]] = defaultdict(list)
    for r in stated.rows("permit"):
        works[r.unit].append(r)
    bought, rented = equipment_only(stated), leased(stated)
    for unit, start in started(stated).items():
        row = stated.ledger.get(unit)
        area = sum((r["permit_floor_area"] for r in works[unit]), ZERO) or (row and row["planned_floor_area"])
        amount = sum((r["contract_amount"] for r in works[unit]), ZERO)
        filed = stated.projects.get(unit, [])
        promised = any(
            r["approval_path"] in SHORTENED and r["commitment_date"] and r["commitment_date"] <= start for r in filed
        )
        if unit in bought or promised or (area and area <= 300) or (works[unit] and amount <= 30):
            yield Answer("R05", "project", unit, "na", reason="exempt")
            continue
        if unit not in filings:
            yield Answer("R05", "project", unit, "na", reason="no filing that stands")
            continue
        papers = [filings[unit], *([contracts[unit]] if unit in contracts and unit not in rented else [])]
        if unit in permits:
            papers.append(permits[unit])
        elif unit not in rented:
            papers.append(AS_OF)
        d = (max(papers) - start).days
        yield _answer("R05", unit, "quarantine" if d > 90 else "flag" if d > 0 else None)


# R06


def r06(stated: Stated) -> Iterator[Answer]:
    """A month above 0 before the month of the filing of that code. A first report may sum up what was before it."""
    filed = {code: month_of(day) for code, day in filing_dates(stated).items()}
    for unit, months in by_unit(stated).items():
        for month, reports in months.items():
            known = [r for _, r in reports if str(r["project_code"]) in filed]
            if not known:
                yield Answer("R06", "project", unit, "na", name_of(month), reason="no filing that stands")
                continue
            early = any(r["investment_month"] > 0 and month < filed[str(r["project_code"])] for r in known)
            yield _answer("R06", unit, "block" if early else None, month)


# R07


def r07(stated: Stated) -> Iterator[Answer]:
    """Six months after the start and cum / planned >= 0.2: no witness of at least 3 that apply: quarantine; one of at
    least 4: flag. Witnesses: permit, land contract or lease, kWh since the start, payment to a builder, contract.

    A permit applies where land is involved; land or lease, payment and contract to the ledger's projects; a payment to
    a builder where more than equipment is bought; kWh where the owner is known.
    """
    permits = {r.unit for r in stated.rows("permit")}
    land = {r.unit for r in stated.rows("land")}
    works = {r.unit for r in stated.rows("payment") if r["purpose"] == "土建"}
    contracts = {r.unit for r in stated.rows("payment") if r["contract_no"]}
    bought = equipment_only(stated)
    for unit, start in started(stated).items():
        cum = stated.cumulative(unit)
        row, owner = stated.ledger.get(unit), stated.owner(unit)
        planned = sum((r["planned_investment"] for r in stated.projects.get(unit, [])), ZERO)
        if add_months(start, 6) > AS_OF or not cum or not planned or cum[max(cum)] < planned / 5:
            yield _answer("R07", unit, None)
            continue
        witnesses: list[bool] = []
        if row is None or row["involves_land"]:
            witnesses.append(unit in permits)
        if row is not None:
            witnesses.append(unit in land or bool(row["leased_floor_area"]))
            witnesses.append(unit in contracts)
            witnesses += [unit in works] if unit not in bought else []
        if owner is not None:
            grid = stated.grid.get(owner, {})
            witnesses.append(any(kwh > 0 for m, (kwh, _) in grid.items() if m >= month_of(start)))
        if len(witnesses) < 3:
            yield Answer("R07", "project", unit, "na", reason="fewer than 3 witnesses apply")
            continue
        n = sum(witnesses)
        severity = "quarantine" if n == 0 else "flag" if n == 1 and len(witnesses) >= 4 else None
        yield _answer("R07", unit, severity)


# R08


def r08(stated: Stated) -> Iterator[Answer]:
    """A month above 0 where 全部停缓建 stands for the second report at least, or two months after a recognised 竣工:
    flag; what comes after completion above 5 % of planned: quarantine, at most 3 % is retention money."""
    done = {r.unit: r["actual_date"] for r in standing_recognitions(stated) if r["recognition_kind"] == "竣工"}
    for unit, months in by_unit(stated).items():
        planned: dict[str, Decimal] = {}
        after = ZERO
        for month, reports in sorted(months.items()):
            severity = None
            for before, r in reports:
                planned[str(r["project_code"])] = r["planned_investment"]
                idle = r["construction_stage"] == "全部停缓建" and r["investment_month"] > 0
                if idle and before is not None and before["construction_stage"] == "全部停缓建":
                    severity = "flag"
            amount = sum((r["investment_month"] for _, r in reports), ZERO)
            # The report of February holds January.
            if unit in done and first_of(month - (month % 12 == 1)) > done[unit]:
                after += amount
                plan = sum(planned.values(), ZERO)
                if amount > 0 and last_of(month) >= add_months(done[unit], 2) and after * 100 > plan * 3:
                    severity = "quarantine" if after * 100 > plan * 5 else "flag"
            yield _answer("R08", unit, severity, month)


# R09


def r09(stated: Stated) -> Iterator[Answer]:
    """Investment or output above 0 more than 60 days after the owner was struck off or revoked (an heir counts), or
    after twelve months without one insured and without sales."""
    insured, sold = stated.monthly("social", "insured_headcount"), stated.monthly("sales", "invoiced_sales")
    first = min(month_of(r["stat_period"]) for r in stated.rows("sales"))

    def is_gone(uscc: str, month: int) -> bool:
        seen: set[str] = set()
        entry = stated.firms.get(uscc)
        while entry is not None and entry["successor_uscc"] and uscc not in seen:
            seen.add(uscc)
            uscc = str(entry["successor_uscc"])
            entry = stated.firms.get(uscc)
        if entry is None:
            return False
        ended = entry["deregistered_date"] or entry["revoked_date"]
        if ended and last_of(month) > ended + timedelta(days=60):
            return True
        begun = max(month_of(entry["company_registered_date"]) + 1, first)
        year = range(month - 11, month + 1)
        return begun <= year[0] and not any(
            insured.get(uscc, {}).get(m, ZERO) or sold.get(uscc, {}).get(m, ZERO) for m in year
        )

    for unit, months in stated.investment.items():
        owner = stated.owner(unit)
        for month, v in months.items():
            if owner is None:
                yield Answer("R09", "project", unit, "na", name_of(month), reason="owner unknown")
                continue
            failed = v["investment_month"] > 0 and is_gone(owner, month)
            yield _answer("R09", unit, "quarantine" if failed else None, month)
    for uscc, values in stated.monthly("output", "output_value").items():
        for month, value in values.items():
            failed = value > 0 and is_gone(uscc, month)
            yield _answer("R09", uscc, "quarantine" if failed else None, month, "enterprise")


# R41


def r41(stated: Stated) -> Iterator[Answer]:
    """The ledger shows 开工 or later, or a recognition stands, while every filing is withdrawn; or the ledger shows a
    stage whose recognition was revoked."""
    last: dict[str, dict[str, Any]] = defaultdict(dict)
    for r in stated.told("filing"):
        last[r.unit][str(r["project_code"])] = r["submission_kind"]
    stands = {r.unit for r in standing_recognitions(stated)}
    revoked = {
        (r.unit, r["recognition_kind"])
        for r in stated.rows("recognition")
        if r["result"] == "撤销" and r["recognised_date"] <= AS_OF
    }
    for unit, row in stated.ledger.items():
        stage = str(row["current_stage"])
        counted = stage in STAGES[5:] or unit in stands
        withdrawn = bool(last.get(unit)) and all(kind == "撤销" for kind in last[unit].values())
        failed = (counted and withdrawn) or (stage in STAGES[5:] and (unit, stage) in revoked)
        yield _answer("R41", unit, "block" if failed else None)


READINGS = {
    "R01": r01, "R02": r02, "R03": r03, "R04": r04, "R05": r05, "R06": r06, "R07": r07, "R08": r08, "R09": r09,
    "R41": r41,
}  # fmt: skip
