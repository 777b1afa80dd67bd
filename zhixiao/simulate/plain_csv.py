"""The standard form of a delivery as CSV, a column at a time: the bytes and the truth of `forms.write`, much faster."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from zhixiao.contracts import Column, load_contract
from zhixiao.simulate.containers import plain
from zhixiao.simulate.delivery import Delivery
from zhixiao.simulate.forms import (
    FX,
    MONEY_UNITS,
    FileTruth,
    Written,
    banner,
    columns_of,
    default_unit,
    header_unit,
    stated_period,
)

Cells = list[str]


def write_plain(delivery: Delivery) -> Written:
    """What `write(delivery, Style(container="csv"))` makes."""
    columns = columns_of(load_contract(delivery.source))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    if any(c.unit == "(banner)" for c in columns):
        writer.writerow([banner(delivery), *[""] * (len(columns) - 1)])
    writer.writerow([c.headers[0] for c in columns])
    rows = [line.values for line in delivery.lines]
    money = Decimal(0)
    texts: list[Cells] = []
    for column in columns:
        values = [v.get(column.name) for v in rows]
        texts.append(_texts(column, values, delivery))
        if column.value_type == "money":
            money += sum((v for v in values if isinstance(v, Decimal)), Decimal(0)) * _in_wan(column, delivery)
    writer.writerows(zip(*texts, strict=True))
    body = out.getvalue().encode()
    n = len(rows)
    truth = FileTruth(delivery.source, delivery.received_on, f"{delivery.stem}.csv", hashlib.sha256(body).hexdigest())
    truth.period = stated_period(delivery)
    truth.rows_read = truth.rows_accepted = n
    truth.money_read = truth.money_accepted = money
    return Written(truth.file_name, body, [truth], delivery.lines)


def _in_wan(column: Column, delivery: Delivery) -> Decimal:
    """万元 in one of the view's units of a money column."""
    if column.unit == "万美元":
        return FX
    return Decimal(1) if column.unit == "(own text)" else MONEY_UNITS[default_unit(column, delivery)]


def _texts(column: Column, values: list[Any], delivery: Delivery) -> Cells:
    """The cells of a column. A view states a column in one type; what differs is told apart by value."""
    number = _number(column, delivery)
    is_period, is_coarse = column.value_type == "period", column.name in delivery.coarse
    days: dict[date, str] = {}

    def text(value: Any) -> str:
        if value is None:
            return ""
        kind = type(value)
        if kind is str:
            return str(value)
        if kind is Decimal:
            return number(value)
        if kind is date:
            told = days.get(value)
            if told is None:
                told = days[value] = value.isoformat()[: 7 if is_period or is_coarse else 10]
            return told
        if kind is datetime:
            return str(value.isoformat(sep=" "))
        if kind is bool:
            return "是" if value else "否"
        return str(value)

    return [text(v) for v in values]


def _number(column: Column, delivery: Delivery) -> Callable[[Decimal], str]:
    if column.unit == "(own text)":
        return lambda v: f"{plain(v)}万元"
    if column.value_type == "money" and column.unit != "万美元":
        stated = default_unit(column, delivery)
        shown = header_unit(column.headers[0]) or stated
        if stated != shown:
            return lambda v: plain(v * MONEY_UNITS[stated] / MONEY_UNITS[shown])
    return _plain


def _plain(number: Decimal) -> str:
    """As `plain`, by text: a number without exponent and without idle zeros."""
    text = str(number)
    if "E" in text:
        return plain(number)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
