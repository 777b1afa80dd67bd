"""Airflow on one machine, without any configuration file: `make run` (in this process) and `make up`.

    python -m zhixiao.airflow_local run   run `nightly_load` once here, print the summary, exit 0 / 3 / 1
    python -m zhixiao.airflow_local up    scheduler and web page on 127.0.0.1

The two keep separate metadata, below the warehouse's `state/`: a scheduler would pick up the tasks of a run
that is being carried out in another process.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import ipaddress
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from zhixiao import nightly
from zhixiao.errors import ConfigError, ZhixiaoError
from zhixiao.hide import hide
from zhixiao.settings import PROJECT_DIR, Settings
from zhixiao.warehouse.files import FILE_MODE, SECRET_FOLDER_MODE, keep_private
from zhixiao.warehouse.lock import Holder, warehouse_lock

if TYPE_CHECKING:
    from airflow.sdk import DAG

DAG_ID = "nightly_load"
DAGS_DIR = PROJECT_DIR / "dags"
LOCK_WAIT_SECONDS = 3600.0
LOOPBACK = "127.0.0.1"


def airflow_env(settings: Settings, home: Path, dags: Path = DAGS_DIR) -> dict[str, str]:
    """Everything Airflow needs to know, as environment variables."""
    return {
        **settings.to_env(),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONUTF8": "1",
    }


def ensure_metadata(home: Path) -> None:
    """Make or upgrade the metadata database below `home`. Airflow must not have been imported before the
    environment was set. A fresh one is copied from a template that the virtual environment keeps."""
    version = importlib.metadata.version("apache-airflow")
    db, stamp = home / "airflow.db", home / "metadata-version"
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(SECRET_FOLDER_MODE)  # keys, connections and the password of the web page lie here
    if db.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == version:
        return
    template = Path(sys.prefix) / "share" / "zhixiao" / f"airflow-{version}.db"
    if not db.exists() and template.exists():
        part = home / f"airflow.db.{os.getpid()}"
        shutil.copyfile(template, part)
        part.replace(db)
    else:
        fresh = not db.exists()
        from airflow.utils.db import initdb

        initdb()
        if fresh:
            keep_template(db, template)
    stamp.write_text(version, encoding="utf-8")


def keep_template(db: Path, template: Path) -> None:
    """Keep a copy of a fresh metadata database, where the virtual environment can be written to."""
    part = template.with_name(f"{template.name}.{os.getpid()}")
    try:
        template.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(db) as source, sqlite3.connect(part) as copy:
            source.backup(copy)
        part.replace(template)
    except (OSError, sqlite3.Error):
        part.unlink(missing_ok=True)


def end_dead_runs(home: Path) -> None:
    """Runs of a process that was killed stay `running` in the metadata; nobody will ever finish them."""
    con = sqlite3.connect(home / "airflow.db")
    try:
        with con:
            con.execute("update dag_run set state = 'failed' where state in ('running', 'queued')")
            con.execute("update task_instance set state = 'failed' where state in ('running', 'queued', 'scheduled')")
    finally:
        con.close()


def nightly_dag() -> DAG:
    """The DAG as the bundle holds it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    if bag.import_errors or DAG_ID not in bag.dags:
        why = "; ".join(f"{Path(f).name}: {e.strip().splitlines()[-1]}" for f, e in bag.import_errors.items())
        raise ConfigError(f"DAG 无法载入：{why}", f"The DAG cannot be loaded: {why}")
    return bag.dags[DAG_ID]


def run_dag(settings: Settings, known_on: str | None, as_of: str | None) -> tuple[str, str]:
    """Carry out `nightly_load` in this process; (run id, state)."""
    home = settings.state_dir / "airflow-run"
    os.environ.update(airflow_env(settings, home))
    ensure_metadata(home)
    end_dead_runs(home)
    dag_run = nightly_dag().test(run_conf={"known_on": known_on, "as_of": as_of})
    return str(dag_run.run_id), str(dag_run.state)


# --- make run


class Terminal:
    """The person's terminal, while everything that libraries print goes to a log file."""

    def __init__(self, log_file: Path) -> None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file = log_file
        self.begun = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        self.out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", buffering=1)
        self.saved = (os.dup(1), os.dup(2))
        fd = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.close(fd)

    def line(self, text: str) -> None:
        spent = int(time.monotonic() - self.begun)
        self.out.write(f"[{spent // 60:02d}:{spent % 60:02d}] {text}\n")

    def close(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, fd in zip((1, 2), self.saved, strict=True):
            os.dup2(fd, number)
            os.close(fd)
        self.out.close()


def run(settings: Settings, known_on: str | None, as_of: str | None) -> int:
    """`make run`: one nightly run in this process, with progress and a summary. Returns 0, 3 or 1."""
    try:
        known_on, as_of = nightly.pair_wanted({"known_on": known_on, "as_of": as_of})
        if not settings.raw_dir.is_dir():
            raise nightly.no_drop_zone(settings)
        stamp = nightly.now().strftime("%Y%m%dT%H%M%S")
        terminal = Terminal(settings.state_dir / "logs" / f"run-{stamp}-{os.getpid()}.log")
    except ZhixiaoError as e:
        print(f"{e.zh}\n{e.en}", file=sys.stderr)
        return nightly.NOT_PUBLISHED
    except OSError as e:
        print(f"数据仓目录无法写入：{e}\nThe warehouse cannot be written to: {e}", file=sys.stderr)
        return nightly.NOT_PUBLISHED
    nightly.progress = terminal.line
    os.environ.setdefault("ZHIXIAO_LAND_WORKERS", str(min(4, os.cpu_count() or 1)))
    code, text = nightly.NOT_PUBLISHED, ""
    try:
        code, text = locked_run(settings, terminal, known_on, as_of)
    except ZhixiaoError as e:
        text = f"{e.zh}\n{e.en}"
    except KeyboardInterrupt:
        text = "已中断，没有发布；再次运行会接着做。\nInterrupted, nothing published; running again picks up."
    except Exception as e:
        import traceback

        print(hide(traceback.format_exc()), file=sys.stderr)
        text = hide(
            f"没有发布：程序出错（{type(e).__name__}: {e}）。日志：{terminal.log_file}\n"
            f"Nothing published: {type(e).__name__}: {e}. Log: {terminal.log_file}"
        )
    finally:
        terminal.close()
    print(text, flush=True)
    return code


def locked_run(settings: Settings, terminal: Terminal, known_on: str | None, as_of: str | None) -> tuple[int, str]:
    """Hold the warehouse for the whole run."""

    def waiting(holder: Holder | None) -> None:
        zh, en = (holder.zh, holder.en) if holder else ("另一个进程", "another process")
        terminal.line(f"数据仓正被{zh}占用，等待中… / waiting for {en} ...")

    wait = float(os.environ.get("ZHIXIAO_LOCK_WAIT") or LOCK_WAIT_SECONDS)
    with warehouse_lock(settings, wait, "make run", waiting):
        settle(settings, terminal.line)
        terminal.line("启动 Airflow… / starting Airflow ...")
        run_id, state = run_dag(settings, known_on, as_of)
        result = nightly.last_run(settings)
        if result is None or result["run_id"] != run_id:
            raise ConfigError(
                f"Airflow 没有走到 verdict（{state}）。日志：{terminal.log_file}",
                f"Airflow did not reach the verdict ({state}). Log: {terminal.log_file}",
            )
        result["log"] = str(terminal.log_file)
        return int(result["exit_code"]), nightly.report_of(settings, result)


def settle(settings: Settings, tell: Callable[[str], None]) -> None:
    """In a fresh clone every file was written a moment ago. When none is ready yet, wait until they are."""
    found = nightly.backend.discover(settings)
    if found.drops or not found.waiting:
        return
    youngest = max(p.stat().st_mtime for p in found.waiting)
    seconds = min(settings.settle_seconds, settings.settle_seconds - (time.time() - youngest)) + 1
    if seconds > 0:
        tell(
            f"所有文件都是刚写入的，等待 {seconds:.0f} 秒以确认写完… / "
            f"every file was written a moment ago; waiting {seconds:.0f} s to be sure they are whole ..."
        )
        time.sleep(seconds)


# --- make up


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def has_login(env: Mapping[str, str]) -> bool:
    """Whether a login of the server's own is configured. Airflow's simple one is made for a person's own machine."""
    manager = env.get("AIRFLOW__CORE__AUTH_MANAGER", "").strip()
    return bool(manager) and "simple" not in manager.lower()


def require_login(host: str, env: Mapping[str, str]) -> None:
    """Refuse to show the web page to others without a login. Raises ConfigError."""
    if not is_loopback(host) and not has_login(env):
        raise ConfigError(
            f"网页不能开放在 {host or '所有地址'}：除本机（127.0.0.1）外必须先配置登录"
            "（AIRFLOW__CORE__AUTH_MANAGER，不能用 Airflow 自带的 SimpleAuthManager）。见 docs/security.md。",
            f"the web page is not opened on {host or 'every address'}: anywhere but on this machine (127.0.0.1) it "
            "needs a login first (AIRFLOW__CORE__AUTH_MANAGER, not Airflow's SimpleAuthManager). "
            "See docs/security.md.",
        )


def up_env(settings: Settings, port: int, host: str = LOOPBACK) -> dict[str, str]:
    """The scheduler and its web page on this machine alone. Port and execution API move together.

    Raises ConfigError for any other address: `airflow standalone` puts its simple login in the place of a configured
    one, so a server starts Airflow's parts by themselves.
    """
    require_login(host, os.environ)
    if not is_loopback(host):
        raise ConfigError(
            f"make up 只在本机开放网页，不能开放在 {host}：airflow standalone 会用简易登录替换已配置的登录。"
            "请分别启动 airflow 的 api-server、scheduler、dag-processor、triggerer，或在 127.0.0.1 前面加反向代理。",
            f"make up opens the web page on this machine only, not on {host}: airflow standalone puts its simple login "
            "in the place of the configured one. Start Airflow's api-server, scheduler, dag-processor and triggerer "
            "by themselves, or put a reverse proxy in front of 127.0.0.1.",
        )
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    bin_dir = str(Path(sys.executable).parent)
    return {
        **airflow_env(settings, settings.state_dir / "airflow"),
        "PATH": os.pathsep.join((bin_dir, os.environ.get("PATH", os.defpath))),
        "AIRFLOW__API__HOST": host,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
    }


def up(settings: Settings, port: int, host: str = LOOPBACK) -> None:
    """`make up`: becomes `airflow standalone`."""
    env = up_env(settings, port, host)
    os.environ.update(env)
    home = Path(env["AIRFLOW_HOME"])
    ensure_metadata(home)
    password = home / "simple_auth_manager_passwords.json.generated"
    print(
        f"调度器与网页 / scheduler and web page: {env['AIRFLOW__API__BASE_URL']}\n"
        f"用户 admin，密码见 / user admin, password in: {password}\n"
        f"数据仓 / warehouse: {settings.warehouse_dir}   按 Ctrl-C 停止 / stop with Ctrl-C",
        flush=True,
    )
    airflow = Path(sys.executable).with_name("airflow")
    os.execv(airflow, [str(airflow), "standalone"])


def main(argv: Sequence[str] | None = None) -> int:
    """The entry of `bin/zhixiao-run` and `make up`."""
    parser = argparse.ArgumentParser(prog="zhixiao-run", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("command", nargs="?", choices=["run", "up"], default="run")
    parser.add_argument("--raw", type=Path, help="drop zone (default raw/, or ZHIXIAO_RAW)")
    parser.add_argument("--warehouse", type=Path, help="warehouse (default warehouse/, or ZHIXIAO_WAREHOUSE)")
    parser.add_argument("--known-on", default=os.environ.get("KNOWN_ON"), help="only what was received by this day")
    parser.add_argument("--as-of", default=os.environ.get("AS_OF"), help="the day the figures describe")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8080), help="of the web page")
    parser.add_argument("--host", default=os.environ.get("ZHIXIAO_HOST") or LOOPBACK, help="of the web page")
    args: Any = parser.parse_args(argv)
    keep_private()
    for name in ("ZHIXIAO_RAW", "ZHIXIAO_WAREHOUSE"):
        if os.environ.get(name, "").startswith("~"):  # make does not expand RAW=~/deliveries
            os.environ[name] = str(Path(os.environ[name]).expanduser())
    settings = Settings.from_env()
    if args.raw:
        settings = replace(settings, raw_dir=args.raw.absolute())
    if args.warehouse:
        settings = replace(settings, warehouse_dir=args.warehouse.absolute())
    if args.command == "up":
        try:
            up(settings, args.port, args.host)
        except ZhixiaoError as e:
            print(f"{e.zh}\n{e.en}", file=sys.stderr)
            return nightly.NOT_PUBLISHED
    return run(settings, args.known_on, args.as_of)


if __name__ == "__main__":
    sys.exit(main())
