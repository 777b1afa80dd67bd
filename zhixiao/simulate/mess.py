"""The mess dial: how real files differ from the standard form, each trap with the outcome that it must have.

`light` is what a good month looks like; `full` has every trap of domain.md section 6 and of sources.md. What a trap
should do to file, row and money is counted where the file is written (`forms`), or written here for whole files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from zhixiao.contracts import Column, Contract, load_contract
from zhixiao.identifiers import uscc_fault
from zhixiao.simulate import containers
from zhixiao.simulate.calendar import working_day
from zhixiao.simulate.delivery import Delivery, Line
from zhixiao.simulate.draws import Draws
from zhixiao.simulate.forms import (
    MONEY_UNITS,
    NEGATIVE,
    Damage,
    FileTruth,
    Style,
    Written,
    columns_of,
    header_unit,
    write,
)

NULLS = ("", "/", "-", "—", "--", "无", "N/A", "未披露")
NUMBER_STYLES = ("plain", "thousands", "full")
TEXT_DATES = ("iso", "slash", "point", "chinese", "digits", "midnight", "serial")
UNREADABLE_DATES = ("2025年13月5日", "2025-02-30", "待定", "一季度", "年底")
UNREADABLE_NUMBERS = ("见附件", "待核", "3-5", "另行报送")
NOTES = ("注：本表为部门交换数据，仅供内部核对。", "制表人：（略）    审核：（略）")
# Sources whose spoiled rows come once more, mended, some days later: months as a 补报 that restates by key, events as
# they should have been. A register is mended by its next delivery, and until then the row is gone from it.
MENDED_BY_KEY = frozenset(["fai", "output"])
MENDED_EVENTS = frozenset(["filing", "land", "permit", "acceptance", "recognition", "payment", "fdi"])
PERSONS = {"联系人": ["钱七样甲", "钱七样乙", "钱七样丙"], "联系电话": ["19900070000", "19900070001", "19900070002"]}
UNKNOWN = {"序号": "#", "备注说明": "已核", "数据批次": "P1"}


def muddle(
    delivery: Delivery, draws: Draws, dial: str, horizon: date, is_plain: bool = False
) -> Iterator[tuple[Written, Delivery | None]]:
    """The files that a delivery becomes, with the delivery that each makes known (None: nothing)."""
    full = dial == "full"
    style = _style(delivery, draws, full, is_plain)
    if draws.chance((150 if delivery.source == "fai" else 60) if full else 15):
        broken = _refused(delivery, draws, is_plain)
        if broken is not None:
            # The file comes again, mended, some days later where the calendar of its mode allows it.
            yield broken, None
            mended = working_day(delivery.received_on + timedelta(days=draws.whole(1, 3)))
            if load_contract(delivery.source).mode != "register" and mended <= horizon and not _is_part(delivery):
                delivery = replace(delivery, received_on=mended)
    if full and style.container == "zip-csv" and len(delivery.lines) >= 4:
        written = _zipped_parts(delivery, style)
    else:
        written = write(delivery, style)
    yield written, delivery
    mend = _mended_rows(delivery, style, draws, horizon) if full else None
    if mend is not None:
        yield write(mend, Style(container="csv", encoding="gb18030")), mend
    if draws.chance(50 if full else 15):
        again = _repeated(written, delivery, draws, horizon)
        if again is not None:
            yield again, None
    if full and draws.chance(12):
        yield _misplaced(written, draws), None
    if full and draws.chance(20):
        # What a spreadsheet program or a file manager leaves behind is no delivery.
        name = draws.pick((f"~${written.path_name}", ".DS_Store", "README.md"))
        yield Written(name, b"left behind", [], []), None


def _zipped_parts(delivery: Delivery, style: Style) -> Written:
    """One archive with the delivery in two files."""
    half = len(delivery.lines) // 2
    members: list[tuple[str, bytes]] = []
    truths: list[FileTruth] = []
    accepted: list[Line] = []
    for part, start, end in (("（一）", 0, half), ("（二）", half, len(delivery.lines))):
        here = replace(
            style,
            container="csv",
            approximate=None,
            broken_date=None,
            own_units=None,
            legacy_ids=frozenset(),
            damages=[replace(d, row=d.row - start) for d in style.damages if start <= d.row < end],
            duplicates=[n - start for n in style.duplicates if start <= n < end],
        )
        made = write(replace(delivery, stem=delivery.stem + part, lines=delivery.lines[start:end]), here)
        members.append((made.path_name, made.body))
        truths += made.truths
        accepted += made.accepted
    name = f"{delivery.stem}{style.suffix}.zip"
    for truth in truths:
        truth.file_name = f"{name}!{truth.file_name}"
    return Written(name, containers.zip_bytes(members, style.gbk_names), truths, accepted)


def _mended_rows(delivery: Delivery, style: Style, draws: Draws, horizon: date) -> Delivery | None:
    """The spoiled rows once more, as they should have been."""
    by_key = delivery.source in MENDED_BY_KEY
    if (not by_key and delivery.source not in MENDED_EVENTS) or _is_correction(delivery):
        return None
    rows = [d.row for d in style.damages if not d.is_copy]
    day = working_day(delivery.received_on + timedelta(days=draws.whole(4, 9)))
    if not rows or day > horizon or draws.chance(400):
        return None
    lines = [delivery.lines[r] for r in sorted(rows)]
    if by_key:
        lines = [replace(x, values={**x.values, "submission_kind": "补报"}) for x in lines]
    return replace(delivery, received_on=day, stem=f"{delivery.stem}（补报）", lines=lines, control=None)


def _is_correction(delivery: Delivery) -> bool:
    return delivery.stem.endswith("（更正）")


def _is_part(delivery: Delivery) -> bool:
    return delivery.stem.endswith(("（一）", "（二）", "（更正）", "（最终版）")) or delivery.source in ("fai", "sales")


# --- the style


def _style(delivery: Delivery, draws: Draws, full: bool, is_plain: bool = False) -> Style:
    contract = load_contract(delivery.source)
    columns = columns_of(contract)
    style = Style(container=delivery.form)
    _choose_container(style, delivery, draws, full)
    if is_plain:
        style.container = "csv"
    is_text = style.container not in ("xlsx", "xls", "zip-xlsx")
    _choose_headers(style, contract, columns, draws, full)
    style.null = draws.pick(NULLS if full else NULLS[:3])
    style.periods = draws.pick(("dash", "point", "chinese", "digits", "both"))
    _choose_values(style, contract, columns, draws, full, is_text)
    if draws.chance(350):
        style.titles = [delivery.title or delivery.stem] + ([""] if draws.chance(300) else [])
    if draws.chance(200 if full else 80):
        style.groups = draws.whole(1, 2) if full else 1
    if draws.chance(300):
        style.notes = list(NOTES[: draws.whole(1, 2)])
    _choose_totals(style, delivery, columns, draws)
    n = len(delivery.lines)
    if full and n >= 6 and draws.chance(100):
        style.repeat_header = n // 2
    if n >= 6 and draws.chance(120 if full else 40):
        style.blank_after = n // 3 + 1
    if draws.chance(120 if full else 50):
        name = draws.pick(tuple(UNKNOWN))
        style.extra[name] = UNKNOWN[name]
    if draws.chance(60):
        style.personal = {k: list(v) for k, v in PERSONS.items()}
    hyphens = any("-" in style.headers.get(c.name, "") for c in columns)
    if hyphens and not style.groups and not style.order and draws.chance(700):
        style.two_levels = True
        style.repeat_header = None
    style.cover_sheet = draws.chance(120)
    style.split_sheets = full and draws.chance(60)
    if not is_text and draws.chance(80 if full else 30):
        boards = [c.name for c in columns if c.name in ("reporting_unit", "chain", "company_name") and not c.is_key]
        style.merge_column = draws.pick(boards) if boards else None
    if style.merge_column and (style.personal or style.blank_after is not None):
        style.blank_after = None
    if draws.chance(350 if full else 80):
        _choose_damages(style, delivery, contract, columns, draws, draws.whole(1, 4 if full else 1))
    if full and n:
        _choose_cells(style, delivery, contract, columns, draws)
    if contract.mode != "events" and contract.keys and n and draws.chance(80 if full else 20):
        row = draws.whole(0, n - 1)
        if all(delivery.lines[row].values.get(k) is not None for k in contract.keys):
            style.duplicates = [row]
    return style


def _choose_container(style: Style, delivery: Delivery, draws: Draws, full: bool) -> None:
    if delivery.form == "csv":
        style.encoding = draws.weighted(
            (("gb18030", 45), ("utf-8", 25), ("utf-8-sig", 20), ("utf-16", 10 if full else 0))
        )
        style.delimiter = draws.weighted(((",", 70), ("\t", 12), (";", 10), ("|", 8 if full else 0)))
        style.container = draws.weighted(
            (("csv", 70), ("gz", 8), ("zip-csv", 6), ("csv-as-xls", 8 if full else 2), ("html", 8 if full else 0),
             ("xls", 5), ("xlsx", 5), ("txt", 3 if full else 0))
        )  # fmt: skip
        if style.container == "html":
            style.encoding = draws.pick(("utf-8", "gb18030"))
    else:
        style.container = draws.weighted((("xlsx", 76), ("xls", 10), ("zip-xlsx", 7), ("html", 7 if full else 0)))
        style.encoding = draws.pick(("utf-8", "gb18030"))
    style.gbk_names = full and draws.chance(500)
    style.suffix = draws.weighted((("", 80), ("（最终）", 8), ("_v2", 6), ("(1)", 6)))


def _choose_headers(style: Style, contract: Contract, columns: list[Column], draws: Draws, full: bool) -> None:
    if draws.chance(100 if full else 40):
        style.order = [c.name for c in draws.shuffled(columns)]
    has_banner = any(c.unit == "(banner)" for c in columns)
    if has_banner:
        style.banner_unit = draws.weighted((("万元", 50), ("元", 40), ("亿元", 10))) if full else None
        if contract.source == "tax":
            style.banner_unit = draws.weighted((("元", 85), ("万元", 15))) if full else "元"
    taken = {c.headers[0] for c in columns}
    for c in columns:
        header = c.headers[0]
        if draws.chance(180 if full else 60):
            # Another header of the same column, where it says the same unit or none at all.
            others = [h for h in c.headers[1:] if h not in taken and _is_plain(c, h)]
            if others:
                header = draws.pick(others)
                taken.add(header)
        unit = header_unit(header)
        if unit and c.unit in MONEY_UNITS and full and draws.chance(150):
            header = header.replace(f"（{unit}）", f"（{draws.pick(('元', '万元', '亿元'))}）")
        look = draws.whole(0, 99)
        if look < (8 if full else 3):
            header = header.replace("（", "\n（")
        elif look < (14 if full else 5) and len(header) == 4:
            header = f"{header[:2]} {header[2:]}"
        elif look < (20 if full else 7):
            header = header.replace("（", "(").replace("）", ")")
        elif contract.source == "land" and look < 60:
            header += "："
        style.headers[c.name] = header


def _is_plain(column: Column, header: str) -> bool:
    """Whether a header variant means the column in its usual unit."""
    bracket = header.replace("（", "(").rpartition("(")[2].rstrip("）)") if "（" in header or "(" in header else ""
    if column.value_type in ("money", "money_fx", "area", "intensity", "energy"):
        if column.unit == "(banner)":
            return header_unit(header) is None or header_unit(header) in MONEY_UNITS
        usual = column.headers[0].replace("（", "(").rpartition("(")[2].rstrip("）)")
        return bracket == usual if "(" in column.headers[0].replace("（", "(") else bracket == ""
    return True


def _choose_values(
    style: Style, contract: Contract, columns: list[Column], draws: Draws, full: bool, is_text: bool
) -> None:
    numbers = draws.pick(NUMBER_STYLES) if full else "plain"
    dates = draws.pick(TEXT_DATES)
    for c in columns:
        if c.is_numeric:
            how = draws.pick(NUMBER_STYLES) if full and draws.chance(100) else numbers
            if is_text or draws.chance(300 if full else 100):
                style.numbers[c.name] = how
        elif c.value_type in ("date", "timestamp"):
            how = draws.pick(TEXT_DATES) if full and draws.chance(150) else dates
            if full and c.value_type == "date" and draws.chance(30):
                how = "epoch"
            if c.value_type == "timestamp" and how not in ("iso", "slash"):
                how = "iso"
            if is_text or draws.chance(400):
                style.dates[c.name] = how
        if full and c.identifier == "project_code" and draws.chance(150):
            style.codes[c.name] = draws.pick(("bare", "wide", "hash", "lines"))
        if full and c.identifier == "credit_code" and draws.chance(80):
            style.codes[c.name] = draws.pick(("wide", "lower", "spaced"))
    style.wide_brackets = full and draws.chance(200)
    if draws.chance(100):
        names = [c.name for c in columns if c.value_type == "text" and not c.is_key and c.name.endswith("name")]
        style.trailing_space = draws.pick(names) if names else None


def _choose_totals(style: Style, delivery: Delivery, columns: list[Column], draws: Draws) -> None:
    if delivery.source in ("tax", "tax_summary", "enterprise") or not any(c.value_type == "money" for c in columns):
        return
    if not draws.chance(900 if delivery.source == "fai" else 200):
        return
    style.totals = [draws.pick(("合计", "合  计", "总计", "全区"))]
    if any(c.name == "reporting_unit" for c in columns) and draws.chance(300):
        boards = sorted({str(x.values["reporting_unit"]) for x in delivery.lines})
        style.totals += [f"其中：{b}" for b in boards[:3]]


def _choose_cells(style: Style, delivery: Delivery, contract: Contract, columns: list[Column], draws: Draws) -> None:
    """Single cells that are unlike their column, but readable."""
    n = len(delivery.lines)
    money = [c.name for c in columns if c.value_type == "money" and c.unit not in ("万美元", "(own text)")]
    if money and draws.chance(150):
        style.own_units = (draws.whole(0, n - 1), draws.pick(money))
    if delivery.source == "tax" and draws.chance(300):
        old = [i for i, x in enumerate(delivery.lines) if str(x.values["uscc"])[8:17].isdigit()]
        style.legacy_ids = frozenset(i for i in old if draws.chance(40))


def _choose_damages(
    style: Style, delivery: Delivery, contract: Contract, columns: list[Column], draws: Draws, n: int
) -> None:
    rows = len(delivery.lines)
    if not rows:
        return
    style.approximate = _approximate(delivery, columns, draws)
    style.broken_date = _broken_date(delivery, columns, draws)
    spoiled: set[int] = set()
    for _ in range(n):
        row = draws.whole(0, rows - 1)
        at = _damage(delivery, row, columns, draws)
        if at is None or row in spoiled:
            continue
        spoiled.add(row)
        column, text, reason = at
        # In the row's place; or beside it, as when a clerk pastes a line twice and breaks the copy.
        style.damages.append(Damage(row, column, text, reason, draws.chance(500), draws.chance(500)))


def _approximate(delivery: Delivery, columns: list[Column], draws: Draws) -> tuple[int, str] | None:
    names = [c.name for c in columns if c.is_numeric and c.unit != "(own text)"]
    return (draws.whole(0, len(delivery.lines) - 1), draws.pick(names)) if names and draws.chance(300) else None


def _broken_date(delivery: Delivery, columns: list[Column], draws: Draws) -> tuple[int, str] | None:
    names = [c.name for c in columns if c.value_type == "date" and c.name not in delivery.coarse]
    return (draws.whole(0, len(delivery.lines) - 1), draws.pick(names)) if names and draws.chance(300) else None


def _damage(delivery: Delivery, row: int, columns: list[Column], draws: Draws) -> tuple[str, str, str] | None:
    """(column, what stands in it, the reason) of one way to spoil a row, or None where the row offers none."""
    values = delivery.lines[row].values
    kinds: list[tuple[str, Column]] = []
    for c in columns:
        if c.is_key and c.required_in_file:
            kinds.append(("key_empty", c))
            if c.value_type == "enum":
                kinds += [("enum_unknown", c)] * 6
        if c.value_type == "date":
            kinds += [("date_unreadable", c), ("out_of_bounds", c)]
        if c.is_numeric and c.unit != "(own text)":
            kinds.append(("number_unreadable", c))
            if c.value_type == "money" and not c.negative_allowed and isinstance(values.get(c.name), Decimal):
                kinds.append(("negative", c))
        if c.unit == "(own text)":
            kinds.append(("unit_unknown", c))
        code = values.get(c.name)
        if c.identifier in ("credit_code", "taxpayer_id") and isinstance(code, str):
            kinds.append(("uscc_alphabet", c))
            if c.identifier == "credit_code":
                kinds += [("uscc_length", c), ("precision_lost", c)]
    # A row whose key is empty must still look like a row: it keeps at least two other cells.
    kinds = [k for k in kinds if k[0] != "key_empty" or len(columns) >= 4]
    if not kinds:
        return None
    kind, c = draws.pick(kinds)
    value = values.get(c.name)
    code = value if isinstance(value, str) else ""
    if kind == "key_empty":
        return c.name, "", "key_empty"
    if kind == "enum_unknown":
        return c.name, "其他事项", "enum_unknown"
    if kind == "date_unreadable":
        return c.name, draws.pick(UNREADABLE_DATES), kind
    if kind == "out_of_bounds":
        return c.name, draws.pick(("1987-06-05", "2130-01-01")), kind
    if kind == "number_unreadable":
        return c.name, draws.pick(UNREADABLE_NUMBERS), kind
    if kind == "negative":
        return c.name, NEGATIVE, "out_of_bounds"
    if kind == "unit_unknown":
        return c.name, "3211.5", kind
    if kind == "uscc_alphabet":
        at = draws.whole(9, 16)
        return c.name, code[:at] + draws.pick("IOSVZ") + code[at + 1 :], kind
    if kind == "uscc_length":
        return c.name, code[:17] if uscc_fault(code) != "length" else code[:16], kind
    # A spreadsheet keeps fifteen digits: of a code without letters the last three become noughts.
    cut = code[:15] + "000"
    is_cut = cut.isdigit() and uscc_fault(cut) == "check" and draws.chance(500)
    return c.name, cut if is_cut else "9.13212E+17", kind


# --- whole files


def _truth(delivery: Delivery, name: str, body: bytes, status: str, reason: str | None) -> FileTruth:
    nothing = dict.fromkeys(
        ("rows_read", "rows_accepted", "rows_quarantined", "rows_control", "rows_ignored", "money_read",
         "money_accepted", "money_quarantined")
    )  # fmt: skip
    sha = hashlib.sha256(body).hexdigest()
    return FileTruth(delivery.source, delivery.received_on, name, sha, status, reason, **nothing)  # type: ignore[arg-type]


def _refused(delivery: Delivery, draws: Draws, is_plain: bool) -> Written | None:
    """A file that must be refused: its name says it is the delivery, its content is none."""
    contract = load_contract(delivery.source)
    required = [c.name for c in columns_of(contract) if c.required_in_file]
    kinds = ["header_not_found", *([] if is_plain else ["unreadable"]), "encoding_unknown"]
    kinds += ["column_missing"] if len(required) >= 2 and len(columns_of(contract)) >= 5 else []
    kinds += ["unit_unknown"] * 4 if delivery.source == "fai" else []
    kind = draws.pick(kinds)
    stem = f"{delivery.stem}（初稿）"
    if kind == "header_not_found":
        body = containers.csv_bytes(
            [["关于报送有关情况的函"], ["按要求现将有关情况报送如下，具体数据另附。"]], "gb18030"
        )
        name = stem + ".csv"
    elif kind == "unreadable":
        body = containers.xlsx_bytes([containers.Sheet("Sheet1", [["项目名称"]])])[:300]
        name = stem + ".xlsx"
    elif kind == "encoding_unknown":
        body = "项目名称,金额".encode("gb18030") + b"\r\n\xff\xff\x80\xff\xfd,\xff\x81\xff\r\n" * 3
        name = stem + ".csv"
    elif kind == "column_missing":
        dropped = draws.pick(required)
        order = [c.name for c in columns_of(contract) if c.name != dropped]
        plain = Style(container="csv", order=order, encoding="gb18030")
        if delivery.source in ("tax", "tax_summary", "fai"):
            plain.titles = ["报表"]
        made = write(replace(delivery, stem=stem), plain)
        body, name = made.body, made.path_name
    else:
        plain = Style(container="csv", encoding="gb18030")
        made = write(replace(delivery, stem=stem), plain)
        body, name = made.body.replace("单位：万元".encode("gb18030"), "统计月报".encode("gb18030")), made.path_name
    return Written(name, body, [_truth(delivery, name, body, "refused", kind)], [])


def _repeated(written: Written, delivery: Delivery, draws: Draws, horizon: date) -> Written | None:
    """The same bytes once more: the same day under another name, or a day later."""
    # Between two versions of a month the old bytes would be a new statement, not a repetition.
    if "!" in written.truths[0].file_name or delivery.source in ("sales", "fai"):
        return None
    # A day later another delivery of a register, or of an event's keys, may have come: there it is the same day, under
    # a name that sorts behind the first.
    stem, dot, ending = written.path_name.partition(".")
    name, day = f"{stem}_副本{dot}{ending}", delivery.received_on
    if load_contract(delivery.source).mode == "period" and draws.chance(500):
        name, day = written.path_name, delivery.received_on + timedelta(days=1)
    if day > horizon:
        return None
    again = replace(_truth(delivery, name, written.body, "unchanged", None), received_on=day)
    return Written(name, written.body, [again], [])


def _misplaced(written: Written, draws: Draws) -> Written:
    """A file in a folder that no source has, or under a day that no calendar has."""
    first = written.truths[0]
    nothing = _truth(Delivery(first.source, date(2021, 1, 1), "", []), first.file_name, written.body, "refused", None)
    if draws.chance(500):
        folder = f"{first.source}s/{first.received_on}"
        truth = replace(nothing, source=f"{first.source}s", received_on=first.received_on, reason_code="unknown_source")
    else:
        folder = f"{first.source}/{first.received_on:%Y}-13-{first.received_on:%d}"
        truth = replace(nothing, received_on=None, reason_code="bad_date")
    truth.folder = folder
    truth.file_name = written.path_name
    return Written(written.path_name, written.body, [truth], [])
