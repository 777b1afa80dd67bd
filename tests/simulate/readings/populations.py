"""R10, R18-R22: boards whose figures, taken together, look made. Triage: nothing is said of one project."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

import numpy as np
from scipy import stats

from tests.simulate.readings.stated import (
    AS_OF,
    Answer,
    Stated,
    benjamini_hochberg,
    name_of,
    rounded,
    rounding_unit,
    seeded,
)

THRESHOLDS = (500, 1000, 5000, 10000, 50000)
DRAWS = 20000
SHUFFLES = 5000
YEARS = tuple(range(2021, AS_OF.year + 1))

Key = tuple[str, str]
"""Board and series; the series is the counterpart_id."""


def board_of(stated: Stated, unit: str) -> str:
    """The ledger's, else that of the firm in the register."""
    row = stated.ledger.get(unit)
    if row is not None:
        return str(row["reporting_unit"])
    firm = stated.firms.get(stated.owner(unit) or "")
    return str(firm["reporting_unit"]) if firm is not None else "未知"


def r10(stated: Stated) -> Iterator[Answer]:
    """Filing register up to the end of the year: count(c, 1.1c) / count[0.9c, c) >= 2 and one-sided binomial p < 0.01
    after Benjamini-Hochberg within the year. counterpart_id is c. The exact value c is reported apart: it is in
    neither count. na: fewer than 30 filings in both counts."""
    for year in YEARS:
        held: dict[str, list[Decimal]] = defaultdict(list)
        for r in stated.rows("filing"):
            if r["filing_date"].year <= year:
                held[board_of(stated, r.unit)].append(r["planned_investment"])
        counts: dict[tuple[str, int], tuple[int, int]] = {}
        for board, amounts in held.items():
            for c in THRESHOLDS:
                above = sum(c < v < c * Decimal("1.1") for v in amounts)
                below = sum(c * Decimal("0.9") <= v < c for v in amounts)
                counts[board, c] = (above, below)
        p = {
            k: float(stats.binomtest(a, a + b, 0.5, alternative="greater").pvalue)
            for k, (a, b) in counts.items()
            if a + b >= 30
        }
        kept = benjamini_hochberg(p)
        for (board, c), (above, below) in counts.items():
            k = (board, c)
            if k not in p:
                yield Answer(
                    "R10", "reporting_unit", board, "na", str(year), str(c), reason=f"n = {above + below} < 30"
                )
                continue
            failed = above >= 2 * below and rounded(p[k]) < 0.01 and k in kept
            yield Answer(
                "R10", "reporting_unit", board, "fail" if failed else "pass", str(year), str(c),
                severity="flag" if failed else None, statistic=above / max(1, below),
            )  # fmt: skip


def r18(stated: Stated) -> Iterator[Answer]:
    """Board x metric, years up to this one: abs(Y / target - 1) <= 0.001 in at least three; or more years within 0.05
    points of a whole percentage than the 99.9 % point of 20,000 draws of uniform remainders; or, with at least 50
    years x metrics of a board, count[1.00, 1.02) / count[0.98, 1.00) >= 2, binomial p < 0.01.

    Metric (counterpart_id): 完成投资. Count targets under 100 are no units. A year whose target was received, or last
    changed, after its end is left out; na under three years.
    """
    first: dict[tuple[int, str], tuple[Decimal, date]] = {}
    for r in stated.told("target"):
        if r["metric"] == "完成投资":
            key = (r["stat_year"], str(r["reporting_unit"]))
            if key not in first or first[key][0] != r["target_value"]:
                first[key] = (r["target_value"], r.received_on)
    done: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for r in stated.rows("fai"):
        done[r["stat_period"].year, str(r["reporting_unit"])] += r["investment_month"]
    boards = sorted({b for _, b in first})
    for board in boards:
        ratios: list[float] = []
        for year in YEARS:
            value = first.get((year, board))
            if year < AS_OF.year and value is not None and value[1] <= date(year, 12, 31) and value[0]:
                ratios.append(float(done[year, board] / value[0]))
            if len(ratios) < 3:
                yield Answer("R18", "reporting_unit", board, "na", str(year), "完成投资", reason="fewer than 3 years")
                continue
            hits = sum(abs(rounded(x - 1)) <= 0.001 for x in ratios)
            near = sum(abs(100 * x - round(100 * x)) <= 0.05 for x in ratios)
            remainders = seeded("R18", board, str(year)).random((DRAWS, len(ratios))) - 0.5
            point = float(np.quantile((np.abs(remainders) <= 0.05).sum(axis=1), 0.999, method="higher"))
            failed = hits >= 3 or near > point
            yield Answer(
                "R18", "reporting_unit", board, "fail" if failed else "pass", str(year), "完成投资",
                severity="flag" if failed else None, statistic=float(max(hits, near)),
            )  # fmt: skip


def r19(stated: Stated) -> Iterator[Answer]:
    """k >= 4 firms of a board and month share g = round(output / output a year before - 1, 3), and a Poisson variable
    with the density of the other boards around g (within 0.01, at least half a firm) reaches k with p < 0.001, after
    Benjamini-Hochberg within the month. na: fewer than 8 firms."""
    output = stated.monthly("output", "output_value")
    board = {str(r["uscc"]): str(r["reporting_unit"]) for r in stated.rows("output")}
    for m in sorted({m for held in output.values() for m in held}):
        growth: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for f, held in output.items():
            if m in held and held.get(m - 12):
                growth[board[f]][f] = round(held[m] / held[m - 12] - 1, 3)
        shared: dict[str, tuple[int, float]] = {}
        for b, rates in growth.items():
            if len(rates) < 8:
                yield Answer("R19", "reporting_unit", b, "na", name_of(m), reason=f"n = {len(rates)} < 8")
                continue
            others = [g for q, held2 in growth.items() if q != b for g in held2.values()]
            best = (0, 1.0)
            for g, k in Counter(rates.values()).items():
                close = sum(abs(x - g) <= Decimal("0.01") for x in others)
                density = max(close, 0.5) / (21 * max(1, len(others)))
                p = float(stats.poisson.sf(k - 1, len(rates) * density))
                if k >= 4 and p < best[1]:
                    best = (k, p)
            shared[b] = best
        kept = benjamini_hochberg({b: p for b, (_, p) in shared.items()})
        for b, (k, p) in shared.items():
            failed = k >= 4 and rounded(p) < 0.001 and b in kept
            yield Answer(
                "R19", "reporting_unit", b, "fail" if failed else "pass", name_of(m),
                severity="flag" if failed else None, statistic=float(k),
            )  # fmt: skip


def values_of(stated: Stated, year: int) -> dict[Key, list[tuple[Decimal, Decimal]]]:
    """Board x series -> (value, the reporter's unit u) of every non-zero value up to the end of the year.

    A figure that a reporter repeats in the next report is R14's matter and counts once.
    """
    out: dict[Key, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    reports: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for r in stated.rows("fai"):
        if r["stat_period"].year <= year and r["investment_month"]:
            reports[str(r["project_code"])].append((str(r["reporting_unit"]), r["investment_month"]))
    for held in reports.values():
        u = rounding_unit(v for _, v in held)
        for n, (board, v) in enumerate(held):
            if n == 0 or v != held[n - 1][1]:
                out[board, "fai.investment_month"].append((v, u))
    outputs: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for r in stated.rows("output"):
        if r["stat_period"].year <= year and r["output_value"]:
            outputs[str(r["uscc"])].append((str(r["reporting_unit"]), r["output_value"]))
    for held in outputs.values():
        u = rounding_unit(v for _, v in held)
        for n, (board, v) in enumerate(held):
            if n == 0 or v != held[n - 1][1]:
                out[board, "output.output_value"].append((v, u))
    for r in stated.rows("filing"):
        if r["filing_date"].year <= year and r["planned_investment"]:
            out[board_of(stated, r.unit), "filing.planned_investment"].append((r["planned_investment"], Decimal(1)))
    return out


def digits(value: Decimal, n: int) -> int:
    """The first n digits, from the decimal text."""
    text = "".join(str(d) for d in abs(value).normalize().as_tuple().digits).lstrip("0")
    return int(text.ljust(n, "0")[:n])


def benford(n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    low = 10 ** (n - 1)
    return np.log10(1 + 1 / np.arange(low, low * 10))


def mad_of(
    counts: np.ndarray[tuple[int, ...], np.dtype[np.float64]], shares: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Mean absolute deviation of the shares from Benford's, along the last axis."""
    return np.abs(counts / counts.sum(axis=-1, keepdims=True) - shares).mean(axis=-1)  # type: ignore[no-any-return]


def r20(stated: Stated, years: Sequence[int] = YEARS) -> Iterator[Answer]:
    """First digit: MAD > 0.015, MAD > 0.2348 / sqrt(n), and 20,000 draws from Benford reach it with p < 0.001; first
    two digits likewise with 0.0022 and 0.07935 from n = 2000 on. Benjamini-Hochberg within the year.

    na: output (a floor: only firms above scale report it); n < 750; p99 / p1 < 100; a fifth or more of the
    values repeated (1 - distinct / n).
    """
    for year in years:
        p: dict[Key, float] = {}
        mads: dict[Key, float] = {}
        reasons: dict[Key, str] = {}
        for key, held in sorted(values_of(stated, year).items()):
            amounts = [float(abs(v)) for v, _ in held]
            n = len(amounts)
            low, high = np.quantile(amounts, (0.01, 0.99))
            if key[1] == "output.output_value":
                reasons[key] = "a floor: firms above scale alone report"
            elif n < 750:
                reasons[key] = f"n = {n} < 750"
            elif high / low < 100:
                reasons[key] = "narrow amounts"
            elif 1 - len(set(amounts)) / n >= 0.2:
                reasons[key] = "repeats"
            else:
                p[key] = 1.0
                for k, limit, excess in ((1, 0.015, 0.2348), (2, 0.0022, 0.07935)):
                    if k == 2 and n < 2000:
                        continue
                    first = 10 ** (k - 1)
                    seen = np.bincount([digits(v, k) for v, _ in held], minlength=first * 10)[first:].astype(float)
                    mad = rounded(float(mad_of(seen, benford(k))))
                    mads[key] = max(mads.get(key, 0.0), mad) if k == 1 else mads[key]
                    if mad > limit and mad > excess / np.sqrt(n):
                        null = seeded("R20", "|".join(key), str(year)).multinomial(
                            n, benford(k) / benford(k).sum(), DRAWS
                        )
                        share = (1 + int((mad_of(null.astype(float), benford(k)) >= mad).sum())) / (DRAWS + 1)
                        p[key] = min(p[key], share)
        kept = benjamini_hochberg(p)
        for key, reason in reasons.items():
            yield Answer("R20", "reporting_unit", key[0], "na", str(year), key[1], reason=reason)
        for key, value in p.items():
            failed = value < 0.001 and key in kept
            yield Answer(
                "R20", "reporting_unit", key[0], "fail" if failed else "pass", str(year), key[1],
                severity="flag" if failed else None, statistic=mads.get(key),
            )  # fmt: skip


def r21(stated: Stated, years: Sequence[int] = YEARS) -> Iterator[Answer]:
    """Of values with three digits or more in the reporter's unit: last digit chi2 > 21.666 (n >= 200), last two over
    134.642 (n >= 500, four digits); or the share of round numbers (last digit 0 in the unit) unlike the other boards'
    of the series, two-sided binomial p < 0.001. Plans are round by nature: the filing series is asked for the share
    alone. Benjamini-Hochberg within the year over the smallest p of a unit times the number of its tests. na: n < 200.
    """
    for year in years:
        held = {k: [int(v / u) for v, u in vs if abs(v) >= 100 * u] for k, vs in values_of(stated, year).items()}
        rounds = {k: sum(v % 10 == 0 for v in vs) for k, vs in held.items()}
        p: dict[Key, float] = {}
        hits: dict[Key, bool] = {}
        for key, vs in held.items():
            n = len(vs)
            if n < 200:
                yield Answer("R21", "reporting_unit", key[0], "na", str(year), key[1], reason=f"n = {n} < 200")
                continue
            tests: list[tuple[float, bool]] = []
            if key[1] != "filing.planned_investment":
                chi2 = float(stats.chisquare(np.bincount([abs(v) % 10 for v in vs], minlength=10)).statistic)
                tests.append((float(stats.chi2.sf(chi2, 9)), rounded(chi2) > 21.666))
                long = [abs(v) for v in vs if abs(v) >= 1000]
                if len(long) >= 500:
                    chi2 = float(stats.chisquare(np.bincount([v % 100 for v in long], minlength=100)).statistic)
                    tests.append((float(stats.chi2.sf(chi2, 99)), rounded(chi2) > 134.642))
            others = [k for k in held if k[1] == key[1] and k != key]
            whole = sum(len(held[k]) for k in others)
            if whole >= 200:
                share = sum(rounds[k] for k in others) / whole
                if 0 < share < 1:
                    value = float(stats.binomtest(rounds[key], n, share).pvalue)
                    tests.append((value, value < 0.001))
            if tests:
                p[key] = min(1.0, min(v for v, _ in tests) * len(tests))
                hits[key] = any(hit for _, hit in tests)
        kept = benjamini_hochberg(p)
        for key, value in p.items():
            failed = hits[key] and key in kept
            yield Answer(
                "R21", "reporting_unit", key[0], "fail" if failed else "pass", str(year), key[1],
                severity="flag" if failed else None, statistic=rounded(value),
            )  # fmt: skip


def r22(stated: Stated, years: Sequence[int] = YEARS) -> Iterator[Answer]:
    """Of values with three digits or more in the reporter's unit: average frequency sum f^2 / sum f against 5,000
    shuffles of the last two digits, p < 0.001, Benjamini-Hochberg within the year. na: n < 100; plans (round by
    nature)."""
    for year in years:
        p: dict[Key, float] = {}
        found: dict[Key, float] = {}
        for key, vs in sorted(values_of(stated, year).items()):
            held = np.array([int(v / u) for v, u in vs if v >= 100 * u], dtype=np.int64)
            n = len(held)
            if n < 100 or key[1] == "filing.planned_investment":
                reason = f"n = {n} < 100" if n < 100 else "plans are round"
                yield Answer("R22", "reporting_unit", key[0], "na", str(year), key[1], reason=reason)
                continue
            heads, tails = held // 100 * 100, held % 100
            af = _average_frequency(held)
            draws = seeded("R22", "|".join(key), str(year))
            above = 0
            for i in range(SHUFFLES):
                above += _average_frequency(heads + draws.permutation(tails)) >= af
                if above > 25 and i < SHUFFLES - 1:
                    # Far from 0.001 already: the rest would not bring it back.
                    above = SHUFFLES
                    break
            p[key] = (1 + above) / (SHUFFLES + 1)
            found[key] = rounded(af)
        kept = benjamini_hochberg(p)
        for key, value in p.items():
            failed = value < 0.001 and key in kept
            yield Answer(
                "R22", "reporting_unit", key[0], "fail" if failed else "pass", str(year), key[1],
                severity="flag" if failed else None, statistic=found[key],
            )  # fmt: skip


def _average_frequency(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    counts = np.unique(values, return_counts=True)[1]
    return float((counts * counts).sum() / counts.sum())
