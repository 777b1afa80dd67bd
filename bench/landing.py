"""Landing beside DuckDB's bare reader on the same file, in one run: CPU, wall and peak memory as ratios.

    python -m bench.landing [--rows 1000000] [--sheet-rows 100000] [--runs 5] [--json FILE]

The floor is `create table as select * from read_csv(<types>)` into a fresh database file (for the workbook:
DuckDB's own excel reader). Landing is the whole `land_file`: recognised, typed, validated, split, with lineage,
written as Parquet. Every run is a process of its own; runs are interleaved. `load` adds the Parquet to a table.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TAX_HEADER = (
    "社会信用代码（纳税人识别号）,纳税人名称,征收项目,征收品目,税款所属期起,税款所属期止,计税依据,入库税额,入库日期,"
    "预算级次,减免税额,主管税务机关"
)
TAX_TYPES = (
    "{'c1': 'varchar', 'c2': 'varchar', 'c3': 'varchar', 'c4': 'varchar', 'c5': 'date', 'c6': 'date',"
    " 'c7': 'decimal(18,2)', 'c8': 'decimal(18,2)', 'c9': 'date', 'c10': 'varchar', 'c11': 'decimal(18,2)',"
    " 'c12': 'varchar'}"
)
BANNER = "管理机关：国家税务总局泰州市姜堰区税务局，报表期：2025年10月，数据类型：入库税收，金额单位：元"


def make_tax_csv(path: Path, rows: int, encoding: str) -> None:
    """A tax file of `rows` made-up payments: 2,000 firms, one row in a thousand with an unreadable amount."""
    import duckdb

    con = duckdb.connect()
    plain = path.with_suffix(".body")
    con.execute(
        f"""copy (
            select
                '91321204' || lpad(((i * 7919) % 2000)::varchar, 9, '0')
                || substr('ABCDEFGH', (i * 7919) % 2000 % 8 + 1, 1),
                '样' || ((i * 7919) % 2000) || '材料科技有限公司',
                ['增值税', '企业所得税', '城市维护建设税'][i % 3 + 1],
                ['精密齿轮', '应纳税所得额', '市区（增值税附征）'][i % 3 + 1],
                date '2025-09-01', date '2025-09-30',
                ((i * 104729) % 100000000 / 100.0)::decimal(18, 2),
                case when i % 1000 = 999 then '待核'
                    else ((i * 15485863) % 10000000 / 100.0)::decimal(18, 2)::varchar end,
                date '2025-10-01' + (i % 28)::integer, ['中央级', '省级', '区级'][i % 3 + 1], null,
                ['开发区税务分局', '第一税务分局'][i % 2 + 1]
            from range({rows}) t (i)
        ) to '{plain}' (header false)"""
    )
    with path.open("w", encoding=encoding, newline="") as out, plain.open(encoding="utf-8", newline="") as body:
        out.write(f"入库税收明细表\n{BANNER}\n{TAX_HEADER}\n")
        while chunk := body.read(1 << 22):
            out.write(chunk)
    plain.unlink()


def make_workbook(path: Path, rows: int) -> None:
    """A power report of `rows` accounts as XLSX, with real spreadsheet dates as text months."""
    from openpyxl import Workbook

    wb = Workbook(write_only=True)
    ws = wb.create_sheet("Sheet1")
    ws.append(["年月", "户号", "户名", "运行容量", "用电类别", "当月电量", "自发自用电量", "是否转供"])
    for i in range(rows):
        ws.append(["2025-10", f"32{i:08d}", f"样{i % 5000}电气有限公司", 630, "大工业", 1000.5 + i, None, "否"])
    wb.save(path)


def floor_csv(source: Path, target: Path) -> None:
    import duckdb

    con = duckdb.connect(str(target), config={"preserve_insertion_order": False})
    con.execute(
        f"create table t as select * from read_csv('{source}', skip=3, header=false, auto_detect=false, delim=',',"
        f" quote='\"', columns={TAX_TYPES}, ignore_errors=true)"
    )
    con.close()


def floor_workbook(source: Path, target: Path) -> None:
    import duckdb

    from zhixiao.landing.grid_workbook import excel_extension

    con = duckdb.connect(str(target))
    con.load_extension(excel_extension())
    con.execute(f"create table t as select * from read_xlsx('{source}')")
    con.close()


def landing(source: Path, target: Path, contract: str) -> None:
    from zhixiao.contracts import load_contract
    from zhixiao.landing.land import land_file
    from zhixiao.landing.report import LandedPaths
    from zhixiao.settings import Settings

    settings = Settings(raw_dir=source.parent, warehouse_dir=target)
    paths = LandedPaths.of(settings.landed_dir, contract, "0" * 64)
    report = land_file(settings, load_contract(contract), source, None, "0" * 64, paths)
    assert report.status == "landed", report.reason_en


def _child(kind: str, source: str, target: str) -> None:
    started = time.perf_counter()
    match kind:
        case "floor_csv":
            floor_csv(Path(source), Path(target))
        case "floor_workbook":
            floor_workbook(Path(source), Path(target))
        case _:
            landing(Path(source), Path(target), kind.removeprefix("land_"))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"wall": time.perf_counter() - started, "cpu": cpu, "rss_mib": usage.ru_maxrss / 1024}))


def measure(cases: dict[str, tuple[str, Path]], runs: int) -> dict[str, dict[str, float]]:
    """Median CPU, wall and peak memory of every case; the runs of all cases are interleaved."""
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as tmp:
        for run in range(runs):
            for name, (kind, source) in cases.items():
                target = Path(tmp) / f"{name}-{run}"
                done = subprocess.run(
                    [sys.executable, "-m", "bench.landing", "--child", kind, str(source), str(target)],
                    capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parent.parent,
                )  # fmt: skip
                seen[name].append(json.loads(done.stdout.splitlines()[-1]))
                print(f"  run {run + 1}/{runs} {name}: {seen[name][-1]['cpu']:.2f} CPU s", flush=True)
    return {n: {k: statistics.median(r[k] for r in rs) for k in rs[0]} for n, rs in seen.items()}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--rows", type=int, default=1_000_000)
    p.add_argument("--sheet-rows", type=int, default=100_000)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--json", type=Path, default=Path(__file__).with_name("out") / "landing.json")
    p.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.child:
        _child(*args.child)
        return
    with tempfile.TemporaryDirectory() as tmp:
        utf8, gb, xlsx = Path(tmp) / "tax-utf8.csv", Path(tmp) / "tax-gb18030.csv", Path(tmp) / "power.xlsx"
        make_tax_csv(utf8, args.rows, "utf-8")
        make_tax_csv(gb, args.rows, "gb18030")
        make_workbook(xlsx, args.sheet_rows)
        figures = measure(
            {
                "floor: read_csv": ("floor_csv", utf8),
                "landing: UTF-8": ("land_tax", utf8),
                "landing: GB18030": ("land_tax", gb),
                "floor: read_xlsx": ("floor_workbook", xlsx),
                "landing: XLSX": ("land_power", xlsx),
            },
            args.runs,
        )
    print(f"\n{args.rows:,} CSV rows, {args.sheet_rows:,} sheet rows, median of {args.runs}, each a process of its own")
    print(f"{'':20}{'wall s':>9}{'CPU s':>9}{'x floor':>9}{'peak MiB':>10}")
    for name, f in figures.items():
        floor = figures["floor: read_xlsx" if "XLSX" in name or "xlsx" in name else "floor: read_csv"]
        f["x_floor_cpu"] = f["cpu"] / floor["cpu"]
        print(f"{name:20}{f['wall']:9.2f}{f['cpu']:9.2f}{f['x_floor_cpu']:9.2f}{f['rss_mib']:10.0f}")
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
