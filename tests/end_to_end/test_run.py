"""The whole way by `zhixiao run`: twice is once, only what is new is loaded, and known_on is a filter."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end.world import World, run_cli
from zhixiao.warehouse.files import read_json
from zhixiao.warehouse.quarantine import list_cells


def decoded(path: Path) -> str:
    """A delivered CSV as text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return path.read_text(encoding="gb18030")


def test_the_sample_is_published_with_all_that_section_3_names(sample_world: World) -> None:
    tables = {f"{s}.{t}" for s, t in sample_world.read("SELECT schema_name, table_name FROM duckdb_tables()")}
    assert {
        "marts.mart_funnel", "marts.fct_stage_event", "marts.fct_project_funnel", "marts.dim_project", "marts.fct_tax",
        "marts.fct_investment_month", "marts.bridge_project_key", "marts_public.mart_funnel", "quality.load_log",
        "quality.quarantine", "quality.delivery", "quality.release", "quality.expectation_result",
    } <= tables  # fmt: skip
    identity = sample_world.read(
        "SELECT count(*), count(*) FILTER (rows_read = rows_accepted + rows_quarantined + rows_control + rows_ignored "
        "AND money_read = money_accepted + money_quarantined) FROM quality.load_log WHERE status <> 'refused'"
    )[0]
    files = [p for p in sample_world.settings.raw_dir.rglob("*") if p.is_file() and not p.name.startswith("README")]
    assert identity == (len(files), len(files))
    assert sample_world.read("SELECT count(*) FROM quality.load_log WHERE status = 'refused'") == [(0,)]
    rows = sample_world.read(
        "SELECT count(*) FROM marts.mart_funnel WHERE measure = 'filing_rate' AND cut_kind = 'district' "
        "AND window_kind = 'all' AND form = 'cohort' AND variant = 'main' AND reading IN ('claimed', 'evidenced')"
    )
    assert rows == [(4,)]


def test_every_published_column_has_a_comment(sample_world: World) -> None:
    bare = sample_world.read(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
    )
    assert bare == []


def test_a_second_run_says_that_nothing_is_new_and_changes_nothing(world: World) -> None:
    before = {p.name: p.read_bytes() for p in world.settings.published_dir.iterdir() if p.is_file()}
    statuses = world.statuses()
    done = world.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "没有新内容" in done.stdout
    assert "Nothing is new" in done.stdout
    assert {p.name: p.read_bytes() for p in world.settings.published_dir.iterdir() if p.is_file()} == before
    assert world.statuses() == statuses
    assert read_json(world.settings.state_dir / "last_run.json")["publish"]["status"] == "unchanged"


def test_a_new_file_a_refused_one_and_decisions(world: World, refused_raw: Path) -> None:
    """Only what is new is loaded; the refused file makes the run red, the rest is published, and a waiver and a
    correction count."""
    cell = list_cells(world.settings)[0].quarantine_id
    words = ("--actor", "王科", "--reason", "已电话核实", "--day", "2026-01-25")
    done = run_cli(world.settings, "quarantine", "waive", cell, *words)
    assert done.returncode == 0, done.stderr
    standing = "SELECT signed_investment FROM marts.dim_project WHERE valid_to IS NULL AND signing_row_no = '{}'"
    project, amount = world.read(
        "SELECT signing_row_no, signed_investment FROM marts.dim_project WHERE valid_to IS NULL AND is_in_ledger "
        "AND signed_investment IS NOT NULL ORDER BY 1 LIMIT 1"
    )[0]
    new = amount + 123
    done = run_cli(world.settings, "correct", "signing", project, "signed_investment", str(amount), str(new), *words)
    assert done.returncode == 0, done.stderr
    assert "marts.dim_project" in done.stdout
    first = world.release()
    before = world.statuses()
    tax = sorted((world.settings.raw_dir / "tax").rglob("*.csv"))[-1]
    lines = decoded(tax).splitlines(keepends=True)
    target = world.settings.raw_dir / "tax" / "2026-02-10" / "更正.csv"
    target.parent.mkdir(parents=True)
    target.write_text("".join(lines[:-1]), encoding="utf-8")
    bad = next(p for p in sorted(refused_raw.rglob("*")) if p.is_file() and not p.name.startswith("README"))
    source = bad.relative_to(refused_raw).parts[0]
    (world.settings.raw_dir / source / "2026-02-11").mkdir(parents=True)
    shutil.copy(bad, world.settings.raw_dir / source / "2026-02-11" / bad.name)
    done = world.run()
    assert done.returncode == 3, done.stdout + done.stderr
    assert bad.name in done.stdout
    assert "2 个是新的" in done.stdout
    assert world.release() != first
    assert world.release().startswith("2026-02-11_2026-02-11_")
    after = world.statuses()
    assert after[source, "refused"] == 1
    assert after["tax", "loaded"] == before["tax", "loaded"] + 1
    reason = world.read(
        "SELECT reason_code, reason_zh, reason_en, rows_read FROM quality.load_log WHERE status = 'refused'"
    )[0]
    assert all(reason[:3])
    assert reason[3] is None
    row = world.read(
        f"SELECT state, state_changed_by, state_reason FROM quality.quarantine WHERE quarantine_id = '{cell}'"
    )
    assert row == [("waived", "王科", "已电话核实")]
    assert world.read("SELECT source, statement_key, outcome, editor FROM quality.correction") == [
        ("signing", project, "applied", "王科")
    ]
    assert world.read(standing.format(project)) == [(new,)]
    assert read_json(world.settings.published_dir / "manifest.json")["decisions"][0][0] == "2026-01-25"


def test_trace_goes_from_a_figure_back_to_the_cell(sample_world: World) -> None:
    """Every tax row of the release is found again in the file it came from."""
    from zhixiao.trace import trace

    row = sample_world.read(
        "SELECT taxpayer_id, tax_paid, file_sha256, row_number FROM marts.fct_tax WHERE tax_paid > 0 "
        "ORDER BY tax_paid DESC, file_sha256, row_number LIMIT 1"
    )[0]
    key = f"file_sha256={row[2]},row_number={row[3]}"
    found = trace(sample_world.settings, "fct_tax", key, "tax_paid")
    assert len(found) == 1
    t = found[0]
    assert (t.source, t.file_sha256, t.row_number, t.from_original) == ("tax", row[2], row[3], True)
    assert (sample_world.settings.raw_dir / t.file).is_file()
    assert t.cells[0].original is not None
    written = Decimal(t.cells[0].original.replace(",", "")) / 10000
    assert written == Decimal(t.cells[0].landed or 0)
    assert round(written, 4) == row[1]


def test_trace_of_a_stage_date_goes_through_its_events(sample_world: World) -> None:
    from zhixiao.trace import trace

    project, day = sample_world.read(
        "SELECT project_id, filed_evidenced_on FROM marts.fct_project_funnel WHERE filed_evidenced_on IS NOT NULL "
        "ORDER BY 1 LIMIT 1"
    )[0]
    found = trace(sample_world.settings, "marts.fct_project_funnel", project, "filed_evidenced_on")
    assert {t.source for t in found} == {"filing"}
    assert day in {t.row["event_date"] for t in found}
    cells = {c.column: c for c in found[0].cells}
    assert cells["filing_date"].original is not None


@pytest.mark.long
def test_the_steps_by_hand_give_the_release_of_a_run(sample_world: World, empty_world: Callable[[str], World]) -> None:
    world = empty_world("by_hand")
    shutil.copytree(sample_world.settings.raw_dir, world.settings.raw_dir, dirs_exist_ok=True)
    for name in ("land", "load", "build", "audit", "publish"):
        done = run_cli(world.settings, name)
        assert done.returncode == 0, name + done.stdout + done.stderr
    assert world.release() == sample_world.release()
    assert world.checksums() == sample_world.checksums()
