"""Bulletins, board reports and project pages of the sample district: read back, printed, opened in Chromium."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from lxml import html
from openpyxl import load_workbook

from tests.bulletin.readback import check_page, check_workbook
from tests.end_to_end.world import World
from zhixiao import bulletin_steps
from zhixiao.bulletin import command, pdf
from zhixiao.bulletin.command import Written, write_bulletin, write_profile
from zhixiao.bulletin.pdf import NAMES, run_browser
from zhixiao.errors import ConfigError

BROWSERS_OWN = re.compile(
    r"^(CONNECT|GET) (http://)?(accounts|www|clients2|update|safebrowsing)\.google(apis)?\.com[:/]"
)
"""What Chromium asks for by itself with any page, also an empty one: signing in, the time, its search engine."""
HAS_BROWSER = any(os.access(Path(d) / n, os.X_OK) for d in os.get_exec_path() for n in NAMES)
needs_browser = pytest.mark.skipif(
    not HAS_BROWSER and not os.environ.get("CI"), reason="no Chromium on this machine; CI installs it"
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bulletin")


@pytest.fixture(scope="module")
def yearly(sample_world: World, out: Path) -> Written:
    return write_bulletin(sample_world.settings, "yearly", out=out, pdf=False)


@pytest.fixture(scope="module")
def project(sample_world: World) -> str:
    """The project with the most to show."""
    sql = (
        "SELECT project_id FROM marts.mart_project_profile ORDER BY finding_count + milestone_count DESC, "
        "has_investment_report DESC, project_id LIMIT 1"
    )
    return str(sample_world.read(sql)[0][0])


@pytest.fixture(scope="module")
def profile(sample_world: World, project: str, out: Path) -> Path:
    return write_profile(sample_world.settings, project, out=out).files[0]


@contextmanager
def con(world: World) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(world.settings.published_db), read_only=True) as c:
        yield c


def test_every_figure_of_every_page_is_the_marts(sample_world: World, yearly: Written, profile: Path) -> None:
    with con(sample_world) as c:
        counts = {p.name: check_page(c, p) for p in [*yearly.files, profile] if p.suffix == ".html"}
    assert counts["通报_" + yearly.period + ".html"] > 150
    boards = [n for name, n in counts.items() if name.startswith("述职_")]
    assert boards and min(boards) > 10 and max(boards) > 60
    assert counts[profile.name] > 3


def test_every_number_of_the_workbook_is_the_marts(sample_world: World, yearly: Written) -> None:
    with con(sample_world) as c:
        assert check_workbook(c, yearly.files[1]) > 200


@pytest.mark.parametrize("kind", [pytest.param("quarterly", marks=pytest.mark.long), "plan"])
def test_the_other_periods(sample_world: World, tmp_path: Path, kind: str) -> None:
    done = write_bulletin(sample_world.settings, kind, out=tmp_path, pdf=False)
    with con(sample_world) as c:
        assert check_page(c, done.files[0]) > 50
        assert check_workbook(c, done.files[1]) > 50


def test_pages_are_in_chinese_with_their_release_and_footnotes(sample_world: World, yearly: Written) -> None:
    release = sample_world.read("SELECT release_id, known_on, as_of FROM quality.release")[0]
    for page in (yearly.files[0], yearly.files[2]):
        text = page.read_text(encoding="utf-8")
        tree = html.fromstring(text)
        assert tree.get("lang") == "zh-CN"
        words = tree.text_content()
        assert all(str(x) in words for x in release)
        targets = {a.get("href")[1:] for a in tree.xpath("//sup/a")}
        notes = {n.get("id") for n in tree.xpath("//ol[@class='notes']/li")}
        assert targets and targets <= notes
        assert not re.search(r"(src|href)=\"(?!#)", re.sub(r"xlink:href=\"#", "", text))
        assert "<script" not in text
        ids = [e.get("id") for e in tree.xpath("//*[@id]")]
        assert len(ids) == len(set(ids))
    tree = html.fromstring(yearly.files[0].read_text(encoding="utf-8"))
    sections = [h.text_content().split("、", 1)[-1] for h in tree.xpath("//h2")]
    assert sections == [
        "总体情况", "五率", "板块排名与升降", "板块完成情况与储备", "走势", "堵点", "退出清单",
        "督查正反面典型与三条原则", "数据质量说明", "注：指标定义与来源",
    ]  # fmt: skip
    assert {"签约项目备案率", "项目投资完成率"} <= {t.text for t in tree.iter("{*}text")} | {
        t.text for t in tree.xpath("//figure//text")
    }


def test_the_workbook_is_laid_out_to_be_printed(yearly: Written) -> None:
    book = load_workbook(yearly.files[1])
    assert {"总体情况", "五率", "板块排名", "板块完成情况", "堵点清单", "退出清单", "口径与来源", "依据"} <= set(
        book.sheetnames
    )
    sheet = book["板块完成情况"]
    assert sheet["A1"].value.endswith("板块完成情况与储备项目")
    assert sheet.freeze_panes == "B5"
    assert {"A3:A4", "B3:C3"} <= {str(m) for m in sheet.merged_cells.ranges}
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToWidth == 1
    assert sheet.print_title_rows == "$3:$4"
    texts = [c.value for row in sheet.iter_rows() for c in row if isinstance(c.value, str)]
    assert "合计" in texts and any(t.startswith("单位：") for t in texts) and any(t.startswith("注") for t in texts)
    assert all(c.data_type != "f" for s in book.worksheets for row in s.iter_rows() for c in row)


def test_a_board_and_a_project_that_are_not_there_are_a_sentence(sample_world: World, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no board"):
        write_bulletin(sample_world.settings, "yearly", board="没有", out=tmp_path, pdf=False)
    with pytest.raises(ConfigError, match="there is no project"):
        write_profile(sample_world.settings, "没有这个", out=tmp_path)
    with pytest.raises(ConfigError, match="no such period"):
        write_bulletin(sample_world.settings, "monthly", period="1999-01", out=tmp_path, pdf=False)


def test_without_chromium_the_page_is_there_and_a_sentence_says_what_to_install(
    sample_world: World, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    done = command.write_profile(sample_world.settings, project, out=tmp_path, pdf=True)
    assert [p.suffix for p in done.files] == [".html"]
    assert "apt-get install chromium" in done.faults[0].zh


def test_what_is_due_is_plain_and_is_due_once(sample_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sample_world.settings.to_env().items():
        monkeypatch.setenv(name, value)
    items = bulletin_steps.due({"day": 0})
    assert {i["kind"] for i in items} >= {"monthly", "yearly"}
    assert all(type(v) is str for i in items for v in i.values())
    monkeypatch.setattr(bulletin_steps, "_written", lambda _, w: w.kind != "yearly")
    assert bulletin_steps.due({"day": 0}) == [i for i in items if i["kind"] == "yearly"]
    assert bulletin_steps.due({"kind": "monthly"}) == [i for i in items if i["kind"] == "monthly"]


# --- in a real browser


@contextmanager
def proxy() -> Iterator[tuple[int, list[str]]]:
    """Where everything that leaves the browser would arrive: the first lines of the requests."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.settimeout(5)
                    asked.append(client.recv(400).split(b"\r\n")[0].decode(errors="replace"))

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], asked


def opened(page: Path, *arguments: str) -> tuple[str, str, list[str]]:
    """The DOM, what the console said, and every request that left."""
    with proxy() as (port, asked):
        done = run_browser(
            f"--proxy-server=http://127.0.0.1:{port}", "--proxy-bypass-list=<-loopback>", "--enable-logging=stderr",
            *arguments, page.resolve().as_uri(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        console = "\n".join(x for x in done.stderr.splitlines() if ":CONSOLE" in x)
        return done.stdout, console, [x for x in asked if not BROWSERS_OWN.search(x)]


@needs_browser
def test_pages_open_without_a_request_or_a_console_error(yearly: Written, profile: Path, tmp_path: Path) -> None:
    for page in (yearly.files[0], yearly.files[2], profile):
        dom, console, asked = opened(page, "--dump-dom")
        assert asked == []
        assert console == ""
        assert "资料截止" in dom and "注：指标定义与来源" in dom
    loud = tmp_path / "loud.html"
    loud.write_text("<img src='http://example.invalid/a.png'><script>console.error('x')</script>", encoding="utf-8")
    _, console, asked = opened(loud, "--dump-dom")
    assert asked == ["GET http://example.invalid/a.png HTTP/1.1"]
    assert "x" in console


@needs_browser
def test_chinese_is_drawn(yearly: Written, tmp_path: Path) -> None:
    """Two characters that a font lacks are the same box; a page is more than white."""
    style = html.fromstring(yearly.files[0].read_text(encoding="utf-8")).xpath("//style")[0].text
    pictures = []
    for name, character in (("a", "质"), ("b", "效")):
        page = tmp_path / f"{name}.html"
        page.write_text(
            f"<!doctype html><meta charset='utf-8'><style>{style}</style><h1>{character}</h1>", encoding="utf-8"
        )
        picture = tmp_path / f"{name}.png"
        opened(page, f"--screenshot={picture}", "--window-size=400,300")
        pictures.append(picture.read_bytes())
    assert pictures[0] != pictures[1]


@needs_browser
def test_the_pdf_of_a_board_is_one_page(sample_world: World, yearly: Written, tmp_path: Path) -> None:
    board = max(yearly.files[2:], key=lambda p: p.stat().st_size).stem.rsplit("_", 1)[1]
    done = write_bulletin(sample_world.settings, "yearly", board=board, out=tmp_path)
    assert not done.faults
    printed = done.files[1].read_bytes()
    assert printed.startswith(b"%PDF")
    assert re.findall(rb"/Count (\d+)", printed) == [b"1"]
