"""What a night says to people: digest, page, metrics, mail and webhook."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import duckdb
import pytest

from zhixiao.settings import Settings
from zhixiao.watch.digest import Digest, Line, digest_of
from zhixiao.watch.history import nights
from zhixiao.watch.send import send
from zhixiao.watch.tell import tell

RESULT: dict[str, Any] = {
    "run_id": "night-1", "exit_code": 3, "known_on": "2026-02-24", "as_of": "2026-02-24",
    "started_at": "2026-02-25T02:00:00", "finished_at": "2026-02-25T02:01:30",
    "files": {"files": 12, "new": 3}, "failed": [],
    "refused": [{"source": "tax", "file": "tax/2026-02-20/a.csv", "zh": "没有表头", "en": "no header"}],
    "steps": [
        {"step": "land-tax-1", "status": "done", "seconds": 2.25},
        {"step": "land-fai-1", "status": "done", "seconds": 1},
        {"step": "build", "status": "done", "seconds": 40},
    ],
    "publish": {"release_id": "2026-02-24_2026-02-24_ab"}, "message_zh": "已发布", "message_en": "Published",
}  # fmt: skip
DIGEST = Digest("n", "2026-02-24", "2026-02-24", 3, "", "", (Line("税务局", "refused", "甲", "a", "乙", "b"),))


def publish(settings: Settings) -> None:
    """As far as the watch reads a release."""
    settings.published_db.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.published_db)) as con:
        con.execute("create schema quality")
        con.execute("create schema checks")
        con.execute("create table quality.release as select 'r1' as release_id, date '2026-02-24' as known_on")
        con.execute(
            "create table quality.delivery as select * from (values"
            " ('fai', '321204', '2026-01', 'missing', date '2026-02-15', null::date, 0, 0),"
            " ('fai', '321204', '2025-12', 'late', date '2026-01-15', date '2026-01-20', 1, 60),"
            " ('fai', '321204', '2024-12', 'missing', date '2025-01-15', null, 0, 0),"
            " ('tax', '321204', '2026-01', 'received', date '2026-02-15', date '2026-02-11', 1, 900))"
            " t(source, district_code, period, status, due_on, received_on, files, rows)"
        )
        con.execute("create table quality.load_log as select 'tax' as source, 'refused' as status")
        con.execute(
            "create table quality.quarantine as select * from (values"
            " ('税务局', 'tax', '321204', 'f1', date '2026-01-10', '', 4, 'open'),"
            " ('税务局', 'tax', '321204', 'f1', date '2026-01-10', '', 4, 'open'),"
            " ('税务局', 'tax', '321204', 'f1', date '2026-01-10', '', 9, 'superseded'))"
            " t(owner, source, district_code, file_sha256, received_on, sheet, row_number, state)"
        )
        con.execute(
            "create table checks.fct_check_result as select * from (values"
            " ('R01', 'project', 'Q1', 'fail', 'block', 'a'), ('R01', 'project', 'Q2', 'fail', 'block', 'b'),"
            " ('R01', 'project', 'Q3', 'fail', 'flag', 'c'), ('R26', 'source', 'R26', 'fail', 'flag', 'd'))"
            " t(check_id, entity_type, entity_id, outcome, effective_severity, finding_id)"
        )
        con.execute(
            "create table checks.finding_decision as select 'b' finding_id, 'explained' decision, 'in_force' state"
        )


def test_every_line_has_an_owner_and_an_action(settings: Settings) -> None:
    publish(settings)
    digest = digest_of(settings, RESULT)
    told = [(x.owner, x.kind, x.zh) for x in digest.lines]
    assert told == [
        ("数据组", "alarm", "检查 R26 判疑点过多，可能阈值不当"),
        ("税务局", "refused", "整份退回 tax/2026-02-20/a.csv：没有表头"),
        ("税务局", "quarantine", "1 份文件中 1 行待更正，最久 45 天"),
        ("统计局", "missing", "未报 固定资产投资月报（fai）2026-01，应于 2026-02-15 前报送"),
        ("统计局", "finding", "1 条疑点先不计入核实数（R01×1）"),
    ]
    assert all(x.action_zh and x.action_en and x.en for x in digest.lines)
    assert digest.title == "质效 2026-02-24：有事要办 act，5 件"


def test_a_quiet_night_says_nothing(settings: Settings) -> None:
    digest = digest_of(settings, {**RESULT, "exit_code": 0, "refused": []})
    assert digest.lines == () and digest.title == "质效 2026-02-24：正常 green，0 件"


def test_an_unpublished_night_tells_why_and_not_what_an_old_release_says(settings: Settings) -> None:
    publish(settings)
    step = {"step": "audit", "status": "failed", "zh": "主键重复", "en": "duplicate keys", "seconds": 1}
    digest = digest_of(settings, {**RESULT, "exit_code": 1, "refused": [], "steps": [step], "message_zh": "没有发布"})
    assert [x.kind for x in digest.lines] == ["step"]
    assert "没有发布" in digest.text()


def test_page_history_and_metrics(settings: Settings) -> None:
    publish(settings)
    for _ in range(2):  # a cleared verdict is told again
        tell(settings, RESULT)
    (night,) = nights(settings)
    assert (night.seconds, night.new_files, night.refused, night.step_seconds) == (
        90.0,
        3,
        1,
        {"land": 3.2, "build": 40.0},
    )
    metrics = (settings.state_dir / "metrics.prom").read_text(encoding="utf-8")
    assert "zhixiao_run_exit_code 3\n" in metrics and 'zhixiao_matters{kind="finding"} 1\n' in metrics
    assert "zhixiao_run_finished_timestamp 1771956090\n" in metrics
    page = (settings.docs_dir / "status.html").read_text(encoding="utf-8")
    assert page.count('class="missing" title="2026-01：未报，应于 2026-02-15，0 行"') == 1
    assert "http" not in page.replace("http-equiv", "")
    assert "整份退回 tax/2026-02-20/a.csv" in page
    assert "税务局" in (settings.state_dir / "digest.txt").read_text(encoding="utf-8")


def test_a_name_with_markup_is_text_on_the_page(settings: Settings) -> None:
    publish(settings)
    entry = {"source": "tax", "file": "tax/2026-02-20/<script>x</script>.csv", "zh": "坏", "en": "bad"}
    tell(settings, {**RESULT, "refused": [entry]})
    page = (settings.docs_dir / "status.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "&lt;script&gt;" in page


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/robot?key=secret", got
    server.shutdown()


@pytest.fixture
def mail() -> Iterator[tuple[str, list[str]]]:
    lines: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            def say(text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

            say("220 ready")
            in_data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                lines.append(line)
                if in_data:
                    in_data = line != "."
                    if not in_data:
                        say("250 taken")
                elif line.upper() == "DATA":
                    in_data = True
                    say("354 go on")
                elif line == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 ok")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"smtp://127.0.0.1:{server.server_address[1]}", lines
    server.shutdown()


def test_mail_and_webhook_get_one_message_each(
    webhook: tuple[str, list[dict[str, Any]]], mail: tuple[str, list[str]]
) -> None:
    url, got = webhook
    smtp, lines = mail
    env = {"ZHIXIAO_WEBHOOK": url, "ZHIXIAO_MAIL_TO": "a@example.org", "ZHIXIAO_SMTP": smtp}
    assert send(DIGEST, env) == []
    assert [m["msgtype"] for m in got] == ["text"]
    assert "【税务局】" in got[0]["text"]["content"] and got[0]["zhixiao"]["matters"] == 1
    assert "To: a@example.org" in lines and lines.count("data") == 1


def test_without_an_address_nothing_is_sent_and_a_fault_does_not_tell_the_secret() -> None:
    assert send(DIGEST, {}) == []
    problems = send(DIGEST, {"ZHIXIAO_WEBHOOK": "http://127.0.0.1:9/?key=secret", "ZHIXIAO_MAIL_TO": "a@b",
                             "ZHIXIAO_SMTP": "ftp://user:secret@x"})  # fmt: skip
    assert len(problems) == 2 and not any("secret" in p for p in problems)
