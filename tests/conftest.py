"""Shared by all tests. Airflow reads its configuration when it is first imported, so it is given here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from zhixiao import airflow_local, nightly
from zhixiao.settings import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

# Two busy cores make timings of single examples meaningless.
hypothesis_settings.register_profile("zhixiao", deadline=None)
hypothesis_settings.load_profile("zhixiao")

_HOME = tempfile.TemporaryDirectory(prefix="zhixiao-airflow-")
for _name in [n for n in os.environ if n.startswith(("AIRFLOW", "ZHIXIAO_"))]:
    del os.environ[_name]
_scratch = Settings(Path(_HOME.name) / "raw", Path(_HOME.name) / "warehouse")
_env = airflow_local.airflow_env(_scratch, Path(_HOME.name) / "airflow")
os.environ.update({k: v for k, v in _env.items() if not k.startswith("ZHIXIAO_")})


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A warehouse of one's own with an empty drop zone, also in the environment. Nothing waits for settling."""
    s = Settings(tmp_path / "raw", tmp_path / "warehouse", settle_seconds=0)
    s.raw_dir.mkdir()
    for name, value in s.to_env().items():
        monkeypatch.setenv(name, value)
    return s


@pytest.fixture(scope="session")
def sample_raw() -> Path:
    """A few deliveries of every source, synthetic: every file lands."""
    return PROJECT_DIR / "tests" / "data" / "raw"


@pytest.fixture(scope="session")
def refused_raw() -> Path:
    """Files that must be refused, laid out like raw/."""
    return PROJECT_DIR / "tests" / "data" / "refused"


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """A fresh metadata database for this test session."""
    airflow_local.ensure_metadata(Path(os.environ["AIRFLOW_HOME"]))


@pytest.fixture(scope="session")
def bag(airflow_db: None) -> DagBag:
    """The DAGs of this repository, read as Airflow reads them."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a run says to the person who waits."""
    said: list[str] = []
    monkeypatch.setattr(nightly, "progress", said.append)
    yield said


LONGEST = ("tests/test_make_run.py", "tests/dbt/test_models.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files go first, so that none of them is the last one that a single worker is busy with."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
