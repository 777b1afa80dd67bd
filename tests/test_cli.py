from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.house import House
from zhixiao import cli
from zhixiao.settings import PROJECT_DIR, Settings

DAY = "2025-03-20"


@pytest.fixture
def house(settings: Settings) -> House:
    return House(settings)


def sale(uscc: str, value: int = 1) -> dict[str, Any]:
    return {"stat_period": "2025-02-28", "uscc": uscc, "invoiced_sales": Decimal(value)}


def reject(row: int) -> dict[str, Any]:
    why = {"reason_code": "uscc_length", "reason_zh": "长度不对", "reason_en": "length"}
    told = {"column_name": "uscc", "cell_text": "x", **why}
    return {**told, "row_number": row, "money": Decimal(2)}


def test_every_command_has_help_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    names = [c.name or c.callback.__name__ for c in cli.app.registered_commands if c.callback]
    assert {"run", "land", "load", "build", "audit", "publish", "rollback", "status", "inspect", "trace"} <= set(names)
    for name in names:
        assert cli.main([name, "--help"]) == 0
        assert "/" in capsys.readouterr().out
    for name in ("list", "waive", "release"):
        assert cli.main(["quarantine", name, "--help"]) == 0


def test_the_command_starts_without_heavy_modules() -> None:
    code = (
        "import sys, zhixiao.cli as c; c.main(['sheet', 'fai']); "
        "heavy = 'airflow great_expectations duckdb pandas dbt pyarrow'.split(); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_DIR)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_fault_is_a_sentence_and_exit_1(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sheet", "nothing"]) == 1
    err = capsys.readouterr().err
    assert "没有名为 nothing 的来源" in err
    assert "there is no source named nothing" in err
    assert "Traceback" not in err
    assert cli.main(["build", "--known-on", "2025-13-01"]) == 1
    assert "KNOWN_ON" in capsys.readouterr().err


def test_a_fault_of_the_program_is_a_sentence_too(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise ValueError("boom")

    monkeypatch.setattr("zhixiao.status.describe_status", broken)
    assert cli.main(["status"]) == 1
    err = capsys.readouterr().err
    assert "ValueError: boom" in err
    assert "Traceback" not in err
    monkeypatch.setenv("ZHIXIAO_DEBUG", "")
    assert cli.main(["--debug", "status"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_wrong_command_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["nonsense"]) == 2
    assert cli.main(["trace", "a"]) == 2


def test_raw_and_warehouse_are_options(tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    assert cli.main(["--raw", str(tmp_path / "r"), "--warehouse", str(tmp_path / "w"), "status"]) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / "w") in out
    assert "无 none" in out


def test_load_publish_status_rollback(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.drop("sales", DAY, "a.csv", [sale("U1")])
    assert cli.main(["load"]) == 0
    assert "入库 loaded 1 · 拒收 refused 0 · 重复 unchanged 0" in capsys.readouterr().out
    assert cli.main(["load"]) == 0
    assert "没有新内容" in capsys.readouterr().out
    assert cli.main(["publish"]) == 1
    assert "run `zhixiao build` first" in capsys.readouterr().err
    house.build(DAY)
    assert cli.main(["publish"]) == 0
    assert f"Published {DAY}_{DAY}_" in capsys.readouterr().out
    house.drop("sales", "2025-03-25", "b.csv", [sale("U1", 5)])
    second = house.publish("2025-03-25")
    assert cli.main(["rollback"]) == 0
    assert "It holds until a release with new files" in capsys.readouterr().out
    assert cli.main(["status"]) == 0
    out = capsys.readouterr().out
    assert "保留的版本 kept releases: 2" in out
    assert "直到有新文件" in out
    assert "空闲 free" in out
    assert cli.main(["rollback", second.release_id]) == 0
    assert cli.main(["rollback", "2020-01-01_x"]) == 1
    capsys.readouterr()
    assert cli.main(["summary"]) == 0
    assert second.release_id in capsys.readouterr().out


def test_load_says_what_is_not_landed_and_ends_with_3(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    (house.settings.raw_dir / "sales" / DAY).mkdir(parents=True)
    (house.settings.raw_dir / "sales" / DAY / "a.csv").write_text("x")
    assert cli.main(["load"]) == 3
    assert "could not be landed" in capsys.readouterr().out


def test_land_inspects_lands_and_refuses(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    folder = house.settings.raw_dir / "sales" / DAY
    folder.mkdir(parents=True)
    good = folder / "开票.csv"
    good.write_text("年月,统一社会信用代码,开票销售（万元）\n2025-02,91321204717445678C,12.5\n", encoding="utf-8")
    bad = folder / "别的.csv"
    bad.write_text("甲,乙\n1,2\n", encoding="utf-8")
    assert cli.main(["inspect", str(good)]) == 0
    assert "would land as sales" in capsys.readouterr().out
    assert cli.main(["inspect", str(bad)]) == 3
    assert "would be refused" in capsys.readouterr().out
    assert cli.main(["inspect", str(folder / "none.csv")]) == 1
    capsys.readouterr()
    assert cli.main(["land"]) == 3
    assert "落地 landed 1 · 拒收 refused 1 · 出错 failed 0" in capsys.readouterr().out
    assert cli.main(["land"]) == 0
    assert cli.main(["load"]) == 0
    assert house.query("SELECT status, count(*) FROM raw.load_log GROUP BY ALL ORDER BY 1") == [
        ("loaded", 1),
        ("refused", 1),
    ]


def test_sheet_writes_a_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sheet"]) == 0
    assert len(capsys.readouterr().out.strip().splitlines()) == 28
    assert cli.main(["sheet", "signing", "--xlsx", str(tmp_path / "t.xlsx")]) == 0
    assert "签约项目台账" in capsys.readouterr().out
    assert (tmp_path / "t.xlsx").exists()


def test_quarantine_is_listed_and_waived(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.drop("sales", DAY, "a.csv", [sale("U1")], [reject(7), reject(9)])
    house.publish(DAY)
    assert cli.main(["quarantine", "list"]) == 0
    out = capsys.readouterr().out
    assert "第 7 行  uscc" in out
    assert "税务局" in out
    assert "共 2 处" in out
    first, second = (line.split()[0] for line in out.splitlines() if "第 " in line)
    assert cli.main(["quarantine", "waive", first, "--actor", "王", "--reason", "已核", "--day", "2025-03-21"]) == 0
    assert cli.main(["quarantine", "waive", second, "--actor", "李", "--reason", "无误", "--day", "2025-03-21"]) == 0
    path = house.settings.raw_dir / "_decisions" / "2025-03-21" / "quarantine.csv"
    assert path.read_text(encoding="utf-8").splitlines() == [
        "quarantine_id,action,actor,reason,row",
        f"{first},waive,王,已核,",
        f"{second},waive,李,无误,",
    ]
    # The file cannot be read again (tests/warehouse/test_release.py has one that can).
    assert cli.main(["quarantine", "release", second, "--actor", "李", "--reason", "无误"]) == 1
    assert cli.main(["quarantine", "waive", "0000", "--actor", "王", "--reason", "x"]) == 1
    assert cli.main(["quarantine", "waive", first, "--actor", " ", "--reason", "x"]) == 1
    assert cli.main(["quarantine", "waive", first, "--actor", "王"]) == 2
    house.load()
    assert house.query("SELECT kind, count(*) FROM raw.decision GROUP BY ALL") == [("quarantine", 2)]


def test_upgrade_lands_again_also_the_refused_and_lists_what_changed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = house.settings.raw_dir / "sales" / DAY
    folder.mkdir(parents=True)
    for name, value in (("a.csv", 1), ("b.csv", 2)):
        body = f"年月,统一社会信用代码,开票销售（万元）\n2025-02,9132120471744567{value}C,{value}\n"
        (folder / name).write_text(body, encoding="utf-8")
    cli.main(["land"])
    assert cli.main(["load"]) == 0
    assert cli.main(["upgrade"]) == 0
    assert "0 files landed again, 0 came out otherwise" in capsys.readouterr().out
    # as if an older contract had refused one of them
    for i, report in enumerate(sorted((house.settings.landed_dir / "sales").glob("*.json"))):
        text = report.read_text().replace('"1.0.0"', '"0.9.0"')
        report.write_text(text.replace('"status": "landed"', '"status": "refused"') if i == 0 else text)
    import duckdb

    with duckdb.connect(str(house.settings.work_db)) as con:
        sha = report.stem
        con.execute("UPDATE raw.load_log SET contract_version = '0.9.0'")
        was = "status = 'refused', reason_code = 'column_missing', rows_accepted = NULL"
        con.execute(f"UPDATE raw.load_log SET {was} WHERE file_sha256 <> $1", [sha])
        con.execute("UPDATE raw.load_state SET fingerprint = 'old'")
    assert cli.main(["upgrade", "sales"]) == 0
    out = capsys.readouterr().out
    assert "sales: 0.9.0 -> 1.0.0" in out
    assert "status refused -> loaded" in out
    assert "2 files landed again, 1 came out otherwise" in out
    assert house.query("SELECT count(*) FROM raw.sales") == [(2,)]
    assert cli.main(["upgrade", "nothing"]) == 1
    assert cli.main(["upgrade", "sales", "--again"]) == 0
    assert "2 files landed again, 0 came out otherwise" in capsys.readouterr().out


def test_trace_words_for_what_cannot_be_traced(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trace", "marts.fct_tax", "x", "y"]) == 1
    assert "nothing has been published yet" in capsys.readouterr().err
    house.drop("sales", DAY, "a.csv", [sale("U1")])
    house.publish(DAY)
    for arguments, words in (
        (["marts.fct_tax", "x", "y"], "there is no published table marts.fct_tax"),
        (["fct_sales_month", "U1", "nope"], "has no column nope"),
        (["fct_sales_month", "U9", "sales"], "has no row for U9"),
        (["fct_sales_month", "who=U9", "sales"], "has no column who"),
        (["fct_sales_month", "U1", "sales"], "carries no file and row"),
    ):
        assert cli.main(["trace", *arguments]) == 1
        assert words in capsys.readouterr().err
