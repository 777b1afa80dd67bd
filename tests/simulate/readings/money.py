"""R29, R30: money that comes back, and reports that one hand wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from tests.simulate.readings.stated import Answer, Row, Stated, name_of
from zhixiao.simulate.calendar import month_of

HOPS = 4
INVESTMENT_FORM = "H201表"
"""The form whose figures make up a board's 完成投资."""


def group_of(stated: Stated, uscc: str | None, name: str) -> str:
    """Control group: the controller of the register, else the credit code, else the name without brackets' width."""
    if uscc:
        row = stated.firms.get(uscc)
        return str(row["controller_uscc"]) if row is not None and row["controller_uscc"] else uscc
    return name.replace("（", "(").replace("）", ")").replace(" ", "")


def r29(stated: Stated) -> Iterator[Answer]:
    """Of what was paid in as 到位资金, 80 % is back with the payer's control group by at most four further payments:
    within 3 days quarantine, within 30 days flag. Payments of a registered cash pool are not followed. na: no
    inflow."""
    flows = sorted(stated.rows("payment"), key=lambda r: (r["paid_at"], str(r["flow_no"])))
    parties: dict[int, tuple[str, str]] = {}
    out: dict[str, list[Row]] = defaultdict(list)
    for r in flows:
        payer, payee = (str(r[f"{k}_uscc"] or r[k]) for k in ("payer", "payee"))
        parties[id(r)] = (payer, payee)
        if not r["is_cash_pool"] and r["amount"] > 0:
            out[payer].append(r)
    worst: dict[tuple[str, int], str] = {}
    seen: dict[tuple[str, int], None] = {}
    for r in flows:
        if r["purpose"] != "到位资金" or r["amount"] <= 0:
            continue
        key = (str(r["signing_row_no"]), r["paid_at"].year * 12 + r["paid_at"].month - 1)
        seen[key] = None
        home = group_of(stated, r["payer_uscc"], str(r["payer"]))
        back = _returns(stated, r, parties, out, home)
        need, held = r["amount"] * Decimal("0.8"), Decimal(0)
        for at, amount in sorted(back):
            held += amount
            if held >= need:
                days = at - r["paid_at"]
                severity = "quarantine" if days <= timedelta(days=3) else "flag"
                if worst.get(key) != "quarantine":
                    worst[key] = severity
                break
    for unit, m in seen:
        severity_ = worst.get((unit, m))
        yield Answer("R29", "project", unit, "fail" if severity_ else "pass", name_of(m), severity=severity_)
    for unit in stated.ledger:
        if not any(u == unit for u, _ in seen):
            yield Answer("R29", "project", unit, "na", reason="no flows")


def _returns(
    stated: Stated, inflow: Row, parties: dict[int, tuple[str, str]], out: dict[str, list[Row]], home: str
) -> list[tuple[datetime, Decimal]]:
    """Payments into the payer's group within 30 days by whoever the money reached."""
    first = parties[id(inflow)][1]
    reached = {first: inflow["paid_at"]}
    limit = inflow["paid_at"] + timedelta(days=30)
    back: dict[int, tuple[datetime, Decimal]] = {}
    for _ in range(HOPS):
        new: dict[str, datetime] = {}
        for holder, since in reached.items():
            for r in out[holder]:
                if not since <= r["paid_at"] <= limit or r is inflow:
                    continue
                payee = parties[id(r)][1]
                if payee != first and group_of(stated, r["payee_uscc"], str(r["payee"])) == home:
                    back[id(r)] = (r["paid_at"], r["amount"])
                elif payee not in reached:
                    new[payee] = min(r["paid_at"], new.get(payee, r["paid_at"]))
        reached = {**new, **reached}
    return list(back.values())


def r30(stated: Stated) -> Iterator[Answer]:
    """By enterprise and month: one account and address files for at least 5 units of at least 3 owners within ten
    minutes: flag; one revision factor (after / before, four decimals, not 1) in at least 4 units of a form: quarantine.
    By board and month: edits of the investment form in the last 48 hours lift it over its target for 完成投资: flag.
    Registered bookkeeping agents are exempt: na where all of a unit's rows are theirs. Owner: the control group."""
    months: dict[int, list[Row]] = defaultdict(list)
    for r in stated.rows("submission_log"):
        months[month_of(r["stat_period"])].append(r)
    for m, rows in sorted(months.items()):
        own = [r for r in rows if not r["is_bookkeeping_agent"]]
        together: set[str] = set()
        places: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for r in own:
            places[str(r["account"]), str(r["client_ip"])].append(r)
        for held in places.values():
            held.sort(key=lambda r: r["submitted_at"])
            for i, r in enumerate(held):
                near = [x for x in held[i:] if x["submitted_at"] - r["submitted_at"] <= timedelta(minutes=10)]
                units = {str(x["uscc"]) for x in near}
                if len(units) >= 5 and len({group_of(stated, u, u) for u in units}) >= 3:
                    together |= units
        factors: dict[tuple[str, Decimal], set[str]] = defaultdict(set)
        for r in own:
            if r["value_before"] and r["value_after"] is not None:
                factor = (r["value_after"] / r["value_before"]).quantize(Decimal("0.0001"))
                if factor != 1:
                    factors[str(r["form"]), factor].add(str(r["uscc"]))
        alike = {u for units in factors.values() if len(units) >= 4 for u in units}
        for uscc in sorted({str(r["uscc"]) for r in rows}):
            if all(r["is_bookkeeping_agent"] for r in rows if r["uscc"] == uscc):
                yield Answer("R30", "enterprise", uscc, "na", name_of(m), reason="registered bookkeeping agent")
                continue
            failed = uscc in together or uscc in alike
            yield Answer(
                "R30", "enterprise", uscc, "fail" if failed else "pass", name_of(m),
                severity="quarantine" if uscc in alike else "flag" if failed else None,
            )  # fmt: skip
    yield from _last_hours(stated, months)


def _last_hours(stated: Stated, months: dict[int, list[Row]]) -> Iterator[Answer]:
    targets = {
        (r["stat_year"], str(r["reporting_unit"])): r["target_value"]
        for r in stated.rows("target")
        if r["metric"] == "完成投资"
    }
    done: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for unit, series in stated.investment.items():
        row = stated.ledger.get(unit)
        board = str(row["reporting_unit"]) if row is not None else str(stated.reports[unit][0]["reporting_unit"])
        for m, v in series.items():
            for k in range(m, m // 12 * 12 + 12):
                done[board, k] += v["investment_month"]
    for m, rows in sorted(months.items()):
        net: dict[str, Decimal] = defaultdict(Decimal)
        for r in rows:
            late = r["due_at"] - timedelta(hours=48) <= r["submitted_at"] <= r["due_at"]
            firm = stated.firms.get(str(r["uscc"]))
            if r["form"] == INVESTMENT_FORM and late and r["value_before"] is not None and firm is not None:
                net[str(firm["reporting_unit"])] += r["value_after"] - r["value_before"]
        for board in sorted({b for b, k in done if k == m}):
            target = targets.get((m // 12, board))
            if target is None:
                yield Answer("R30", "reporting_unit", board, "na", name_of(m), reason="no target")
                continue
            failed = done[board, m] >= target > done[board, m] - net[board]
            yield Answer(
                "R30", "reporting_unit", board, "fail" if failed else "pass", name_of(m),
                severity="flag" if failed else None, statistic=float(net[board]),
            )  # fmt: skip
