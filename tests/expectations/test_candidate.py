"""The gate on the candidate: a sound one may be published, every fault stops it, and so does a broken rule."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from expectations.candidate import Clocks, build_rules, run_audit
from expectations.registry import load_registry
from expectations.results import ResultRow, copy_results, read_results, write_results
from zhixiao.errors import LockError, PublicationRefused
from zhixiao.settings import Settings

from .builders import PAIR, SHA, make_candidate, settings_in


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("candidate"))
    make_candidate(settings)
    return settings


@pytest.fixture
def candidate(built: Settings, tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    settings.work_db.parent.mkdir(parents=True)
    shutil.copy(built.work_db, settings.work_db)
    return settings


def failing(rows: list[ResultRow]) -> dict[str, ResultRow]:
    return {r.rule_id: r for r in rows if not r.success}


def test_a_sound_candidate_may_be_published(candidate: Settings) -> None:
    before = candidate.work_db.read_bytes()
    result = run_audit(candidate, PAIR.known_on, PAIR.as_of)
    assert failing(result.rows) == {}
    assert result.may_publish and result.blocking == [] and result.problems == []
    result.require()
    assert {r.rule_id for r in result.rows} == {r for r in load_registry() if r.startswith("candidate.")}
    assert candidate.work_db.read_bytes() == before
    again = run_audit(candidate, PAIR.known_on, PAIR.as_of)
    assert again.rows == result.rows


FAULTS = [
    (
        "candidate.mart_funnel.columns",
        ["ALTER TABLE marts.mart_funnel ADD COLUMN extra INTEGER"],
        "extra",
    ),
    ("candidate.mart_funnel.rows", ["DELETE FROM marts.mart_funnel"], "0"),
    (
        "candidate.mart_funnel.value",
        ["UPDATE marts.mart_funnel SET value = 0 WHERE measure = 'on_target_rate' AND denominator = 0"],
        "0.000000",
    ),
    (
        "candidate.mart_funnel.value",
        ["UPDATE marts.mart_funnel SET value = 0.9 WHERE measure = 'filing_rate' AND basis = 'count'"],
        "0.900000",
    ),
    (
        "candidate.mart_funnel.bounds",
        [
            "INSERT INTO marts.mart_funnel SELECT * REPLACE ('landing_rate_36m' AS measure, 5 AS numerator,"
            " 2 AS denominator, 2.5 AS value) FROM marts.mart_funnel LIMIT 1"
        ],
        "5.0000 / 2.0000",
    ),
    (
        "candidate.mart_funnel.recomputes",
        ["UPDATE marts.fct_project_funnel SET filed_evidenced_on = NULL WHERE project_id LIKE '%1'"],
        "",
    ),
    (
        "candidate.mart_funnel.recomputes",
        ["UPDATE marts.fct_project_funnel SET withdrawn_on = DATE '2026-01-02' WHERE project_id LIKE '%1'"],
        "",
    ),
    (
        "candidate.mart_funnel.cuts_add_up",
        [
            "INSERT INTO marts.mart_funnel SELECT * REPLACE ('chain' AS cut_kind, numerator + 1 AS numerator)"
            " FROM marts.mart_funnel WHERE cut_kind = 'district' AND measure = 'signed' AND basis = 'count'"
        ],
        "4.0000",
    ),
    (
        "candidate.accounting.identity",
        [
            "UPDATE raw.load_log SET money_read = 41 WHERE status = 'loaded'",
            "UPDATE quality.load_log SET money_read = 41 WHERE status = 'loaded'",
        ],
        "41",
    ),
    ("candidate.accounting.rows_kept", ["DELETE FROM raw.signing WHERE signing_row_no = 'JY-1'"], "2"),
    (
        "candidate.accounting.rows_kept",
        ["INSERT INTO raw.tax (file_sha256, file_name, received_on) VALUES ('c', 'x', DATE '2026-01-01')"],
        "tax/2026-01-01/x: 1",
    ),
    ("candidate.accounting.quarantine_kept", ["DELETE FROM quality.quarantine"], "not published"),
    (
        "candidate.accounting.quarantine_kept",
        ["DELETE FROM raw.quarantine", "DELETE FROM quality.quarantine"],
        "signing/2026-02-03/签约.xlsx: 0",
    ),
    (
        "candidate.accounting.log_published",
        ["DELETE FROM quality.load_log WHERE status = 'refused'"],
        "not published",
    ),
    (
        "candidate.clocks.pair",
        ["UPDATE marts.mart_funnel SET as_of = DATE '2025-12-31'"],
        "2025-12-31 / 2026-02-28",
    ),
    (
        "candidate.clocks.nothing_later",
        ["UPDATE marts.fct_stage_event SET complete_on = DATE '2026-02-02' WHERE project_id LIKE '%0'"],
        "marts.fct_stage_event.complete_on: 2026-02-02",
    ),
    (
        "candidate.clocks.nothing_later",
        ["CREATE TABLE marts.fct_tax AS SELECT DATE '2026-02-01' AS tax_treasury_date"],
        "marts.fct_tax.tax_treasury_date: 2026-02-01",
    ),
    (
        "candidate.lineage.files",
        ["UPDATE marts.fct_project_funnel SET file_sha256 = 'ffff' WHERE project_id LIKE '%2'"],
        "marts.fct_project_funnel: 1 rows, e.g. ffff",
    ),
    ("candidate.checks.ran", ["DROP TABLE intermediate.chk_r12_copied_vector"], "R12 向量复制: not built"),
    ("candidate.checks.ran", ["DELETE FROM checks.fct_check_result"], "R05 未许先建: 0 answers"),
    (
        "candidate.checks.ran",
        [
            "INSERT INTO checks.fct_check_result SELECT * REPLACE ('R99' AS check_id)"
            " FROM checks.fct_check_result LIMIT 1"
        ],
        "R99: 1 answers",
    ),
    (
        "candidate.checks.silent",
        ["UPDATE checks.check_registry SET inputs = ['signing'] WHERE check_id = 'R12'"],
        "R12 向量复制: 0 answers",
    ),
    (
        "candidate.checks.self_alarm",
        [
            "INSERT INTO checks.fct_check_result SELECT * REPLACE ('source' AS entity_type, 'R05' AS entity_id,"
            " 2 AS observed, 3 AS n_used, 0.1 AS threshold) FROM checks.fct_check_result WHERE outcome = 'fail' LIMIT 1"
        ],
        "R05: 2 of 3",
    ),
    (
        "candidate.privacy.no_person",
        ["UPDATE marts.fct_project_funnel SET company_name = '王某 13912345678'"],
        "marts.fct_project_funnel.company_name: 3 rows",
    ),
    (
        "candidate.privacy.no_person",
        ["CREATE TABLE marts_public.t AS SELECT ['11010519491231002X'] AS names"],
        "marts_public.t.names: 1 rows",
    ),
    (
        "candidate.privacy.no_person",
        ["UPDATE quality.quarantine SET cell_text = '13912345678'"],
        "quality.quarantine.cell_text: 1 rows",
    ),
    (
        "candidate.privacy.file_names",
        [
            "UPDATE raw.load_log SET file_name = '张13912345678.xlsx' WHERE status = 'refused'",
            "UPDATE quality.load_log SET file_name = '张13912345678.xlsx' WHERE status = 'refused'",
        ],
        "quality.load_log.file_name: 1 rows",
    ),
]


@pytest.mark.parametrize(("rule_id", "statements", "observed"), FAULTS)
def test_a_fault_fails_its_rule_and_only_that(
    candidate: Settings, rule_id: str, statements: list[str], observed: str
) -> None:
    with duckdb.connect(str(candidate.work_db)) as con:
        for statement in statements:
            con.execute(statement)
    result = run_audit(candidate, PAIR.known_on, PAIR.as_of)
    found = failing(result.rows)
    assert set(found) == {rule_id}
    row = found[rule_id]
    info = load_registry()[rule_id]
    assert (row.outcome, row.severity, row.owner) == ("fail", info.severity, info.owner)
    assert observed in str(row.observed) and row.unexpected_count >= 1
    assert result.may_publish is (info.severity != "critical")
    assert not row.message_zh.isascii() and row.message_en != row.message_zh
    if info.severity == "critical":
        with pytest.raises(PublicationRefused) as refused:
            result.require()
        assert row.message_zh in refused.value.zh and "last release stays" in refused.value.en
    assert "13912345678" not in " ".join(result.notices)


def test_findings_never_stop_a_publication(candidate: Settings) -> None:
    """Every unit of a check may fail, at every severity: the release goes out."""
    with duckdb.connect(str(candidate.work_db)) as con:
        con.execute("ALTER TABLE checks.fct_check_result ADD COLUMN effective_severity VARCHAR")
        con.execute("UPDATE checks.fct_check_result SET outcome = 'fail', effective_severity = 'block'")
    result = run_audit(candidate, PAIR.known_on, PAIR.as_of)
    assert failing(result.rows) == {} and result.may_publish and result.notices == []


def test_every_rule_has_a_fault() -> None:
    assert {f[0] for f in FAULTS} == {r for r in load_registry() if r.startswith("candidate.")}


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE marts.mart_funnel",
        "DROP TABLE quality.load_log",
        "DROP TABLE quality.quarantine",
        "DROP TABLE marts.fct_project_funnel",
        "DROP TABLE marts.fct_stage_event",
        "DROP TABLE raw.load_log",
        "ALTER TABLE marts.mart_funnel DROP COLUMN value",
        "DROP TABLE raw.tax",
        "DROP TABLE checks.check_registry",
        "DROP TABLE checks.fct_check_result",
    ],
)
def test_a_rule_that_cannot_run_stops_publication(candidate: Settings, statement: str) -> None:
    with duckdb.connect(str(candidate.work_db)) as con:
        con.execute(statement)
    result = run_audit(candidate, PAIR.known_on, PAIR.as_of)
    broken = [r for r in result.rows if r.outcome == "broken"]
    assert broken and not result.may_publish
    assert all((r.severity, r.success) == ("critical", False) for r in broken)
    assert all("could not run" in r.message_en for r in broken) and len(result.problems) == len(broken)


def test_a_business_number_that_looks_like_a_mobile_number_is_none(candidate: Settings) -> None:
    with duckdb.connect(str(candidate.work_db)) as con:
        con.execute("CREATE TABLE marts.fct_payment AS SELECT '13912345678' AS flow_no")
        con.execute("UPDATE quality.quarantine SET column_name = 'flow_no', cell_text = '13912345678'")
    assert failing(run_audit(candidate, PAIR.known_on, PAIR.as_of).rows) == {}


def test_a_refused_file_is_in_the_list_of_files_and_proves_nothing(candidate: Settings) -> None:
    with duckdb.connect(str(candidate.work_db)) as con:
        con.execute("CREATE TABLE marts.dim_source_file AS SELECT DISTINCT file_sha256 FROM quality.load_log")
    assert failing(run_audit(candidate, PAIR.known_on, PAIR.as_of).rows) == {}
    with duckdb.connect(str(candidate.work_db)) as con:
        con.execute("INSERT INTO marts.dim_source_file VALUES ('never dropped')")
        con.execute("UPDATE marts.fct_stage_event SET file_sha256 = repeat('b', 64)")
    row = failing(run_audit(candidate, PAIR.known_on, PAIR.as_of).rows)["candidate.lineage.files"]
    assert row.unexpected_count == 2
    assert row.observed == (
        "marts.dim_source_file: 1 rows, e.g. never droppe; marts.fct_stage_event: 3 rows, e.g. bbbbbbbbbbbb"
    )


def test_every_rule_is_built_once(candidate: Settings) -> None:
    with duckdb.connect(str(candidate.work_db), read_only=True) as con:
        ids = [r.rule_id for r in build_rules(con, Clocks(PAIR.known_on, PAIR.as_of))]
    assert len(ids) == len(set(ids))


def test_a_database_that_is_taken_is_a_lock_error(candidate: Settings) -> None:
    import subprocess
    import sys

    code = (
        f"import duckdb,sys; c = duckdb.connect({str(candidate.work_db)!r}); print('open', flush=True);"
        " sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        with pytest.raises(LockError):
            run_audit(candidate, PAIR.known_on, PAIR.as_of)
        other.communicate(b"")


def test_results_of_both_gates_go_into_the_warehouse(candidate: Settings) -> None:
    result = run_audit(candidate, PAIR.known_on, PAIR.as_of)
    write_results(candidate, "gate", [])
    assert read_results(candidate, "candidate") == sorted(result.rows, key=lambda r: r.sort_key)
    with duckdb.connect(str(candidate.work_db)) as con:
        assert copy_results(con, candidate) == len(result.rows)
        assert copy_results(con, candidate) == len(result.rows)  # again: the same table
        kinds = con.execute("SELECT DISTINCT run_kind, outcome FROM quality.expectation_result").fetchall()
        assert kinds == [("candidate", "pass")]
        comments = con.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'expectation_result' AND comment IS NULL"
        ).fetchone()
    assert comments == (0,)
    assert SHA not in "".join(r.message_en for r in result.rows)
