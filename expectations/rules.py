"""What a rule is: a measure table in DuckDB, and what must hold for its rows.

The same rule object gives Great Expectations its expectation and gives us the SQL that lists the failing
rows (Great Expectations returns only a sample of them). The two counts are compared after every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from expectations.registry import Severity


class Runnable(Protocol):
    """What the runner needs of a rule: a table to bind to, an expectation, and the failing rows as SQL."""

    @property
    def rule_id(self) -> str: ...

    @property
    def table(self) -> str: ...

    def expectation(self, gx: Any, severity: Severity) -> Any: ...

    def failing_sql(self) -> str: ...


class Check(Protocol):
    """What must hold for the rows of a table."""

    def expectation(self, gx: Any, applies: str, severity: Severity, rule_id: str) -> Any:
        """The expectation of Great Expectations, with its severity on the instance (a class's is dropped)."""

    def failing(self, applies: str) -> str:
        """SQL condition of the failing rows."""

    def examined(self, applies: str) -> str:
        """SQL condition of the rows that the rule looks at."""


@dataclass(frozen=True)
class Between:
    """A measure lies between two bounds; null means that the rule does not apply to the row."""

    column: str
    low: float | None = None
    high: float | None = None

    def expectation(self, gx: Any, applies: str, severity: Severity, rule_id: str) -> Any:
        if applies != "TRUE":
            raise ValueError(f"{rule_id}: a Between rule says 'does not apply' by a null measure")
        return gx.expectations.ExpectColumnValuesToBeBetween(
            column=self.column,
            min_value=self.low,
            max_value=self.high,
            severity=severity,
            meta={"rule_id": rule_id},
        )

    def failing(self, applies: str) -> str:
        parts = []
        if self.low is not None:
            parts.append(f"{self.column} < {self.low}")
        if self.high is not None:
            parts.append(f"{self.column} > {self.high}")
        return f"({' OR '.join(parts)})"

    def examined(self, applies: str) -> str:
        return f"{self.column} IS NOT NULL"


@dataclass(frozen=True)
class NoRows:
    """No row meets the condition. Patterns go here too: the regex expectations are refused on DuckDB."""

    where: str

    def expectation(self, gx: Any, applies: str, severity: Severity, rule_id: str) -> Any:
        condition = self.failing(applies).replace("{", "{{").replace("}", "}}")
        return gx.expectations.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT * FROM {{batch}} WHERE {condition}",
            severity=severity,
            meta={"rule_id": rule_id},
        )

    def failing(self, applies: str) -> str:
        return f"({applies}) AND coalesce(({self.where}), TRUE)"

    def examined(self, applies: str) -> str:
        return f"({applies})"


@dataclass(frozen=True)
class Rule:
    """One rule on one measure table.

    `table` has the columns entity, source, district_code, received_on, file_sha256; `observed` and
    `expected` are SQL expressions over it; `zh` and `en` are format strings over observed, expected, entity
    and every column of the table.
    """

    rule_id: str
    table: str
    check: Check
    observed: str
    expected: str
    zh: str
    en: str
    applies: str = "TRUE"

    def expectation(self, gx: Any, severity: Severity) -> Any:
        return self.check.expectation(gx, self.applies, severity, self.rule_id)

    def failing_sql(self) -> str:
        """The failing rows with `observed_` and `expected_`, in a fixed order."""
        return (
            f"SELECT *, CAST({self.observed} AS VARCHAR) AS observed_, CAST({self.expected} AS VARCHAR) AS"
            f" expected_ FROM {self.table} WHERE {self.check.failing(self.applies)}"
            " ORDER BY source NULLS FIRST, received_on NULLS FIRST, entity, file_sha256 NULLS FIRST,"
            " observed_ NULLS FIRST"
        )

    def examined_sql(self) -> str:
        """How many rows of each source and district the rule looked at."""
        return (
            f"SELECT source, district_code, count(*) AS n FROM {self.table}"
            f" WHERE {self.check.examined(self.applies)} GROUP BY ALL ORDER BY ALL"
        )
