"""What landing says of a file: the drop it came as, and the report that the loader and people read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

RefusalCode = Literal[
    "unreadable",
    "encoding_unknown",
    "header_not_found",
    "column_missing",
    "unit_unknown",
    "unknown_source",
    "bad_date",
    "too_large",
]


@dataclass(frozen=True, order=True)
class Drop:
    """One file (or one member of a zip) as it lies in the drop zone."""

    district: str
    source: str
    received_on: date
    file_name: str
    sha256: str
    path: str
    member: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "received_on": self.received_on.isoformat()}

    @classmethod
    def from_json(cls, d: dict[str, Any]) -> Drop:
        return cls(**{**d, "received_on": date.fromisoformat(d["received_on"])})


@dataclass(frozen=True)
class RefusedDrop:
    """A file that cannot even be assigned: an unknown source folder, a bad date, an unreadable zip."""

    district: str
    source: str
    received_on: date | None
    file_name: str
    sha256: str
    path: str
    reason_code: RefusalCode
    reason_zh: str
    reason_en: str


@dataclass(frozen=True)
class ColumnUse:
    """How one column was found in a file: the header as it stands, the unit and the factor applied."""

    header: str
    unit: str = ""
    factor: str = ""


@dataclass
class FileReport:
    """The outcome of landing one content of one source. Counts are rows; money is in 万元.

    rows_read = accepted + quarantined + control + ignored and money_read = accepted + quarantined hold for
    every landed file (`sources.md` section 4); a refused file has None for all of them.
    """

    source: str
    file_sha256: str
    contract_version: str
    status: Literal["landed", "refused"]
    reason_code: str | None = None
    reason_zh: str | None = None
    reason_en: str | None = None
    headers_found: list[str] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    personal_columns: list[str] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    ignored_sheets: list[str] = field(default_factory=list)
    rows_read: int | None = None
    rows_accepted: int | None = None
    rows_quarantined: int | None = None
    rows_control: int | None = None
    rows_ignored: int | None = None
    money_read: Decimal | None = None
    money_accepted: Decimal | None = None
    money_quarantined: Decimal | None = None
    columns: dict[str, ColumnUse] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=list)
    restates_by_key: bool = False
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        d = asdict(self)
        for k in ("money_read", "money_accepted", "money_quarantined"):
            d[k] = None if d[k] is None else str(d[k])
        return json.dumps(d, ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> FileReport:
        d = json.loads(text)
        for k in ("money_read", "money_accepted", "money_quarantined"):
            d[k] = None if d[k] is None else Decimal(d[k])
        d["columns"] = {k: ColumnUse(**v) for k, v in d["columns"].items()}
        return cls(**d)


@dataclass(frozen=True)
class LandedPaths:
    """The four files that one landed content leaves under `landed/<source>/`."""

    rows: Path
    rejects: Path
    controls: Path
    report: Path

    @classmethod
    def of(cls, landed_dir: Path, source: str, sha256: str) -> LandedPaths:
        base = landed_dir / source
        return cls(
            rows=base / f"{sha256}.parquet",
            rejects=base / f"{sha256}.rejects.parquet",
            controls=base / f"{sha256}.controls.parquet",
            report=base / f"{sha256}.json",
        )
