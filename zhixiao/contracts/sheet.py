"""The delivery sheet of a source: what a department has to fill in, when, and where to put it, in Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zhixiao.contracts import Column, Contract
from zhixiao.harmless import put, put_row
from zhixiao.texts import table

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

RHYTHM_ZH = {"monthly": "每月", "quarterly": "每季", "half_yearly": "每半年", "yearly": "每年"}
MODE_ZH = {
    "register": "台账式：每次报送全部在册记录；上次有、这次没有的，视为已撤出。",
    "events": "流水式：每次只报新增；同一主键再次出现，以后报的为准（更正、变更、撤销）。",
    "period": "期间式：每次报送整期数据；同一期再次报送，整期替换；全部行都标更正、补报、变更或撤销的，只按主键更正。",
}
TYPE_ZH = {
    "id": "编号（文本）",
    "text": "文本",
    "enum": "选项",
    "bool": "是/否",
    "money": "金额",
    "money_fx": "外币金额",
    "area": "面积",
    "number": "数字",
    "ratio": "比率",
    "intensity": "强度",
    "energy": "电量",
    "date": "日期，如 2026-01-31",
    "timestamp": "日期时间，如 2026-01-31 09:30:00",
    "period": "年月，如 2026-01",
    "year": "年份，如 2026",
}
NOTES = (
    "带“必有”的列，文件里必须有这一列，缺列整个文件退回；带“主键”且必有的列，逐行必须填写，空着的行进入隔离。",
    "没有数据的格子留空，或填 / 、- 、无。不要用 0 代替空。",
    "单位写在表头括号里，或在表头上方写一行“单位：万元”；写别的常用单位（如元）也能识别。没写的按默认单位；标明须写在表头上方的，没写则整个文件退回。",
    "合计、小计、其中、全区行可以保留，只作核对；注、制表人、审核等说明写在数据下方。",
    "列的先后顺序不限，多出来的列会原样保留。姓名、电话、身份证号等个人信息列请不要报送，收到也不入库。",
    "文件一经放入不要再改；有错请改好后另存为新文件，放到改正那天的日期文件夹。",
)
TEMPLATE_ROWS = 500
_DATA_SHEET, _NOTE_SHEET = "数据", "填报说明"


@dataclass(frozen=True)
class SheetRow:
    """One column of a source as the department sees it."""

    label: str
    needed: str
    kind: str
    unit: str
    allowed: str
    variants: str


def sheet_rows(contract: Contract) -> list[SheetRow]:
    """The columns that stand in a file, in the order of the contract."""
    return [
        SheetRow(
            label=c.label_zh,
            needed="、".join(w for w, on in (("主键", c.is_key), ("必有", c.required_in_file)) if on),
            kind=TYPE_ZH[c.value_type],
            unit=_unit(c),
            allowed="/".join(c.allowed),
            variants="、".join(h for h in c.headers if h != c.label_zh),
        )
        for c in contract.file_columns
    ]


def due(contract: Contract) -> str:
    """When the source is due, in words."""
    day = f"{contract.due_day} 日"
    words = {
        "monthly": f"次月 {day}前",
        "quarterly": f"季后第一个月 {day}前",
        "half_yearly": f"半年后第一个月 {day}前",
        "yearly": f"{contract.due_month or 3} 月 {day}前",
    }[contract.rhythm]
    months = "、".join(str(m) for m in contract.months_without_report)
    return words + (f"（{months} 月不单独报，并入下月）" if months else "")


def describe_sheet(contract: Contract) -> str:
    """The whole delivery sheet as text."""
    head = [
        ("报送单位", contract.owner_department),
        ("周期", f"{RHYTHM_ZH[contract.rhythm]}，{due(contract)}"),
        ("形式", form(contract)),
        ("放到", place(contract)),
        ("累加方式", MODE_ZH[contract.mode]),
    ]
    rows = [("列", "要求", "类型", "默认单位", "可填的值", "也认得的写法")]
    rows += [
        (r.label, r.needed, r.kind, r.unit, _short(r.allowed, 60), _short(r.variants, 60)) for r in sheet_rows(contract)
    ]
    notes = "\n".join(f"  {i}. {n}" for i, n in enumerate(NOTES, start=1))
    title = f"{contract.title_zh}（{contract.source}）报送表，合同版本 {contract.version}"
    return "\n\n".join([title, table(head), table(rows), f"说明\n{notes}"])


def form(contract: Contract) -> str:
    """The usual form of the file, and that others are taken too."""
    usual = [f for f in ("XLSX", "CSV", ".xls") if f in contract.delivery_form]
    return f"{' 或 '.join(usual)}（.xlsx、.xls、.csv、.csv.gz、.txt 及内含这些文件的 .zip 都收）"


def place(contract: Contract) -> str:
    """Where a delivery goes."""
    return f"raw/{contract.source}/<收到日期，如 2026-01-31>/<文件名>"


def write_template(contract: Contract, path: Path) -> Path:
    """An empty workbook that lands when it is filled in: headers, units, lists to choose from, and the notes."""
    from openpyxl import Workbook

    book = Workbook()
    data = book.active
    assert data is not None
    data.title = _DATA_SHEET
    _fill_data(contract, data)
    _fill_notes(contract, book.create_sheet(_NOTE_SHEET))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def _fill_data(contract: Contract, sheet: Worksheet) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    header = 1
    banner = _banner(contract)
    if banner:
        put_row(sheet, 1, [banner])
        header = 2
    for i, c in enumerate(contract.file_columns, start=1):
        cell = sheet.cell(header, i)
        put(cell, c.label_zh)
        cell.font = Font(bold=True)
        if c.is_key or c.required_in_file:
            cell.fill = PatternFill("solid", fgColor="FFF2CC")
        told = [TYPE_ZH[c.value_type], _unit(c), "必有" if c.required_in_file else "可不填"]
        cell.comment = Comment("；".join(t for t in told if t), "质效")
        letter = get_column_letter(i)
        sheet.column_dimensions[letter].width = max(12, min(40, 2 * len(c.label_zh) + 2))
        choices = c.allowed or (("是", "否") if c.value_type == "bool" else ())
        listed = ",".join(choices)
        cells = f"{letter}{header + 1}:{letter}{header + TEMPLATE_ROWS}"
        if choices and len(listed) <= 250 and not any("," in x for x in choices):
            rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=False)
            rule.add(cells)
            sheet.add_data_validation(rule)
        if c.value_type == "id":
            for (entry,) in sheet[cells]:
                entry.number_format = "@"
    sheet.freeze_panes = sheet.cell(header + 1, 1)


def _fill_notes(contract: Contract, sheet: Worksheet) -> None:
    for row, line in enumerate(describe_sheet(contract).split("\n"), start=1):
        put_row(sheet, row, [line])
    sheet.column_dimensions["A"].width = 120


def _banner(contract: Contract) -> str:
    """The line above the header that carries the unit (and for tax the office and the period)."""
    if contract.source in ("tax", "tax_summary"):
        return "管理机关：　　，报表期：　　年　月，金额单位：元"
    units = {c.canonical_unit for c in contract.file_columns if c.unit == "(banner)"}
    return f"单位：{'、'.join(sorted(units))}" if units else ""


def _unit(c: Column) -> str:
    if c.unit == "(banner)":
        return f"表头上方“单位：{c.canonical_unit}”"
    return "写在格内" if c.unit == "(own text)" else c.unit


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
