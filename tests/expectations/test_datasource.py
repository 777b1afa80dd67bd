"""Canary: what we rely on in Great Expectations on DuckDB still holds, and its traps are still where we handle them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.rules import Between, NoRows, Rule
from expectations.runner import exception_text, read_result, run_rules


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("质效 gx") / "wh.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA m")
        con.execute(
            """CREATE TABLE m.t AS SELECT i AS id, '企业' || i AS name, CAST(i AS DECIMAL(18,6)) AS amount,
            CASE WHEN i % 10 = 0 THEN NULL ELSE i / 100.0 END AS share FROM range(1000) AS r(i)"""
        )
    return path


def validate(database: Path, *expectations: Any) -> dict[str, Any]:
    import great_expectations as gx

    from expectations.datasource import open_datasource

    with open_datasource(database) as (context, datasource):
        suite = gx.ExpectationSuite(name="s", expectations=list(expectations))
        asset = datasource.add_table_asset("t", table_name="t", schema_name="m")
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(
                name="v", data=asset.add_batch_definition_whole_table("all"), suite=context.suites.add(suite)
            )
        )
        return {(r.expectation_config.meta or {})["rule_id"]: r for r in definition.run().results}


def test_counts_nulls_bounds_columns_and_unexpected_rows(database: Path) -> None:
    import great_expectations as gx

    e = gx.expectations
    results = validate(
        database,
        e.ExpectTableRowCountToBeBetween(min_value=1000, max_value=1000, meta={"rule_id": "count"}),
        e.ExpectColumnValuesToNotBeNull(column="share", meta={"rule_id": "null"}),
        e.ExpectColumnValuesToBeBetween(column="share", max_value=9, meta={"rule_id": "between"}),
        e.ExpectTableColumnsToMatchOrderedList(
            column_list=["id", "name", "amount", "share"], meta={"rule_id": "columns"}
        ),
        e.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT * FROM {batch} WHERE regexp_matches(name, '^企业99[0-9]{{1}}$')",
            meta={"rule_id": "rows"},
        ),
    )
    assert results["count"].success and results["count"].result["observed_value"] == 1000
    assert results["null"].result["unexpected_count"] == 100
    assert results["between"].result["unexpected_count"] == 90
    assert results["columns"].success
    assert results["rows"].result["observed_value"] == 10


def test_severity_holds_on_instances_in_all_three_values(database: Path) -> None:
    import great_expectations as gx

    results = validate(
        database,
        *(
            gx.expectations.ExpectTableRowCountToBeBetween(max_value=n, severity=s, meta={"rule_id": s})
            for n, s in enumerate(("critical", "warning", "info"))
        ),
    )
    assert {k: read_result(r).severity for k, r in results.items()} == {
        "critical": "critical",
        "warning": "warning",
        "info": "info",
    }
    assert all(not r.success for r in results.values())  # `.success` is no gate: an info failure is one too


def test_an_exception_is_not_a_data_failure(database: Path) -> None:
    import great_expectations as gx

    results = validate(
        database,
        gx.expectations.ExpectColumnValuesToBeBetween(
            column="nowhere", max_value=1, severity="info", meta={"rule_id": "built-in"}
        ),
        gx.expectations.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT nowhere FROM {batch}", severity="info", meta={"rule_id": "sql"}
        ),
    )
    for result in results.values():
        verdict = read_result(result)
        assert (verdict.outcome, verdict.severity) == ("broken", "critical")
        assert "nowhere" in verdict.error


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"raised_exception": False, "exception_message": None}, None),
        ({"raised_exception": True, "exception_message": "bad"}, "bad"),
        ({"metric a": {"raised_exception": True, "exception_message": "bad"}}, "bad"),
        ({"a": {"exception_message": "x"}, "b": {"raised_exception": True, "exception_message": "y"}}, "x; y"),
        ({"a": {"raised_exception": False, "exception_message": None}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_both_shapes_of_exception_info(info: Any, text: str | None) -> None:
    assert exception_text(info) == text


def test_the_database_can_be_written_again_after_a_run(database: Path) -> None:
    rules = [
        Rule("gate.volume.rows", "m.t", Between("share", None, 9), "share", "'<= 9'", "{entity}", "{entity}"),
        Rule("gate.accounting.rows", "m.t", NoRows("id < 0"), "id", "'>= 0'", "{entity}", "{entity}"),
        Rule("gate.accounting.money", "m.gone", NoRows("id < 0"), "id", "'>= 0'", "{entity}", "{entity}"),
    ]
    verdicts = run_rules(database, rules)
    assert {k: (v.outcome, v.severity, v.unexpected_count) for k, v in verdicts.items()} == {
        "gate.volume.rows": ("fail", "warning", 90),
        "gate.accounting.rows": ("pass", "critical", 0),
        "gate.accounting.money": ("broken", "critical", 0),
    }
    with duckdb.connect(str(database), config={"threads": 1}) as con:
        con.execute("CREATE TABLE m.after (i INTEGER)")


def test_importing_the_package_does_not_import_great_expectations() -> None:
    import subprocess

    code = (
        "import sys, expectations, expectations.gate, expectations.candidate, expectations.results;"
        "sys.exit('great_expectations' in sys.modules or 'sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
