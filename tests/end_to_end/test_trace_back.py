"""From figures of the published sample back to the cells of the files, by the command and by one select."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from tests.end_to_end.world import World
from zhixiao.errors import ZhixiaoError
from zhixiao.trace import Trace, trace

FIGURE = (
    "cut_kind=district,cut_value=全区,window_kind=all,reading=evidenced,form=cohort,measure=start_rate,"
    "variant=main,basis={}"
)
# What the house states itself; and mart_data_quality, some of whose figures are 0 in so small a world
# (tests/test_trace.py walks down from each of its topics).
WITHOUT_ROWS = {"dim_date", "dim_division", "dim_industry", "mart_data_quality"}

WALK = """
select m.numerator, m.denominator, r.part, r.project_id, r.counted, r.amount, l.source, l.received_on, l.file_name,
  r.sheet, r.row_number
from marts.mart_funnel as m
inner join marts.bridge_project_cut as c using (cut_kind, cut_value)
inner join marts.fct_figure_row as r
  on r.project_id = c.project_id and r.measure = m.measure and r.variant = m.variant and r.form = m.form
  and r.reading = m.reading and r.placed_on between m.window_start and m.window_end
inner join quality.load_log as l on r.file_sha256 = l.file_sha256 and l.status = 'loaded'
where m.cut_kind = 'district' and m.window_kind = 'all' and m.measure = 'start_rate' and m.variant = 'main'
  and m.form = 'cohort' and m.reading = 'evidenced' and m.basis = 'count'
order by r.part, r.project_id
"""


def shown(world: World, basis: str) -> list[Trace]:
    return trace(world.settings, "mart_funnel", FIGURE.format(basis), "value")


def test_a_figure_goes_back_to_the_cells_of_its_projects(sample_world: World) -> None:
    found = shown(sample_world, "count")
    assert found[0].step.startswith("marts.mart_funnel.value = 0.666667\n")
    told = [t.step.rpartition("\n")[2].split(" · ")[:3:2] for t in found]
    assert [p for p, _ in told].count("分子 numerator") == 2
    assert [p for p, _ in told].count("分母 denominator") == 3
    for t in found:
        assert t.from_original
        assert (sample_world.settings.raw_dir / t.file).is_file()
    # 备案 rests on the cell with the day of the filing.
    filed = [c for t in found if t.source == "filing" for c in t.cells if c.column == "filing_date"]
    assert len(filed) >= 3
    assert all(c.original and c.landed for c in filed)


def test_the_original_text_is_what_the_file_says(sample_world: World) -> None:
    """Read again here without the reader of the warehouse: the row of the file holds the text that is shown."""
    checked = 0
    sql = (
        "select f.file_sha256, f.row_number from marts.fct_tax as f inner join marts.dim_source_file as s "
        "using (file_sha256) where s.file_name like '%.csv' order by all limit 5"
    )
    for sha, number in sample_world.read(sql):
        (t,) = trace(sample_world.settings, "fct_tax", f"file_sha256={sha},row_number={number}", "tax_paid")
        content = Path(sample_world.settings.raw_dir / t.file).read_bytes()
        text = next(d for e in ("utf-8-sig", "gb18030") if (d := decoded(content, e)))
        rows = list(csv.reader(io.StringIO(text, newline="")))
        line = [x.strip() for x in rows[t.row_number - 1]]
        for cell in t.cells:
            if cell.original is not None:
                assert cell.original.strip() in line, (t.file, t.row_number, cell)
                checked += 1
    assert checked == 5


def decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def test_the_amounts_of_a_figure_add_up_to_it(sample_world: World) -> None:
    found = shown(sample_world, "amount")
    sums = {"numerator": Decimal(0), "denominator": Decimal(0)}
    for t in found:
        part = t.row.get("part")
        if part in sums:
            sums[part] += t.row["amount"]
    sql = (
        "select numerator, denominator from marts.mart_funnel where cut_kind = 'district' and window_kind = 'all' "
        "and reading = 'evidenced' and form = 'cohort' and measure = 'start_rate' and variant = 'main' "
        "and basis = 'amount'"
    )
    assert sample_world.read(sql) == [(sums["numerator"], sums["denominator"])]
    assert sums["numerator"] == 14500


def test_one_select_walks_the_same_way(sample_world: World) -> None:
    rows = sample_world.read(WALK)
    by_part = {p: [r for r in rows if r[2] == p] for p in ("numerator", "denominator")}
    assert rows[0][:2] == (len(by_part["numerator"]), len(by_part["denominator"])) == (2, 3)
    by_command = {(t.row["part"], t.row["project_id"], t.file, t.row_number) for t in shown(sample_world, "count")}
    by_select = {(r[2], r[3], f"{r[6]}/{r[7]}/{r[8]}", r[10]) for r in rows}
    assert by_select == by_command


def test_every_published_mart_and_fact_leads_down_to_rows(sample_world: World) -> None:
    """One row of every table: its trace ends in rows of files that are there."""
    tables = sample_world.read("select table_name from duckdb_tables() where schema_name = 'marts' order by table_name")
    stuck: dict[str, str] = {}
    for (table,) in tables:
        columns = [c for c, *_ in sample_world.read(f"describe marts.{table}")]
        # a row that says something: one with a file where the table names files, a figure that is not zero
        having = {"file_sha256": "file_sha256 is not null", "numerator": "numerator > 0"}
        where = "".join(f" where {having[c]}" for c in having if c in columns)
        found_rows = sample_world.read(f"select columns(*)::varchar from marts.{table}{where} order by all limit 1")
        if not found_rows or table in WITHOUT_ROWS:
            continue
        cells = zip(columns, found_rows[0], strict=True)
        key = ",".join(f"{c}={v}" for c, v in cells if v and not set(v) & set(",=") and v == v.strip())
        try:
            found = trace(sample_world.settings, table, key, "value" if "value" in columns else columns[-1])
        except ZhixiaoError as e:
            stuck[table] = e.en
            continue
        assert found, table
        assert all(t.file_sha256 for t in found)
    assert stuck == {}


def test_a_figure_of_nobody_says_so(sample_world: World) -> None:
    key = FIGURE.format("count").replace("start_rate", "on_target_rate")
    with pytest.raises(ZhixiaoError, match="no project is in it"):
        trace(sample_world.settings, "mart_funnel", key, "numerator")
    with pytest.raises(ZhixiaoError, match="name one by column=value"):
        trace(sample_world.settings, "mart_funnel", "measure=start_rate", "value")
