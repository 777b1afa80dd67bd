"""The commands `zhixiao bulletin` and `zhixiao profile`, and the function that writes a bulletin's files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zhixiao.errors import ZhixiaoError
from zhixiao.settings import Settings


class Kind(StrEnum):
    """How long the period of a bulletin is."""

    monthly = "monthly"
    quarterly = "quarterly"
    yearly = "yearly"
    plan = "plan"


@dataclass
class Written:
    """The files that were written, and what could not be."""

    release_id: str
    period: str
    files: list[Path] = field(default_factory=list)
    faults: list[ZhixiaoError] = field(default_factory=list)


def folder_of(settings: Settings, kind: str, slug: str) -> Path:
    """Where the bulletin of a period lies unless told otherwise."""
    return settings.docs_dir / "bulletin" / f"{kind}-{slug}"


def write_bulletin(
    settings: Settings,
    kind: str,
    *,
    board: str | None = None,
    period: str | None = None,
    out: Path | None = None,
    pdf: bool = True,
) -> Written:
    """Write page, PDF and workbook of a period, with a page for every board; with `board`, its page and PDF alone."""
    from zhixiao.bulletin import district, page, workbook
    from zhixiao.bulletin.board import report
    from zhixiao.bulletin.release import open_release

    with open_release(settings) as release:
        window = release.window(kind, period)
        folder = out or folder_of(settings, kind, window.slug)
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        done = Written(release.release_id, window.slug)
        if board is None:
            whole = district.bulletin(release, window)
            stem = f"通报_{window.slug}"
            done.files += [
                _page(folder / f"{stem}.html", page.render(whole)),
                workbook.write(whole, folder / f"{stem}.xlsx"),
            ]
        for name in [board] if board else release.boards(window):
            if board or name != "未知":
                text = page.render(report(release, window, name))
                done.files.append(_page(folder / f"述职_{window.slug}_{_file_name(name)}.html", text))
    if pdf:
        _print(done, done.files[0])
    return done


def write_profile(settings: Settings, project: str, *, out: Path | None = None, pdf: bool = False) -> Written:
    """Write a project's page."""
    from zhixiao.bulletin import page, profile
    from zhixiao.bulletin.release import open_release

    with open_release(settings) as release:
        document = profile.page(release, project)
        project_id = profile.find(release, project)["project_id"]
        done = Written(release.release_id, project_id)
    folder = out or settings.docs_dir / "profile"
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    done.files.append(_page(folder / f"画像_{_file_name(project_id)}.html", page.render(document)))
    if pdf:
        _print(done, done.files[0])
    return done


def _page(path: Path, text: str) -> Path:
    from zhixiao.warehouse.files import write_atomic

    write_atomic(path, text)
    path.chmod(0o640)
    return path


def _print(done: Written, page: Path) -> None:
    from zhixiao.bulletin.pdf import print_pdf

    try:
        done.files.append(print_pdf(page, page.with_suffix(".pdf")))
    except ZhixiaoError as e:
        done.faults.append(e)


def _file_name(words: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in words)


Out = Annotated[Path | None, typer.Option("--out", help="输出目录 / where to write; else <warehouse>/docs")]


def bulletin_command(
    kind: Annotated[Kind, typer.Option("--kind", help="月、季、年、五年 / the kind of period")],
    board: Annotated[
        str | None, typer.Option("--board", help="只出一个板块的述职报告 / one board's report alone")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", help="2025-12 | 2025Q4 | 2025 | 2021-2025；不填为最近完整的一期 / else the last complete one"
        ),
    ] = None,
    out: Out = None,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", help="不出 PDF / page and workbook alone")] = False,
) -> None:
    """通报：网页、PDF、工作簿，并出各板块述职报告 / the bulletin of a period as page, PDF and workbook."""
    done = write_bulletin(Settings.from_env(), kind.value, board=board, period=period, out=out, pdf=not no_pdf)
    _tell(done)


def profile_command(
    project: Annotated[str, typer.Argument(help="项目编号、代码或名称 / number, code or name of a project")],
    out: Out = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="同时出 PDF / a PDF too")] = False,
) -> None:
    """项目画像：一个项目一页 / a project's page."""
    _tell(write_profile(Settings.from_env(), project, out=out, pdf=pdf))


def _tell(done: Written) -> None:
    typer.echo(f"版本 {done.release_id}，{done.period} / release {done.release_id}, {done.period}")
    for path in done.files:
        typer.echo(f"  {path}")
    for fault in done.faults:
        typer.echo(f"{fault.zh}\n{fault.en}", err=True)
    if done.faults:
        raise typer.Exit(3)
