"""The registry of the checks: `registry/R01.yaml` and so on, one file a check, read into typed objects."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent / "registry"

Family = Literal[
    "identities", "duplicates", "series", "cross_source", "ordering", "money", "populations", "identity_units"
]
"""The section headings of checks.md: the two-key rule asks for fails of two families."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(Strict):
    """One text in both languages."""

    zh: str
    en: str


class Threshold(Strict):
    """A parameter of a check, in force from a day on; `source`: a law, a paper, a case, or `T` (ours, to be tuned)."""

    parameter: str
    value: Decimal
    unit: str = ""
    effective_from: date = date(2016, 1, 1)
    source: str
    note: str = ""


class Example(Strict):
    """A worked case of the check's page; the unit test `test` of its model runs it."""

    test: str
    outcome: Literal["fail", "pass", "exempt", "na"]
    zh: str


class Check(Strict):
    """What is said about a check, once. The texts are for clerks: they state a question, never an accusation."""

    check_id: str = Field(pattern=r"^R(0[1-9]|[1-3]\d|4[0-5])$")
    slug: str = Field(pattern=r"^[a-z0-9_]+$")
    name: Said
    family: Family
    owner: str
    """The department that answers for the figures."""
    most: Literal["block", "quarantine", "flag"]
    """The strongest severity that a clause can ask for."""
    is_hard: bool = False
    """Its quarantine is effective alone."""
    is_population: bool = False
    """Board-level triage: it never marks a project."""
    has_p_value: bool = False
    has_self_alarm: bool = True
    unit: str
    """Entity x period, as checks.md gives it."""
    version: str = "1.0.0"
    minimum_sample: int | None = None
    inputs: tuple[str, ...]
    exemptions: tuple[Said, ...] = ()
    rule: Said
    formula: str
    why: Said
    assumptions: Said
    ask_for: Said
    """What the unit may hand in to explain the figure."""
    thresholds: tuple[Threshold, ...] = ()
    examples: tuple[Example, ...]

    @property
    def model(self) -> str:
        """Name of the dbt model."""
        return f"chk_{self.check_id.lower()}_{self.slug}"


@cache
def load_common() -> tuple[Threshold, ...]:
    """The parameters that all checks share."""
    rows = yaml.safe_load((FOLDER / "common.yaml").read_text(encoding="utf-8"))
    return tuple(Threshold.model_validate(row) for row in rows)


@cache
def load_checks() -> tuple[Check, ...]:
    """All checks, in the order of the catalogue."""
    return tuple(
        Check.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted(FOLDER.glob("R*.yaml"))
    )
