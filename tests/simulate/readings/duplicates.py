"""R11-R13, R43: one project under two names, one series under two codes, one paper under many projects."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations

import numpy as np

from tests.simulate.readings.identities import standing_recognitions
from tests.simulate.readings.stated import AS_OF, Answer, Row, Stated, rounded, rounding_unit

N = r"[一二三四五六七八九十\d]+"
PHASE = re.compile(rf"{N}期|[A-Z]区|[东南西北]区|{N}号楼|{N}组团")
BATCH = re.compile(rf"打捆|等{N}个项目|批次")
THRESHOLDS = (5000, 10000, 50000)


@dataclass
class Known:
    """A project as the ledger, else its filings, describe it."""

    unit: str
    name: str
    owner: str | None
    amount: Decimal | None
    day: date | None
    end: date
    industry: str
    address: str
    parcels: set[str] = field(default_factory=set)
    papers: set[str] = field(default_factory=set)
    """Land supervision numbers and construction permits."""


def known(stated: Stated) -> dict[str, Known]:
    done = {r.unit: r["actual_date"] for r in standing_recognitions(stated) if r["recognition_kind"] == "竣工"}
    out: dict[str, Known] = {}
    for no, r in stated.ledger.items():
        amount = r["signed_investment"] * 10000
        out[no] = Known(no, r["project_name"], r["uscc"], amount, r["signing_date"], done.get(no, AS_OF),
                        str(r["industry_code"]), "")  # fmt: skip
    for unit, filings in stated.projects.items():
        r = filings[0]
        if unit not in out and r.project is not None and not r.project.row_no:
            out[unit] = Known(unit, r["project_name"], r["uscc"], r["planned_investment"], r["filing_date"],
                              done.get(unit, AS_OF), str(r["industry_code"]), "")  # fmt: skip
        if unit in out:
            out[unit].address = str(r["site_address"])
            out[unit].parcels |= {str(f["parcel_no"]) for f in filings if f["parcel_no"]}
    for r in stated.rows("land"):
        if r.unit in out:
            out[r.unit].parcels.add(str(r["parcel_no"]))
            out[r.unit].papers.add(str(r["land_supervision_no"]))
    for r in stated.rows("permit"):
        if r.unit in out:
            out[r.unit].papers.add(str(r["construction_permit_no"]))
    return out


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


# R11


def _bigrams(name: str) -> set[str]:
    plain = re.sub(r"[（）()\s]|项目|有限公司", "", name)
    return {plain[i : i + 2] for i in range(len(plain) - 1)}


def _is_series(k: Known) -> bool:
    return k.industry == "4416" or "屋顶光伏" in k.name or "标准厂房" in k.name


def r11(stated: Stated) -> Iterator[Answer]:
    """Same parcel, supervision number or permit under two projects that overlap, with no or the same phase token:
    quarantine. Else match probability >= 0.95: quarantine, >= 0.80: flag.

    Weights (log odds, prior -7): names by bigrams that are rare, owner, amount, dates, address. Blocks: owner, parcel,
    rare bigrams of the name. Exempt: phases, rooftop series, standard plants.
    """
    projects = known(stated)
    frequency = Counter(g for k in projects.values() for g in _bigrams(k.name))
    weight = {g: math.log(1 + len(projects) / n) for g, n in frequency.items()}
    blocks: dict[str, set[str]] = defaultdict(set)
    for k in projects.values():
        keys = [f"owner {k.owner}"] if k.owner else []
        keys += [f"parcel {x}" for x in k.parcels] + [f"paper {x}" for x in k.papers]
        keys += [f"name {g}" for g in _bigrams(k.name) if frequency[g] <= 6]
        for key in keys:
            blocks[key].add(k.unit)
    pairs = {_pair(a, b) for units in blocks.values() for a, b in combinations(sorted(units), 2)}
    for a, b in sorted(pairs):
        one, two = projects[a], projects[b]
        tokens = {tuple(PHASE.findall(one.name)), tuple(PHASE.findall(two.name))}
        is_phase = len(tokens) == 2 and () not in tokens
        if is_phase or (_is_series(one) and _is_series(two)):
            yield Answer("R11", "project", a, "na", counterpart_id=b, reason="phases, roofs or standard plants")
            continue
        overlap = (one.day or AS_OF) <= two.end and (two.day or AS_OF) <= one.end
        if overlap and (one.parcels & two.parcels or one.papers & two.papers):
            yield Answer("R11", "project", a, "fail", counterpart_id=b, severity="quarantine", statistic=1.0)
            continue
        p = rounded(1 / (1 + math.exp(-_odds(one, two, weight))))
        severity = "quarantine" if p >= 0.95 else "flag" if p >= 0.80 else None
        yield Answer(
            "R11", "project", a, "fail" if severity else "pass", counterpart_id=b, severity=severity, statistic=p
        )


def _odds(one: Known, two: Known, weight: dict[str, float]) -> float:
    a, b = _bigrams(one.name), _bigrams(two.name)
    alike = 2 * sum(weight[g] for g in a & b) / max(0.001, sum(weight[g] for g in a) + sum(weight[g] for g in b))
    # Most of a name is the trade; the brand stands in front.
    alike *= 1.0 if one.name[:3] == two.name[:3] else 0.6
    odds = -7.0 + (6 if alike >= 0.9 else 4 if alike >= 0.6 else -1 if alike >= 0.4 else -5)
    odds += 3 if one.owner and one.owner == two.owner else -1
    if one.amount and two.amount:
        apart = abs(math.log(one.amount / two.amount))
        odds += 2.5 if apart <= 0.02 else 1.5 if apart <= 0.15 else -0.5 if apart <= 0.4 else -3
    if one.day and two.day:
        odds += 1 if abs((one.day - two.day).days) <= 400 else -1
    return odds + (0.25 if one.address and one.address == two.address else 0)


# R12


def r12(stated: Stated) -> Iterator[Answer]:
    """Equal months m (m/u >= 10): S = sum -log2((k-1)/N_t) >= log2(N(N-1)/2) + log2(100), at least 4 of them; or
    sd(ln m_i - ln m_j) <= 0.01 over at least 6 common months, not both constant. Two owners: quarantine, one: flag.

    k: projects with that value in the month, N_t: projects with investment in it. na: fewer than 4 common months; one
    owner's instalment contract.
    """
    months = {u: {m: v["investment_month"] for m, v in held.items() if v["investment_month"] > 0}
              for u, held in stated.investment.items()}  # fmt: skip
    months = {u: held for u, held in months.items() if held}
    units = sorted(months)
    unit_of = {u: rounding_unit(months[u].values()) for u in units}
    in_month = Counter(m for held in months.values() for m in held)
    same: dict[tuple[int, Decimal], list[str]] = defaultdict(list)
    for u in units:
        for m, v in months[u].items():
            if v / unit_of[u] >= 10:
                same[m, v].append(u)
    bits: dict[tuple[str, str], float] = defaultdict(float)
    equal: Counter[tuple[str, str]] = Counter()
    for (m, _), held in same.items():
        for pair in combinations(held, 2):
            bits[pair] += -math.log2((len(held) - 1) / in_month[m])
            equal[pair] += 1
    n = len(units)
    needed = math.log2(max(2, n * (n - 1) / 2)) + math.log2(100)
    found = {pair: s for pair, s in bits.items() if equal[pair] >= 4 and rounded(s) >= rounded(needed)}
    instalment = {r.unit for r in stated.rows("payment") if r["is_instalment"]}
    for a, b in sorted(found.keys() | _scaled(months, units)):
        owners = {stated.owner(a), stated.owner(b)}
        if len(owners) == 1 and {a, b} <= instalment:
            yield Answer("R12", "project", a, "na", counterpart_id=b, reason="instalment contract of one owner")
            continue
        yield Answer(
            "R12", "project", a, "fail", counterpart_id=b, severity="flag" if len(owners) == 1 else "quarantine",
            statistic=found.get((a, b)),
        )  # fmt: skip
    for pair in bits.keys() - found.keys():
        common = len(months[pair[0]].keys() & months[pair[1]].keys())
        yield Answer("R12", "project", pair[0], "pass" if common >= 4 else "na", counterpart_id=pair[1])


def _scaled(months: dict[str, dict[int, Decimal]], units: list[str]) -> set[tuple[str, str]]:
    """Pairs whose months differ by one factor over at least 6 common months."""
    columns = {m: i for i, m in enumerate(sorted({m for held in months.values() for m in held}))}
    logs = np.full((len(units), len(columns)), np.nan)
    for i, u in enumerate(units):
        for m, v in months[u].items():
            logs[i, columns[m]] = math.log(v)
    out = set()
    for i in range(len(units) - 1):
        apart = logs[i + 1 :] - logs[i]
        here = ~np.isnan(apart)
        n = here.sum(axis=1)
        for j in np.flatnonzero(n >= 6):
            values = apart[j][here[j]]
            mine, theirs = logs[i][here[j]], logs[i + 1 + j][here[j]]
            if rounded(float(np.std(values, ddof=1))) <= 0.01 and (np.ptp(mine) > 0 or np.ptp(theirs) > 0):
                out.add(_pair(units[i], units[i + 1 + j]))
    return out


# R13


def r13(stated: Stated) -> Iterator[Answer]:
    """A contract or invoice cited by more than one project with sum > 1.05 x face; one project whose contracts are of
    at least 3 owners, each under 500; a name with 打捆, 等N个项目 or 批次. A permit has no sum: R11 sees it.

    face: contract_amount or invoice_amount (the largest told); owner of a contract: who pays on it.
    """
    failed: set[str] = set()
    for number, face in (("contract_no", "contract_amount"), ("invoice_no", "invoice_amount")):
        cited: dict[str, list[Row]] = defaultdict(list)
        for r in stated.rows("payment"):
            if r[number]:
                cited[str(r[number])].append(r)
        for rows in cited.values():
            units = {r.unit for r in rows}
            if len(units) > 1 and sum(r["amount"] for r in rows) > Decimal("1.05") * max(r[face] for r in rows):
                failed |= units
    small: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for r in stated.rows("payment"):
        if r["contract_no"] and r["contract_amount"] < 5_000_000 and r["purpose"] != "土地":
            small[r.unit][str(r["payer_uscc"] or r["payer"])].add(str(r["contract_no"]))
    failed |= {unit for unit, owners in small.items() if len(owners) >= 3}
    names: dict[str, set[str]] = defaultdict(set)
    for no, r in stated.ledger.items():
        names[no].add(str(r["project_name"]))
    for unit, filings in stated.projects.items():
        names[unit] |= {str(r["project_name"]) for r in filings}
    failed |= {unit for unit, told in names.items() if any(BATCH.search(name) for name in told)}
    for unit in sorted(names.keys() | small.keys() | failed):
        yield Answer("R13", "project", unit, "fail" if unit in failed else "pass",
                     severity="quarantine" if unit in failed else None)  # fmt: skip


# R43


def r43(stated: Stated) -> Iterator[Answer]:
    """Two filings of one firm on one parcel (the same address where there is none) within 90 days, each within 5 % of
    5,000, 10,000 or 50,000: flag. Phases that a name tells were agreed at signing."""
    first: dict[str, Row] = {}
    for r in stated.told("filing"):
        first.setdefault(str(r["project_code"]), r)
    standing = {str(r["project_code"]) for r in stated.rows("filing")}
    by_place: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for code, r in first.items():
        if code in standing:
            by_place[str(r["uscc"]), str(r["parcel_no"] or r["site_address"])].append(r)
    answers: dict[tuple[str, str], tuple[str, str | None]] = {}
    for rows in by_place.values():
        for a, b in combinations(rows, 2):
            if a.unit == b.unit or abs((a["filing_date"] - b["filing_date"]).days) > 90:
                continue
            near = all(any(abs(r["planned_investment"] - t) * 20 <= t for t in THRESHOLDS) for r in (a, b))
            phases = all(PHASE.search(r["project_name"]) for r in (a, b))
            outcome = "na" if near and phases else "fail" if near else "pass"
            answers[_pair(a.unit, b.unit)] = outcome, "flag" if outcome == "fail" else None
    for (a_unit, b_unit), (outcome, severity) in sorted(answers.items()):
        yield Answer("R43", "project", a_unit, outcome, counterpart_id=b_unit, severity=severity)


READINGS = {"R11": r11, "R12": r12, "R13": r13, "R43": r43}
