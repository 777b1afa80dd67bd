"""The statistics that others published, from their figures, by the functions that the checks use (checks.md)."""

from __future__ import annotations

import csv
import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from zhixiao.checks import digits, nulls

DATA = Path(__file__).parents[1] / "data" / "benford"


def _rows(name: str) -> list[dict[str, str]]:
    path = DATA / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_sino_forest_is_a_proven_fraud_that_passes() -> None:
    texts = [row["value"] for row in _rows("sino_forest_2010.csv")]
    first, two = digits.leading_counts(texts, 1), digits.leading_counts(texts, 2)
    chi2, mad = digits.chi_square(first, digits.benford(1)), float(digits.mad(first, digits.benford(1)))
    assert first.sum() == 772
    assert round(chi2, 10) == 7.6517426989
    assert round(nulls.chi_square_p(chi2, 9), 6) == 0.468206
    assert round(mad, 7) == 0.0065981
    assert round(float(digits.mad(two, digits.benford(2))), 7) == 0.0034639
    assert round(digits.chi_square(two, digits.benford(2)), 3) == 166.816
    assert mad < 0.015, "R20 passes it"
    assert digits.excess_mad(mad, 772, 0.2348) < 0
    assert nulls.benford_p(mad, 772, 1, 20000, nulls.seeded("R20", "Sino-Forest", "2010")) > 0.3


def test_corporate_payments_by_their_decimal_text() -> None:
    texts = [row["amount"] for row in _rows("corporate_payment_2010.csv.gz")]
    positive = [text for text in texts if float(text) > 0]
    two = digits.leading_counts(positive, 2)
    mad = float(digits.mad(two, digits.benford(2)))
    assert two.sum() == 185083
    assert round(mad, 9) == 0.002336614
    assert round(digits.chi_square(two, digits.benford(2)), 3) == 32100.901
    assert mad > 0.0022
    assert digits.excess_mad(mad, 185083, 0.07935) > 0


def test_us_towns() -> None:
    texts = [text for row in _rows("census_2009_us_towns.csv.gz") if float(text := row["pop_2009"]) >= 10]
    two = digits.leading_counts(texts, 2)
    assert two.sum() == 19482
    assert round(digits.chi_square(two, digits.benford(2)), 3) == 107.939
    assert round(float(digits.mad(two, digits.benford(2))), 6) == 0.000621
    assert round(digits.distortion(np.array(texts, dtype=np.float64)), 4) == 0.7405


def test_sanitizer_study_repeats_its_figures() -> None:
    hundredths = np.array([int(Decimal(row["value"]) * 100) for row in _rows("sanitizer.csv")])
    assert len(hundredths) == 1600
    assert round(digits.average_frequency(hundredths), 4) == 1.5225
    told = [nulls.shuffle_p(hundredths, 5000, nulls.seeded("R22", "sanitizer", str(n))) for n in range(8)]
    assert float(np.mean(told)) == pytest.approx(0.0024, abs=0.0005)


def test_odometers_come_in_pairs_of_fonts() -> None:
    rows = _rows("odometer_fabricated.csv.gz")
    assert len(rows) == 13488
    four = {
        font: np.array(
            [
                [int(row[f"baseline_car{i}"]) for i in range(1, 5)]
                for row in rows
                if row["font"] == font and row["car_count"] == "4"
            ]
        )
        for font in ("Calibri", "Cambria")
    }
    assert digits.twins(four["Calibri"], four["Cambria"], 1000) == [1] * 22
    assert digits.twins(four["Cambria"], four["Calibri"], 1000) == [1] * 22
    for one in four.values():
        assert digits.twins(one, one, 1000) == [0] * 22
    first = {font: np.array([int(r["baseline_car1"]) for r in rows if r["font"] == font]) for font in four}
    assert round(digits.multiples_index(first["Calibri"], 10), 3) == 3.789
    assert round(digits.multiples_index(first["Cambria"], 10), 3) == 0.999
