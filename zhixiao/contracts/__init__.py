"""The contract of every source: one Open Data Contract Standard YAML each, beside this file.

A contract is the only place where the columns of a source stand. Landing, the loader, dbt's sources and
the delivery sheets read it from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from zhixiao.errors import ConfigError

Mode = Literal["register", "events", "period"]
Rhythm = Literal["monthly", "quarterly", "half_yearly", "yearly"]

CONTRACT_DIR = Path(__file__).resolve().parent
NUMERIC_TYPES = frozenset({"money", "money_fx", "area", "number", "ratio", "intensity", "energy"})


@dataclass(frozen=True)
class Column:
    """One column of a source, with every way in which a department may head it."""

    name: str
    label_zh: str
    headers: tuple[str, ...]
    value_type: str
    sql_type: str
    unit: str = ""
    canonical_unit: str = ""
    required_in_file: bool = False
    is_key: bool = False
    allowed: tuple[str, ...] = ()
    negative_allowed: bool = False
    identifier: str = ""
    party: str | None = None
    ignored_header_units: tuple[str, ...] = ()
    is_derived: bool = False

    @property
    def is_numeric(self) -> bool:
        """Landed as a decimal in `canonical_unit`."""
        return self.value_type in NUMERIC_TYPES


@dataclass(frozen=True)
class Contract:
    """What a department promised: the columns, the mode and the rhythm of one source."""

    source: str
    title_zh: str
    title_en: str
    version: str
    mode: Mode
    owner_department: str
    delivery_form: str
    rhythm: Rhythm
    due_day: int
    due_month: int | None
    columns: tuple[Column, ...]
    scope_columns: tuple[str, ...]
    months_without_report: tuple[int, ...]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {c.name: c for c in self.columns}

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.is_key)

    @cached_property
    def money_columns(self) -> tuple[str, ...]:
        """The columns that the accounting identity adds up (万元; `money_fx` stays outside)."""
        return tuple(c.name for c in self.columns if c.value_type == "money")

    @cached_property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns that stand in a file (derived ones do not)."""
        return tuple(c for c in self.columns if not c.is_derived)


def parse_contract(doc: Mapping[str, Any]) -> Contract:
    """Read one contract document. Raises ConfigError when it lacks what landing needs."""
    try:
        top = {p["property"]: p["value"] for p in doc.get("customProperties", [])}
        sla = {p["property"]: p["value"] for p in doc.get("slaProperties", [])}
        table = doc["schema"][0]
        return Contract(
            source=table["name"],
            title_zh=doc["name"],
            title_en=top["titleEn"],
            version=str(doc["version"]),
            mode=top["mode"],
            owner_department=top["ownerDepartment"],
            delivery_form=top["deliveryForm"],
            rhythm=sla["frequency"],
            due_day=int(sla["dueDay"]),
            due_month=int(sla["dueMonth"]) if "dueMonth" in sla else None,
            columns=tuple(_parse_column(p) for p in table["properties"]),
            scope_columns=tuple(top.get("scopeColumns", ())),
            months_without_report=tuple(top.get("monthsWithoutReport", ())),
        )
    except (KeyError, IndexError, TypeError, ValueError) as e:
        raise ConfigError(
            f"数据合同 {doc.get('id', '?')} 不完整：{e!r}。请对照其他来源的合同补齐。",
            f"contract {doc.get('id', '?')} is incomplete: {e!r}. Compare it with another source's contract.",
        ) from e


def _parse_column(p: Mapping[str, Any]) -> Column:
    x = {q["property"]: q["value"] for q in p.get("customProperties", [])}
    return Column(
        name=p["name"],
        label_zh=p["businessName"],
        headers=tuple(x.get("headers", ())),
        value_type=x["valueType"],
        sql_type=p["physicalType"],
        unit=x.get("unit", ""),
        canonical_unit=x.get("canonicalUnit", ""),
        required_in_file=bool(p.get("required", False)),
        is_key=bool(p.get("primaryKey", False)),
        allowed=tuple(x.get("allowedValues", ())),
        negative_allowed=bool(x.get("negativeAllowed", False)),
        identifier=x.get("identifier", ""),
        party=x.get("party"),
        ignored_header_units=tuple(x.get("ignoredHeaderUnits", ())),
        is_derived="derivedFrom" in x,
    )


@cache
def load_contracts() -> dict[str, Contract]:
    """All contracts by source, in code-point order of the source's name."""
    out: dict[str, Contract] = {}
    for path in sorted(CONTRACT_DIR.glob("*.yaml")):
        contract = parse_contract(yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))
        if contract.source != path.stem:
            raise ConfigError(
                f"合同文件 {path.name} 写的来源是 {contract.source}，两者须一致。",
                f"contract file {path.name} names the source {contract.source}: they must agree.",
            )
        out[contract.source] = contract
    return out


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_contract(source: str) -> Contract:
    """The contract of one source. Raises ConfigError for a source that nobody knows."""
    try:
        return load_contracts()[source]
    except KeyError:
        raise ConfigError(
            f"没有名为 {source} 的来源；已有：{'、'.join(load_contracts())}。",
            f"there is no source named {source}; known: {', '.join(load_contracts())}.",
        ) from None
