"""A page as PDF, printed by the machine's Chromium, which is kept from the network."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from zhixiao.errors import ConfigError, DataError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--no-default-browser-check",
    "--disable-features=NetworkTimeServiceQuerying,OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
)
SECONDS = 180


def browser() -> str:
    """The installed Chromium, or a sentence that says what to install."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise ConfigError(
        "没有找到 Chromium，不能生成 PDF（网页和工作簿不受影响）。请安装：apt-get install chromium fonts-noto-cjk。",
        "no Chromium to print a PDF with (page and workbook do without): apt-get install chromium fonts-noto-cjk.",
    )


def run_browser(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Chromium with a profile of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="zhixiao-chromium-", ignore_cleanup_errors=True) as home:
        try:
            return subprocess.run(
                [browser(), *FLAGS, f"--user-data-dir={home}", *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as e:
            raise DataError(
                f"Chromium {SECONDS} 秒没有完成，请重试。", f"Chromium did not finish in {SECONDS} s: try again."
            ) from e


def print_pdf(page: Path, target: Path) -> Path:
    """Print a page; the target is replaced in one step."""
    part = target.with_name(f".{target.name}.part")
    done = run_browser(
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--no-pdf-header-footer",
        f"--print-to-pdf={part}",
        page.resolve().as_uri(),
    )
    if done.returncode or not part.exists():
        part.unlink(missing_ok=True)
        raise DataError(
            f"Chromium 没有生成 {target.name}：{done.stderr.strip()[-300:]}",
            f"Chromium printed no {target.name} (exit {done.returncode}).",
        )
    part.chmod(0o640)
    part.replace(target)
    return target
