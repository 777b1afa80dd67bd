"""Where things lie and the few switches there are, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
DEFAULT_PII_KEY = "zhixiao-demo-key"


@dataclass(frozen=True)
class Settings:
    """Paths and switches of one warehouse. All directories below `warehouse_dir` are made when needed."""

    raw_dir: Path
    warehouse_dir: Path
    district: str = "321204"
    pii_key: str = field(default=DEFAULT_PII_KEY, repr=False)
    settle_seconds: int = 60
    memory_limit: str = "2GB"
    keep_releases: int = 30
    keep_log_days: int = 90
    keep_receipt_days: int = 400
    keep_orphan_days: int = 90

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read ZHIXIAO_RAW, _WAREHOUSE, _DISTRICT, _PII_KEY, _SETTLE_SECONDS, _MEMORY_LIMIT and what `tidy`
        keeps: _KEEP_RELEASES, _KEEP_LOG_DAYS, _KEEP_RECEIPT_DAYS, _KEEP_ORPHAN_DAYS."""
        e = os.environ if env is None else env
        return cls(
            raw_dir=Path(e.get("ZHIXIAO_RAW") or PROJECT_DIR / "raw").absolute(),
            warehouse_dir=Path(e.get("ZHIXIAO_WAREHOUSE") or PROJECT_DIR / "warehouse").absolute(),
            district=e.get("ZHIXIAO_DISTRICT") or "321204",
            pii_key=e.get("ZHIXIAO_PII_KEY") or DEFAULT_PII_KEY,
            settle_seconds=int(e.get("ZHIXIAO_SETTLE_SECONDS") or 60),
            memory_limit=e.get("ZHIXIAO_MEMORY_LIMIT") or "2GB",
            keep_releases=int(e.get("ZHIXIAO_KEEP_RELEASES") or 30),
            keep_log_days=int(e.get("ZHIXIAO_KEEP_LOG_DAYS") or 90),
            keep_receipt_days=int(e.get("ZHIXIAO_KEEP_RECEIPT_DAYS") or 400),
            keep_orphan_days=int(e.get("ZHIXIAO_KEEP_ORPHAN_DAYS") or 90),
        )

    def to_env(self) -> dict[str, str]:
        """The same settings as environment variables, for a child process."""
        return {
            "ZHIXIAO_RAW": str(self.raw_dir),
            "ZHIXIAO_WAREHOUSE": str(self.warehouse_dir),
            "ZHIXIAO_DISTRICT": self.district,
            "ZHIXIAO_PII_KEY": self.pii_key,
            "ZHIXIAO_SETTLE_SECONDS": str(self.settle_seconds),
            "ZHIXIAO_MEMORY_LIMIT": self.memory_limit,
            "ZHIXIAO_KEEP_RELEASES": str(self.keep_releases),
            "ZHIXIAO_KEEP_LOG_DAYS": str(self.keep_log_days),
            "ZHIXIAO_KEEP_RECEIPT_DAYS": str(self.keep_receipt_days),
            "ZHIXIAO_KEEP_ORPHAN_DAYS": str(self.keep_orphan_days),
            "ZHIXIAO_WORK_DB": str(self.work_db),
        }

    @property
    def project_dir(self) -> Path:
        return PROJECT_DIR

    @property
    def landed_dir(self) -> Path:
        return self.warehouse_dir / "landed"

    @property
    def work_db(self) -> Path:
        return self.warehouse_dir / "work" / "zhixiao.duckdb"

    @property
    def published_dir(self) -> Path:
        return self.warehouse_dir / "published"

    @property
    def published_db(self) -> Path:
        return self.published_dir / "zhixiao.duckdb"

    @property
    def releases_dir(self) -> Path:
        return self.warehouse_dir / "releases"

    @property
    def docs_dir(self) -> Path:
        return self.warehouse_dir / "docs"

    @property
    def state_dir(self) -> Path:
        return self.warehouse_dir / "state"
