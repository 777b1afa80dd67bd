"""R14-R17: series of monthly investment that no building site would give."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from tests.simulate.readings.stated import AS_OF, Answer, Stated, division, name_of, rounded, rounding_unit, section

INSTALMENT_MONTHS = 4


def _months(stated: Stated, unit: str) -> dict[int, Decimal]:
    return {m: v["investment_month"] for m, v in stated.investment[unit].items()}


def _gap(a: int, b: int) -> bool:
    """Whether no reported month lies between: February follows December."""
    return b - a == 1 or (b - a == 2 and (a + 1) % 12 == 0)


def r14(stated: Stated) -> Iterator[Answer]:
    """Longest run L of equal non-zero months; or a constant non-zero difference over at least four steps.

    L >= 3 and m/u >= 100, L >= 4 and m/u >= 20, L > 6, or the line: flag. From L >= 6 where one of the first two
    holds, and for every L > 6: quarantine. na: fewer than 4 periods with investment; payments by instalment.
    """
    instalment = {r.unit for r in stated.rows("payment") if r["is_instalment"]}
    for unit in stated.investment:
        series = _months(stated, unit)
        if sum(v != 0 for v in series.values()) < 4:
            yield Answer("R14", "project", unit, "na", reason="fewer than 4 periods")
            continue
        if unit in instalment:
            yield Answer("R14", "project", unit, "na", reason="instalment contract")
            continue
        u = rounding_unit(series.values())
        months = sorted(series)
        runs: list[tuple[int, Decimal]] = []
        line, steps = 0, 0
        for i, m in enumerate(months):
            v = series[m]
            joined = i > 0 and _gap(months[i - 1], m)
            if joined and runs and v and v == series[months[i - 1]]:
                runs[-1] = (runs[-1][0] + 1, v)
            else:
                runs.append((1 if v else 0, v))
            if i >= 2 and joined and _gap(months[i - 2], months[i - 1]):
                now, then = v - series[months[i - 1]], series[months[i - 1]] - series[months[i - 2]]
                steps = (steps + 1 if steps else 2) if now == then and now != 0 else 0
            else:
                steps = 0
            line = max(line, steps)
        severe = any((n >= 6 and v / u >= 20) or n > 6 for n, v in runs)
        mild = any((n >= 3 and v / u >= 100) or (n >= 4 and v / u >= 20) for n, v in runs) or line >= 4
        yield Answer(
            "R14", "project", unit, "fail" if severe or mild else "pass",
            severity="quarantine" if severe else "flag" if mild else None,
            statistic=float(max(max(n for n, _ in runs), line)),
        )  # fmt: skip


def r15(stated: Stated) -> Iterator[Answer]:
    """A year whose months vary less than the peers' 1 % quantile and less than 0.15; or last year's, copied.

    sd(diff ln m) over the 11 reports of a year. Peers: other projects' years in the division, the section where there
    are fewer than 20; under 10 none (na). Copy: sd(m_t / m_t-12) / mean <= 0.005 + u / m (m: mean of the year's) over
    at least 6 months common to both years. na: fewer than 11 reports with investment, and fewer than 6 in common.
    """
    smooth: dict[tuple[str, int], float] = {}
    for unit in stated.investment:
        series = {m: v for m, v in _months(stated, unit).items() if v > 0}
        for year in {m // 12 for m in series}:
            held = [float(series[m]) for m in sorted(series) if m // 12 == year]
            if len(held) >= 11:
                smooth[unit, year] = rounded(float(np.std(np.diff(np.log(held)), ddof=1)))
    for unit in stated.investment:
        series = {m: v for m, v in _months(stated, unit).items() if v > 0}
        u = rounding_unit(series.values())
        for year in sorted({m // 12 for m in series}):
            common = [m for m in series if m // 12 == year and m - 12 in series]
            is_copy = False
            if len(common) >= 6:
                ratios = [float(series[m] / series[m - 12]) for m in common]
                mean = float(np.mean([float(series[m]) for m in common]))
                spread = rounded(float(np.std(ratios, ddof=1) / np.mean(ratios)))
                is_copy = spread <= 0.005 + float(u) / mean
            code = stated.industry(unit)
            others = [v for (q, _), v in smooth.items() if q != unit and division(stated.industry(q)) == division(code)]
            if len(others) < 20:
                others = [
                    v for (q, _), v in smooth.items() if q != unit and section(stated.industry(q)) == section(code)
                ]
            tested = (unit, year) in smooth and len(others) >= 10
            if not tested and len(common) < 6:
                yield Answer("R15", "project", unit, "na", str(year), reason="T < 11")
                continue
            is_smooth = tested and smooth[unit, year] < min(0.15, float(np.quantile(others, 0.01)))
            yield Answer(
                "R15", "project", unit, "fail" if is_smooth or is_copy else "pass", str(year),
                severity="flag" if is_smooth or is_copy else None, statistic=smooth.get((unit, year)),
            )  # fmt: skip


def spending(stated: Stated, unit: str) -> dict[int, Decimal]:
    """Month -> works paid + max(machines paid, the project's share of the firm's purchases of equipment)."""
    works: dict[int, Decimal] = defaultdict(Decimal)
    machines: dict[int, Decimal] = defaultdict(Decimal)
    for r in stated.payments_of.get(unit, []):
        m = r["paid_at"].year * 12 + r["paid_at"].month - 1
        if r["purpose"] == "土建":
            works[m] += r["amount"] / 10000
        elif r["purpose"] == "设备":
            machines[m] += r["amount"] / 10000
    for m, bought in stated.purchases(unit).items():
        machines[m] = max(machines[m], bought)
    for m, paid in machines.items():
        works[m] += paid
    return dict(works)


def r16(stated: Stated) -> Iterator[Answer]:
    """December holds the year's investment, and nobody was paid for it.

    D = December / year; Dpay: the same of spending, the best of December, December with January, and December with
    November (one month's shift). Fail: D >= max(0.40, 99 % quantile of the peers' project-years of three years) and
    D - Dpay >= 0.25: flag; >= 30 % of December taken back by April (negative months, or a later version of
    December): quarantine. Peers: the division, the section under 20. na: year not closed; no payments;
    fewer than 4 reports in the year (first report after entry).
    """
    shares: dict[tuple[str, int], float] = {}
    for unit in stated.investment:
        for year in {m // 12 for m in stated.investment[unit]}:
            held = {m: v for m, v in _months(stated, unit).items() if m // 12 == year}
            if len(held) >= 4 and sum(held.values()) > 0 and min(held.values()) >= 0:
                shares[unit, year] = float(held.get(year * 12 + 11, Decimal(0)) / sum(held.values()))
    first: dict[tuple[str, int], Decimal] = {}
    for r in stated.told("fai"):
        if r["stat_period"].month == 12:
            first.setdefault((r.unit, r["stat_period"].year), r["investment_month"])
    for (unit, year), share in sorted(shares.items()):
        at = year * 12 + 11
        paid = spending(stated, unit)
        total = sum((v for m, v in paid.items() if m // 12 == year), Decimal(0))
        if year >= AS_OF.year or total <= 0:
            yield Answer(
                "R16", "project", unit, "na", str(year), reason="not closed" if year >= AS_OF.year else "no payments"
            )
            continue
        dec, jan, nov = (paid.get(at + k, Decimal(0)) for k in (0, 1, -1))
        paid_share = max(dec / total, (dec + jan) / (total + jan), (dec + nov) / total)
        code = stated.industry(unit)
        near = [(q, v) for (q, y), v in shares.items() if q != unit and year - 2 <= y <= year]
        others = [v for q, v in near if division(stated.industry(q)) == division(code)]
        if len(others) < 20:
            others = [v for q, v in near if section(stated.industry(q)) == section(code)]
        if len(others) < 10:
            yield Answer("R16", "project", unit, "na", str(year), reason="peers < 10")
            continue
        limit = max(0.40, float(np.quantile(others, 0.99)))
        series = _months(stated, unit)
        december = series.get(at, Decimal(0))
        back = -sum((min(series.get(m, Decimal(0)), Decimal(0)) for m in range(at + 2, at + 5)), Decimal(0))
        back += max(Decimal(0), first.get((unit, year), december) - december)
        failed = rounded(share) >= limit and rounded(share - float(paid_share)) >= 0.25
        reversed_ = failed and december > 0 and back / december >= Decimal("0.30")
        yield Answer(
            "R16", "project", unit, "fail" if failed else "pass", str(year),
            severity="quarantine" if reversed_ else "flag" if failed else None, statistic=rounded(share),
        )  # fmt: skip


def r17(stated: Stated) -> Iterator[Answer]:
    """Hidiroglou-Berthelot on month over month, U = 0.5, A = 0.05, C = 20; neither month is a February.

    Stratum: the industry section in the month, the whole district where it has fewer than 30 pairs; na below 30.
    Equal pairs are dropped where they are half of all; P10/P90 take the place of the quartiles where one ratio is
    shared by more than 25 %. A pair with the first report after entry is not compared.
    """
    pairs: dict[int, dict[str, tuple[float, float]]] = defaultdict(dict)
    for unit in stated.investment:
        series = _months(stated, unit)
        for m, v in series.items():
            then = series.get(m - 1)
            if m % 12 >= 3 and then is not None and then > 0 and v > 0 and m - 1 > min(series):
                pairs[m][unit] = (float(then), float(v))
    for m, held in sorted(pairs.items()):
        sections = {unit: section(stated.industry(unit)) for unit in held}
        for unit in held:
            some = {q: v for q, v in held.items() if sections[q] == sections[unit]}
            if len(some) < 30:
                some = held
            if len(some) < 30:
                yield Answer("R17", "project", unit, "na", name_of(m), reason="N < 30")
                continue
            effect, low, high = _bounds(some)
            if unit not in effect:
                yield Answer("R17", "project", unit, "pass", name_of(m))
                continue
            failed = not low <= effect[unit] <= high
            yield Answer(
                "R17", "project", unit, "fail" if failed else "pass", name_of(m),
                severity="flag" if failed else None, statistic=rounded(effect[unit]),
            )  # fmt: skip


def _bounds(pairs: dict[str, tuple[float, float]]) -> tuple[dict[str, float], float, float]:
    equal = [q for q, (a, b) in pairs.items() if a == b]
    if len(equal) * 2 >= len(pairs):
        pairs = {q: v for q, v in pairs.items() if q not in equal}
    ratios = {q: b / a for q, (a, b) in pairs.items()}
    if not ratios:
        return {}, -math.inf, math.inf
    middle = float(np.median(list(ratios.values())))
    effect = {
        q: (1 - middle / r if r < middle else r / middle - 1) * math.sqrt(max(pairs[q])) for q, r in ratios.items()
    }
    counts = np.unique(np.round(list(ratios.values()), 8), return_counts=True)[1]
    shares = (10, 50, 90) if counts.max() > len(ratios) * 0.25 else (25, 50, 75)
    q1, q2, q3 = (float(x) for x in np.percentile(list(effect.values()), shares))
    floor = abs(0.05 * q2)
    return effect, q2 - 20 * max(q2 - q1, floor), q2 + 20 * max(q3 - q2, floor)
