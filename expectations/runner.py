"""Run rules through Great Expectations on one DuckDB file, and read what it says with care.

Traps of Great Expectations 1.24.1 that are handled here: `.success` is false for any failure, even an
informative one, so it is never a gate; a class's severity is dropped, so it is passed on instances; an
exception inside an expectation looks like a data failure of the expectation's own severity, so
`exception_info` (two shapes) is read first and a rule that could not run is *broken*, which is critical.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from expectations.registry import Severity, rule_info
from expectations.rules import Runnable

Outcome = Literal["pass", "fail", "broken"]
BROKEN_SEVERITY: Severity = "critical"


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations said of one rule."""

    rule_id: str
    outcome: Outcome
    severity: Severity
    unexpected_count: int = 0
    error: str = ""

    @classmethod
    def broken(cls, rule_id: str, error: str) -> Verdict:
        return cls(rule_id, "broken", BROKEN_SEVERITY, 0, first_line(error))


def run_rules(database: Path, rules: Sequence[Runnable], memory_limit: str = "2GB") -> dict[str, Verdict]:
    """Validate all rules: one read-only context, one suite a table. Never raises for what it finds."""
    import great_expectations as gx  # seconds: never at import time

    from expectations.datasource import open_datasource

    verdicts: dict[str, Verdict] = {}
    by_table: dict[str, list[Runnable]] = {}
    for rule in rules:
        by_table.setdefault(rule.table, []).append(rule)
    with warnings.catch_warnings(), open_datasource(database, memory_limit) as (_, datasource):
        warnings.simplefilter("ignore")
        for table, group in sorted(by_table.items()):
            try:
                results = _validate(gx, datasource, table, group)
            except Exception as e:
                results = {r.rule_id: Verdict.broken(r.rule_id, f"{type(e).__name__}: {e}") for r in group}
            verdicts.update(results)
    for rule in rules:
        if rule.rule_id not in verdicts:
            verdicts[rule.rule_id] = Verdict.broken(rule.rule_id, "Great Expectations returned no result")
    return verdicts


def _validate(gx: Any, datasource: Any, table: str, rules: Iterable[Runnable]) -> dict[str, Verdict]:
    schema, _, name = table.rpartition(".")
    suite = gx.ExpectationSuite(name=table)
    severity: dict[str, Severity] = {}
    verdicts: dict[str, Verdict] = {}
    with redirect_stdout(io.StringIO()):  # Great Expectations prints advice on queries
        for rule in rules:
            severity[rule.rule_id] = rule_info(rule.rule_id).severity
            suite.add_expectation(rule.expectation(gx, severity[rule.rule_id]))
        asset = datasource.add_table_asset(table, table_name=name, schema_name=schema or None)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        outcome = batch.validate(suite, result_format="SUMMARY")
    for result in outcome.results:
        verdict = read_result(result)
        if verdict.outcome != "broken" and verdict.severity != severity[verdict.rule_id]:
            verdict = Verdict.broken(
                verdict.rule_id, f"severity {verdict.severity} instead of {severity[verdict.rule_id]}"
            )
        verdicts[verdict.rule_id] = verdict
    return verdicts


def read_result(result: Any) -> Verdict:
    """One expectation's result. An exception inside it makes the rule broken, whatever its severity."""
    config = result.expectation_config
    rule_id = str((config.meta or {})["rule_id"])
    error = exception_text(result.exception_info)
    if error is not None:
        return Verdict.broken(rule_id, error)
    severity = str(getattr(config.severity, "value", config.severity))
    if result.success:
        return Verdict(rule_id, "pass", severity)  # type: ignore[arg-type]
    detail: Mapping[str, Any] = result.result or {}
    if config.type == "unexpected_rows_expectation":
        count = int(detail.get("observed_value") or 0)
    else:
        count = int(detail.get("unexpected_count") or 1)
    return Verdict(rule_id, "fail", severity, count)  # type: ignore[arg-type]


def exception_text(info: Any) -> str | None:
    """The message of an exception inside an expectation, or None when there was none.

    Two shapes: `{"raised_exception": bool, "exception_message": ...}`, or one such dict for each metric.
    """
    if not isinstance(info, Mapping) or not info:
        return None
    if "raised_exception" in info:
        return str(info.get("exception_message") or "exception") if info["raised_exception"] else None
    texts = {
        str(v.get("exception_message") or "exception")
        for v in info.values()
        if isinstance(v, Mapping) and v.get("raised_exception", True)
    }
    return "; ".join(sorted(texts)) if texts else None


def first_line(text: str, limit: int = 300) -> str:
    """The first line that says something: no traceback, no SQL of pages' length in a message to people."""
    line = next((part.strip() for part in text.splitlines() if part.strip()), "exception")
    return line if len(line) <= limit else line[: limit - 1] + "…"
