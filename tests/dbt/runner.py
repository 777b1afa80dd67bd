"""Runs dbt on a work database of a test, as the nightly run does: a process of its own, JSON vars."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from zhixiao.settings import PROJECT_DIR


def run_dbt(
    work_db: Path, scratch: Path, known_on: date, as_of: date, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """`dbt <arguments>` for one pair, deprecations as errors. The caller looks at the return code."""
    env = os.environ | {
        "ZHIXIAO_WORK_DB": str(work_db),
        "ZHIXIAO_MEMORY_LIMIT": "1GB",
        "DBT_PROFILES_DIR": str(PROJECT_DIR / "dbt_project"),
        "DBT_PROJECT_DIR": str(PROJECT_DIR / "dbt_project"),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
    }
    pair = {"known_on": known_on.isoformat(), "as_of": as_of.isoformat()}
    return subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main",
            "--warn-error-options", '{"error": ["Deprecations", "NoNodesForSelectionCriteria"]}',
            *arguments, "--vars", json.dumps(pair),
        ],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
