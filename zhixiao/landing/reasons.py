"""Why a cell went to quarantine or a file was refused, in words that a clerk understands."""

from __future__ import annotations

CELL_REASONS: dict[str, tuple[str, str]] = {
    "key_empty": ("“{label}”为空，这一行无法辨认，请补填后重报", "“{label}” is empty: the row cannot be identified"),
    "duplicate_key": (
        "本次报送中“{label}”重复，保留第一行，请核对本行",
        "“{label}” stands twice in this delivery: the first row is kept",
    ),
    "date_unreadable": ("“{label}”不是可识别的日期，请改为 2025-03-01 的写法", "“{label}” is no date that exists"),
    "number_unreadable": ("“{label}”不是一个数字，请只填数字", "“{label}” is not one number"),
    "uscc_alphabet": (
        "“{label}”含有信用代码不会使用的字符（没有 I、O、S、V、Z），请对照营业执照更正",
        "“{label}” has a character that no credit code has (never I, O, S, V, Z)",
    ),
    "uscc_length": ("“{label}”应为 18 位，请对照营业执照更正", "“{label}” must have 18 characters"),
    "precision_lost": (
        "“{label}”被电子表格改成了科学计数或丢了末几位，请设为文本格式后重填",
        "“{label}” lost digits in a spreadsheet: format the column as text and fill it in again",
    ),
    "out_of_bounds": ("“{label}”超出允许范围，请核对", "“{label}” is out of bounds"),
    "unit_unknown": ("“{label}”没有写单位，请写明（如 万元）", "“{label}” has no unit: write it (for example 万元)"),
    "enum_unknown": ("“{label}”不在可填的范围内，请从清单中选填", "“{label}” is not one of the allowed values"),
}


def header_not_found(sheets: list[str]) -> tuple[str, str]:
    where = "、".join(f"“{s}”" for s in sheets if s) or "文件"
    return (
        f"{where}中没有找到表头。请按下发的表样填报，保留表头行。",
        f"no header row was found in {', '.join(s for s in sheets if s) or 'the file'}: keep the header of the form.",
    )


def column_missing(labels: list[str]) -> tuple[str, str]:
    return (
        f"缺少必填列：{'、'.join(labels)}。请补上这些列后重报。",
        f"required columns are missing: {', '.join(labels)}. Add them and send the file again.",
    )


def unit_unknown(labels: list[str]) -> tuple[str, str]:
    return (
        f"金额列没有单位：{'、'.join(labels)}。请在表头或表上方写明“单位：万元”。",
        f"no unit for the money columns {', '.join(labels)}: write it in the header or above it (单位：万元).",
    )
