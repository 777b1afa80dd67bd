"""No secret reaches a file of the warehouse, a log, the screen or a message that is sent."""

from __future__ import annotations

import http.server
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import duckdb
import pytest

from zhixiao import nightly
from zhixiao.errors import DataError
from zhixiao.hide import hide
from zhixiao.landing import land, land_drop
from zhixiao.landing.discover import discover
from zhixiao.settings import Settings
from zhixiao.warehouse.backup import backup
from zhixiao.warehouse.files import write_json
from zhixiao.warehouse.load import load
from zhixiao.watch.tell import tell

KEY, PASSWORD, TOKEN = "pii-key-Jq7!x'p2", "mail-pass-93fK", "robot-token-7c1d55"
SALES = "单位：万元\n年月,统一社会信用代码,企业名称,开票销售\n2025-02,91321204MA00000038,演示一号机械有限公司,待核\n"
TAX = (
    "报表期：2025年5月，金额单位：元\n社会信用代码（纳税人识别号）,纳税人名称,征收项目,税款所属期起,税款所属期止,入库税额,入库日期,主管税务机关\n"
    "11010519491231002X,张三,个人所得税,2025-04-01,2025-04-30,100,2025-05-10,第一分局\n"
)
RESULT = {
    "run_id": "r1", "exit_code": 1, "known_on": "2025-03-10", "as_of": "2025-03-10",
    "started_at": "2025-03-10T02:00:00", "finished_at": "2025-03-10T02:01:00", "files": {"files": 2, "new": 2},
    "refused": [], "failed": [], "steps": [], "message_zh": "没有发布", "message_en": "nothing published",
    "publish": None,
}  # fmt: skip


class _Robot(http.server.BaseHTTPRequestHandler):
    got: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(500 if "fail" in self.path else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def robot() -> Iterator[str]:
    _Robot.got.clear()
    server = http.server.HTTPServer(("127.0.0.1", 0), _Robot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def house(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A warehouse with secrets in its environment and two deliveries, one with a person's number."""
    s = replace(settings, pii_key=KEY)
    for name, value in s.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ZHIXIAO_MAIL_TO", "a@example.org")
    monkeypatch.setenv("ZHIXIAO_SMTP", f"smtp://robot:{PASSWORD}@127.0.0.1:9")
    for source, text in (("sales", SALES), ("tax", TAX)):
        folder = s.raw_dir / source / "2025-03-10"
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text(text, encoding="utf-8")
    return s


def leaks(*texts: str) -> list[str]:
    return [s for s in (KEY, KEY.replace("'", "''"), PASSWORD, TOKEN) if any(s in t for t in texts)]


def written(folder: Path) -> str:
    """Everything below a folder, as text."""
    return "\n".join(p.read_bytes().decode("utf-8", "replace") for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("way", ["", "fail"])
def test_a_night_and_its_messages(
    house: Settings, robot: str, way: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ZHIXIAO_WEBHOOK", f"{robot}/{way}?key={TOKEN}")
    found = discover(house)
    for d in found.drops:
        assert land_drop(house, d).status == "landed"
    load(house, found)
    write_json(house.state_dir / "last_run.json", RESULT)
    digest, problems = tell(house, RESULT)
    assert [p.split(":")[0] for p in problems] == ["ZHIXIAO_MAIL_TO", "ZHIXIAO_WEBHOOK"][: 1 + bool(way)]
    backup(house, tmp_path / "backup")
    out, err = capfd.readouterr()
    assert _Robot.got and leaks(b"".join(_Robot.got).decode()) == []
    assert leaks(written(house.warehouse_dir), written(tmp_path / "backup")) == []
    assert leaks(caplog.text, out, err, digest.text(), *problems, repr(found)) == []
    assert _has_person(house)


def _has_person(s: Settings) -> bool:
    """The number of a person was hashed with the key, so the key was at work."""
    with duckdb.connect(str(s.work_db), read_only=True) as con:
        row = con.execute("select count(*) from raw.tax where raw.tax::varchar like '%PID-%'").fetchone()
    return bool(row and row[0])


def test_a_fault_of_the_engine_shows_no_sql(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        con = duckdb.connect()
        con.execute(f"select sha256('{KEY.replace(chr(39), chr(39) * 2)}' || nowhere)")

    monkeypatch.setattr(land, "_land_sheets", broken)
    (drop,) = [d for d in discover(house).drops if d.source == "tax"]
    report = land_drop(house, drop)
    assert report.status == "refused" and report.reason_code == "unreadable"
    assert leaks(report.to_json(), written(house.warehouse_dir)) == []


def test_a_step_that_fails_notes_no_secret(house: Settings) -> None:
    with pytest.raises(duckdb.BinderException), nightly.step(house, "r1", "load"):
        duckdb.connect().execute(f"select sha256('{KEY.replace(chr(39), chr(39) * 2)}' || nowhere)")
    (note,) = (house.state_dir / "runs").rglob("load.json")
    assert json.loads(note.read_text(encoding="utf-8"))["status"] == "failed"
    assert leaks(note.read_text(encoding="utf-8")) == []


def test_the_statements_of_landing_hold_no_key(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Ear:
        def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
            self.con = con

        def execute(self, sql: str, *more: object) -> object:
            said.append(sql)
            return self.con.execute(sql, *more)

        def __getattr__(self, name: str) -> object:
            return getattr(self.con, name)

    build = land._SheetSql.__init__

    def listening(self: object, con: duckdb.DuckDBPyConnection, *rest: object) -> None:
        build(self, Ear(con), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(land._SheetSql, "__init__", listening)
    (drop,) = [d for d in discover(house).drops if d.source == "tax"]
    assert land_drop(house, drop).rows_accepted == 1
    assert any("getvariable('pii_key')" in s for s in said) and leaks(*said) == []


@pytest.mark.parametrize(
    ("env", "text", "left"),
    [
        ({"ZHIXIAO_PII_KEY": "it's-long"}, "sha256('it''s-long') it's-long", "sha256('***') ***"),
        ({"ZHIXIAO_PII_KEY": "short"}, "a short word", "a short word"),
        ({"ZHIXIAO_PII_KEY": "zhixiao-demo-key"}, "zhixiao-demo-key", "zhixiao-demo-key"),
        ({"ZHIXIAO_SMTP": "smtps://u:pass%40word@h:465"}, "pass%40word pass@word u", "*** *** u"),
        ({"ZHIXIAO_WEBHOOK": "https://h/send?key=0123456789"}, "at https://h/send?key=0123456789", "at ***"),
        ({"ZHIXIAO_WEBHOOK": "https://h/send?key=0123456789"}, "token 0123456789 is wrong", "token *** is wrong"),
        ({"ZHIXIAO_WEBHOOK": "https://[bad"}, "url https://[bad", "url ***"),
        ({}, "nothing", "nothing"),
    ],
)
def test_hiding(env: dict[str, str], text: str, left: str) -> None:
    assert hide(text, env) == left


def test_secrets_are_in_no_repr(house: Settings) -> None:
    assert leaks(repr(house), str(house)) == []
    assert house.pii_key == KEY and Settings.from_env().pii_key == KEY


def test_a_wrong_address_is_not_repeated(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIXIAO_WEBHOOK", f"ftp://127.0.0.1/?key={TOKEN}")
    monkeypatch.setenv("ZHIXIAO_SMTP", f"nonsense://robot:{PASSWORD}@127.0.0.1")
    _, problems = tell(house, RESULT)
    assert len(problems) == 2 and leaks(*problems, written(house.warehouse_dir)) == []


def test_an_error_of_ours_names_no_secret(house: Settings) -> None:
    with pytest.raises(DataError) as e:
        from zhixiao.landing.inspect import inspect_file

        inspect_file(house, house.raw_dir / "nowhere.csv", "sales")
    assert leaks(str(e.value), e.value.zh, e.value.en) == []
