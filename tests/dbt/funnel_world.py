"""Random small districts as rows of schema raw: every path through the stages, restated, withdrawn and late."""

from __future__ import annotations

import random
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb

DISTRICT = "321204"
REGISTER_DAYS = (date(2023, 3, 6), date(2024, 2, 5), date(2024, 10, 8), date(2025, 8, 5), date(2026, 1, 10))
LAST_DAY = date(2026, 2, 28)
STAGES = ("签约", "注册", "备案", "报批", "开工", "竣工", "投产", "达产", "达效", "终止")
UNITS = ("高新区", "开发区", "娄庄镇", "天目山街道")

Row = dict[str, Any]
World = dict[str, list[Row]]


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def months(first: date, last: date) -> list[date]:
    """The last days of the months from that of `first` to that of `last`."""
    out = [month_end(first)]
    while out[-1] < month_end(last):
        out.append(month_end(out[-1] + timedelta(days=1)))
    return out


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world: World = defaultdict(list)
        self.row_number = 1

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def day(self, first: date, last: date = LAST_DAY) -> date:
        return first + timedelta(days=self.rng.randint(0, max((last - first).days, 0)))

    def later(self, day: date, most: int) -> date:
        return day + timedelta(days=self.rng.randint(0, most))

    def money(self, most: int) -> Decimal:
        return Decimal(self.rng.randint(1, most * 100)) / 100

    def put(self, source: str, received_on: date, file_name: str = "a", **values: Any) -> Row:
        self.row_number += 1
        row = {
            "district_code": DISTRICT,
            "received_on": min(received_on, LAST_DAY),
            "file_name": file_name,
            "file_sha256": f"{source}-{min(received_on, LAST_DAY)}-{file_name}",
            "sheet": "",
            "row_number": self.row_number,
            "restates_by_key": False,
            **values,
        }
        self.world[source].append(row)
        return row


def make_world(seed: int, projects: int, loose_codes: int) -> World:
    """A district of `projects` ledger rows, and `loose_codes` filings that no ledger row shows."""
    m = _Maker(seed)
    firms = [f"91321204MA{i:07d}X" for i in range(projects + loose_codes)]
    for i in range(projects):
        # Some firms have two projects.
        firm = firms[i - 1] if i and m.chance(0.1) else firms[i]
        _project(m, i, firm)
    for i in range(projects, projects + loose_codes):
        code = _code(i, 0)
        filed = m.day(date(2021, 1, 1))
        _filing(m, code, filed, firms[i])
        _works(m, code, None, filed)
    for i, firm in enumerate(firms):
        _firm(m, i, firm)
    for day in REGISTER_DAYS:
        for source in ("signing", "agreement"):
            m.world["delivery_scope"].append(
                {
                    "source": source,
                    "district_code": DISTRICT,
                    "received_on": day,
                    "file_sha256": f"{source}-{day}-a",
                    "file_name": "a",
                    "scope": "*",
                }
            )
    _repeat_signings(m)
    _unit_slip(m, "XM0000", firms[0])
    return m.world


def _unit_slip(m: _Maker, no: str, firm: str) -> None:
    """One firm files yuan where 万元 are asked: a figure may be wrong, it may not stop the night."""
    codes = {r["project_code"] for r in m.world["signing"] if r["signing_row_no"] == no}
    codes |= {r["project_code"] for r in m.world["filing"] if r["uscc"] == firm}
    for rows in m.world.values():
        for row in rows:
            of_firm = row.get("uscc") == firm or row.get("signing_row_no") == no
            if of_firm or (row.get("project_code") and row["project_code"] in codes):
                row.update({name: value * 10_000 for name, value in row.items() if isinstance(value, Decimal)})


def _code(i: int, phase: int) -> str:
    return f"2401-321204-89-0{phase + 1}-{i:06d}"


def _project(m: _Maker, i: int, firm: str) -> None:
    rng = m.rng
    no = f"XM{i:04d}"
    signed = m.day(date(2020, 6, 1))
    expansion = m.chance(0.4)
    land = rng.choice((True, True, False, None))
    codes = [_code(i, p) for p in range(rng.choice((0, 1, 1, 1, 1, 2)))]
    base: Row = {
        "signing_row_no": no,
        "uscc": None if m.chance(0.15) else firm,
        "reporting_unit": rng.choice(UNITS),
        "capital_kind": rng.choice(("内资", "外资", None)),
        "lead_channel": rng.choice(("以商引商", "基金招商", None)),
        "signing_event": rng.choice(("春季招商会", None)),
        "introducer": rng.choice(("商务局", "工信局", None)),
        "chain": rng.choice(("汽车零部件", None)),
        "signed_investment": rng.choice((m.money(900000), Decimal(5000), Decimal(100000))),
        "involves_land": land,
        "leased_floor_area": Decimal(3000) if m.chance(0.2) else None,
        "expected_sales": m.money(1200) if m.chance(0.6) else None,
        "expected_tax": m.money(60) if m.chance(0.6) else None,
        "is_capacity_expansion": expansion,
        "expansion_driver": "市场需求牵引型" if expansion else None,
    }
    first = rng.choice((0, 0, 0, 1, 2))
    last = len(REGISTER_DAYS) - 1 if m.chance(0.85) else rng.randint(first, len(REGISTER_DAYS) - 1)
    shows_code = rng.randint(first, len(REGISTER_DAYS) - 1)
    stage = 0
    filed = m.later(signed, 300) if m.chance(0.95) else m.day(date(2020, 6, 1))
    register_filing = m.later(filed, 40) if m.chance(0.3) else None
    for k in range(first, last + 1):
        stage = min(stage + rng.choice((0, 1, 2)), len(STAGES) - 1)
        talks = m.chance(0.05)
        m.put(
            "signing",
            REGISTER_DAYS[k],
            **base,
            project_code="、".join(codes) if codes and k >= shows_code else None,
            signing_date=None if talks else signed,
            signing_stat_date=month_end(signed),
            filing_date=register_filing if k >= shows_code and not m.chance(0.1) else None,
            current_stage="在谈" if talks else STAGES[stage],
        )
        if m.chance(0.6):
            start = m.later(signed, 500)
            m.put(
                "agreement",
                REGISTER_DAYS[k],
                signing_row_no=no,
                agreed_investment=m.money(90000) if m.chance(0.9) else None,
                agreed_start_date=start if m.chance(0.9) else None,
                agreed_completion_date=m.later(start, 900) if m.chance(0.9) else None,
                agreed_sales=m.money(1200) if m.chance(0.8) else None,
                agreed_tax=m.money(60) if m.chance(0.5) else None,
                agreed_tax_per_mu=m.money(2) if m.chance(0.5) else None,
                agreed_land_area=m.money(60) if m.chance(0.8) else None,
            )
    for p, code in enumerate(codes):
        day = m.later(filed, 60 * p)
        _filing(m, code, day, firm)
        _works(m, code, no, day)
    _recognitions(m, no, filed)
    _payments(m, no, filed)


def _filing(m: _Maker, code: str, filed: date, firm: str) -> None:
    rng = m.rng
    path = rng.choice(("常规", "常规", None, "承诺制", "容缺受理", "拿地即开工", "分阶段"))
    values: Row = {
        "project_code": code,
        "uscc": firm,
        "filing_date": filed,
        "planned_investment": m.money(90000) if m.chance(0.95) else None,
        "approval_path": path,
        "commitment_date": m.later(filed, 200) if m.chance(0.6) else None,
        "parcel_no": f"P{code}" if m.chance(0.3) else None,
    }
    received = m.put("filing", m.later(filed, 40), submission_kind="首次", **values)["received_on"]
    if m.chance(0.15):
        changed = {"planned_investment": m.money(90000), "filing_date": filed + timedelta(days=9)}
        kind = rng.choice(("变更", "更正"))
        day = m.later(received, 200)
        received = m.put("filing", day, "b", **(values | changed), submission_kind=kind)["received_on"]
    if m.chance(0.12):
        last = {"filing_date": None, "planned_investment": m.money(90000) if m.chance(0.5) else None}
        m.put("filing", m.later(received, 400), "c", **(values | last), submission_kind="撤销")


def _works(m: _Maker, code: str, signing_row_no: str | None, filed: date) -> None:
    """Permits, acceptances and investment reports under one code."""
    built = m.later(filed, 400)
    for p in range(m.rng.choice((0, 1, 1, 1, 2))):
        permit = f"3212042{code[-6:]}{code[15:17]}{p}"
        issued = m.later(filed, 200)
        permit_row = m.put(
            "permit",
            m.later(issued, 30),
            construction_permit_no=permit,
            project_code=code,
            construction_permit_date=issued,
            submission_kind="首次",
        )
        if m.chance(0.1):
            m.put(
                "permit",
                m.later(permit_row["received_on"], 300),
                "c",
                construction_permit_no=permit,
                project_code=code,
                construction_permit_date=issued,
                submission_kind="撤销",
            )
        for a in range(m.rng.choice((0, 1, 1, 1, 2))):
            accepted = m.later(built, 300)
            m.put(
                "acceptance",
                m.later(accepted, 60),
                acceptance_record_no=f"{permit}-{a}",
                construction_permit_no=permit,
                actual_completion_date=accepted,
            )
    if m.chance(0.8):
        _reports(m, code, m.later(filed, 100))


def _reports(m: _Maker, code: str, first: date) -> None:
    cumulative = Decimal(0)
    for period in months(first, LAST_DAY)[: m.rng.randint(1, 20)]:
        if period.month == 1 or m.chance(0.1):
            continue
        added = m.rng.choice((Decimal(0), m.money(900), m.money(900), -m.money(20)))
        cumulative += added
        for file_name, extra in (("a", Decimal(0)), ("b", Decimal(1))):
            # Now and then the whole period is delivered once more.
            received = date(2026, 2, 20) if file_name == "b" else month_end(period) + timedelta(days=12)
            if file_name == "a" or period == date(2025, 6, 30):
                m.put(
                    "fai",
                    received,
                    file_name,
                    stat_period=period,
                    project_code=code,
                    investment_month=added,
                    investment_cum=max(cumulative + extra, Decimal(0)) if not m.chance(0.05) else None,
                )


def _recognitions(m: _Maker, no: str, filed: date) -> None:
    actual = filed
    for kind in ("开工", "竣工", "投产", "达产", "达效"):
        actual = m.later(actual, 300) if m.chance(0.95) else m.day(date(2021, 1, 1))
        if m.chance(0.35):
            continue
        recognised = month_end(m.later(actual, 90))
        values = {"signing_row_no": no, "recognition_kind": kind}
        first = m.put(
            "recognition",
            m.later(recognised, 20),
            **values,
            actual_date=actual,
            recognised_date=recognised,
            result=m.rng.choice(("通过", "通过", "通过", "退回", "不通过")),
        )
        if m.chance(0.15):
            again = m.later(first["received_on"], 200)
            m.put(
                "recognition",
                again,
                "b",
                **values,
                actual_date=actual,
                recognised_date=again,
                result=m.rng.choice(("撤销", "通过", "退回")),
            )


def _payments(m: _Maker, no: str, filed: date) -> None:
    for n in range(m.rng.randint(0, 6)):
        paid = m.later(filed - timedelta(days=30), 700)
        m.put(
            "payment",
            m.later(paid, 30),
            account_bank="行",
            flow_no=f"{no}-{n}",
            signing_row_no=no,
            amount=m.money(500) * (-1 if m.chance(0.1) else 1),
            paid_at=datetime.combine(paid, time(15, 30)),
            purpose=m.rng.choice(("土建", "设备", "到位资金", "往来")),
        )


def _firm(m: _Maker, i: int, firm: str) -> None:
    """Sales and tax of a firm from some month on, with months that fail."""
    grows = m.money(150) * (1 + i % 2)
    for period in months(m.day(date(2020, 1, 1)), LAST_DAY):
        received = min(period + timedelta(days=15), LAST_DAY)
        if not m.chance(0.15):
            sales = Decimal(0) if m.chance(0.1) else grows * m.rng.randint(1, 3)
            m.put("sales", received, stat_period=period, uscc=firm, invoiced_sales=sales)
        for item in m.rng.sample(("增值税", "企业所得税", "教育费附加", "契税", "耕地占用税", "城市维护建设税"), 2):
            paid_on = period.replace(day=m.rng.randint(1, 28))
            if m.chance(0.05):
                paid_on = paid_on - timedelta(days=31)
            m.put(
                "tax",
                received,
                stat_period=period,
                collecting_office="所",
                tax_item=item,
                # Legacy ids hold the region and the organisation code.
                uscc=firm[2:17] if i % 7 == 0 else firm,
                tax_paid=m.money(20) * (-1 if m.chance(0.05) else 1),
                tax_treasury_date=None if m.chance(0.03) else paid_on,
            )


def _repeat_signings(m: _Maker) -> None:
    numbers = sorted({r["signing_row_no"] for r in m.world["signing"]})
    for n in range(3):
        one, other = m.rng.sample(numbers, 2)
        m.world["decision"].append(
            {
                "kind": "merge",
                "decided_on": date(2025, 1 + 5 * n, 1),
                "file_name": "merge.csv",
                "file_sha256": f"d{n}",
                "row_number": 1,
                "data": f'{{"signing_row_no": "{one}", "same_as": "{other}"}}',
            }
        )


def insert(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """Write the world into the tables of schema raw, which exist and are empty."""
    import pyarrow as pa

    for source, rows in world.items():
        names = sorted({name for row in rows for name in row})
        staged = pa.table({n: pa.array([_plain(r.get(n)) for r in rows]) for n in names})
        con.register("staged", staged)
        con.execute(f"insert into raw.{source} by name select {_typed(con, source, names)} from staged")
        con.unregister("staged")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date) else value


def _typed(con: duckdb.DuckDBPyConnection, source: str, names: Iterable[str]) -> str:
    types = {row[0]: row[1] for row in con.execute(f"describe raw.{source}").fetchall()}
    return ", ".join(f'cast("{n}" as {types[n]}) as "{n}"' for n in names)
