"""The encoding of a text file, decided on the whole file, and the file as clean UTF-8.

A UTF-8 file is read where it lies. Everything else is transcoded once, with Python's incremental codecs (they
keep the four-byte characters of GB18030; DuckDB's `encodings` extension does not).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from zhixiao.landing.refusal import Refusal, unreadable

EncodingName = Literal["utf-8", "utf-8-sig", "gb18030", "utf-16-le", "utf-16-be"]

_CHUNK = 1 << 20
_SAMPLE = 256 * 1024
_BOMS: tuple[tuple[bytes, EncodingName], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAX_NUL_SHARE = 0.01
_MAX_CONTROL_SHARE = 0.005
_CONTROLS = bytes([*range(1, 9), *range(14, 26), *range(27, 32), 127])
_CONTROL_CHARS = re.compile("[\x01-\x08\x0e-\x19\x1b-\x1f\x7f]")
_HIGH_CHARS = re.compile("[^\x00-\x7f]")
_PRIVATE_CHARS = re.compile("[\ue000-\uf8ff]")
_WIDE_LEAD = re.compile(rb"[\xe0-\xf4]")


@dataclass(frozen=True)
class Utf8Text:
    """A text as UTF-8 on the disk: the delivered file itself, or a transcoded copy without its BOM and NULs."""

    path: Path
    encoding: EncodingName
    dropped_tail: int = 0
    dropped_nuls: int = 0


@dataclass(frozen=True)
class _Utf8Check:
    valid: bool
    incomplete_tail: int
    nuls: int
    controls: int
    wide: bool
    high: bool
    size: int


def to_utf8(path: Path, label: str, workdir: Path) -> Utf8Text:
    """Find the encoding of the file and give it as UTF-8. Refuses binary content and unknown encodings."""
    size = path.stat().st_size
    with path.open("rb") as f:
        sample = f.read(_SAMPLE)
    for bom, name in _BOMS:
        if sample.startswith(bom):
            if name == "utf-8-sig":
                return _as_utf8(path, label, workdir, name, len(bom))
            return _transcode(path, label, workdir, name, len(bom))
    wide = guess_utf16(sample, size)
    if wide is not None:
        return _transcode(path, label, workdir, wide, 0)
    return _as_utf8(path, label, workdir, "utf-8", 0)


def guess_utf16(sample: bytes, size: int) -> EncodingName | None:
    """UTF-16 without a BOM, when the statistics are clear: zero bytes on one side only, and a plausible text."""
    if size % 2 or b"\0" not in sample:
        return None
    sample = sample[: len(sample) // 2 * 2]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    units = len(sample) // 2
    candidates: list[EncodingName] = []
    if odd >= max(1, units // 50) and odd > 20 * even:
        candidates.append("utf-16-le")
    elif even >= max(1, units // 50) and even > 20 * odd:
        candidates.append("utf-16-be")
    for name in candidates:
        try:
            text = codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        plausible = sum(_plausible(c) for c in text)
        if text and plausible >= 0.95 * len(text):
            return name
    return None


def _plausible(c: str) -> bool:
    return c in "\t\r\n" or (c.isprintable() and ("\x20" <= c < "\x7f" or "\u2000" <= c < "\ud800" or c >= "\uf900"))


def _as_utf8(path: Path, label: str, workdir: Path, name: EncodingName, skip: int) -> Utf8Text:
    """The file is UTF-8 (with or without BOM), or else GB18030, or it is refused.

    A UTF-8 file cut inside its last character is UTF-8 with that tail dropped, when all before it is valid.
    """
    check = check_utf8(path, skip)
    if not check.valid:
        if skip:
            raise _unknown(label)
        return _transcode(path, label, workdir, "gb18030", 0)
    if not skip and _rather_gb18030(path, check):
        return _transcode(path, label, workdir, "gb18030", 0)
    if check.nuls > _MAX_NUL_SHARE * check.size or check.controls > _MAX_CONTROL_SHARE * check.size:
        raise binary_content(label)
    if check.nuls or check.incomplete_tail:
        return _transcode(path, label, workdir, name, skip)
    return Utf8Text(path, name)


def _rather_gb18030(path: Path, check: _Utf8Check) -> bool:
    """A short GBK text whose bytes happen to pass as UTF-8 (two-byte characters only, or one unfinished)."""
    by_accident = (check.high and not check.wide) or (check.incomplete_tail and not check.high)
    if not by_accident or check.size > _SAMPLE:
        return False
    try:
        text = path.read_bytes().decode("gb18030")
    except UnicodeDecodeError:
        return False
    return all("\u4e00" <= c <= "\u9fa5" or c in "：，。（）、；" for c in text if c > "\x7f")


def binary_content(label: str) -> Refusal:
    """Bytes that are no text."""
    return unreadable(
        f"文件内容不是文本也不是工作簿：{label}。请重新导出后报送。",
        f"The content is neither text nor a workbook: {label}. Export it again and resend.",
    )


def _unknown(label: str) -> Refusal:
    return Refusal(
        "encoding_unknown",
        f"无法识别文件编码：{label}。请另存为 UTF-8 或 GB18030 编码的 CSV 后报送。",
        f"The encoding is not recognised: {label}. Save it as CSV in UTF-8 or GB18030 and resend.",
    )


def chunks_of(path: Path, skip: int = 0, size: int = _CHUNK) -> Iterator[bytes]:
    """The bytes of a file in pieces, after the first `skip` bytes."""
    with path.open("rb", buffering=0) as f:
        f.seek(skip)
        while chunk := f.read(size):
            yield chunk


def check_utf8(path: Path, skip: int = 0) -> _Utf8Check:
    """Validate a whole file as UTF-8 (Arrow's validator on pieces cut between characters)."""
    tail = b""
    nuls = controls = size = 0
    wide = high = False
    for raw in chunks_of(path, skip):
        size += len(raw)
        nuls += raw.count(0)
        if size == len(raw):
            controls = len(raw) - len(raw.translate(None, _CONTROLS))
            first = size
        chunk = tail + raw if tail else raw
        cut = _complete_length(chunk)
        whole = chunk[:cut] if cut < len(chunk) else chunk
        if not wide and not whole.isascii():
            high = True
            wide = _WIDE_LEAD.search(whole) is not None
        if not _valid_utf8(whole):
            return _Utf8Check(False, 0, nuls, controls, wide, high, size)
        tail = chunk[cut:]
    if size:
        controls = controls * size // first
    return _Utf8Check(True, len(tail), nuls, controls, wide, high, size)


def _complete_length(chunk: bytes) -> int:
    """How many bytes of the piece are whole characters (an unfinished one at the end is left out)."""
    n = len(chunk)
    for back in range(1, min(4, n) + 1):
        byte = chunk[n - back]
        if byte & 0xC0 == 0x80:
            continue
        need = 1 if byte < 0xC2 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF5 else 1
        return n - back if need > back else n
    return n


def _valid_utf8(chunk: bytes) -> bool:
    offsets = pa.py_buffer(np.array([0, len(chunk)], dtype=np.int64))
    array = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(chunk)])
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _transcode(path: Path, label: str, workdir: Path, name: EncodingName, skip: int) -> Utf8Text:
    """Write the file as UTF-8 without BOM and NULs. An unfinished last character is dropped and counted."""
    workdir.mkdir(parents=True, exist_ok=True)
    target = workdir / f"{path.stem[:40]}-{name}.utf8"
    decoder = codecs.getincrementaldecoder("utf-8" if name == "utf-8-sig" else name)()
    nuls = size = 0
    suspicious = False
    controls = 0.0
    try:
        with target.open("wb") as out:
            for chunk in chunks_of(path, skip):
                text = decoder.decode(chunk)
                if not size and text:
                    controls = len(_CONTROL_CHARS.findall(text)) / len(text)
                    suspicious = name == "gb18030" and _hardly_chinese(text)
                size += len(text)
                if "\0" in text:
                    nuls += text.count("\0")
                    text = text.replace("\0", "")
                out.write(text.encode("utf-8"))
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        target.unlink(missing_ok=True)
        binary = not name.startswith("utf-16") and _looks_binary(path)
        raise (binary_content(label) if binary else _unknown(label)) from error
    if nuls > _MAX_NUL_SHARE * size or controls > _MAX_CONTROL_SHARE:
        target.unlink(missing_ok=True)
        raise binary_content(label)
    if suspicious:
        target.unlink(missing_ok=True)
        raise _unknown(label)
    return Utf8Text(target, name, len(decoder.getstate()[0]), nuls)


def _hardly_chinese(text: str) -> bool:
    """True when what GB18030 makes of the bytes is largely private-use characters: it was another encoding."""
    private = len(_PRIVATE_CHARS.findall(text))
    return private >= 3 and private * 10 > len(_HIGH_CHARS.findall(text))


def _looks_binary(path: Path) -> bool:
    sample = next(chunks_of(path), b"")
    controls = len(sample) - len(sample.translate(None, _CONTROLS + b"\0"))
    return controls > _MAX_CONTROL_SHARE * len(sample)


_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_\-]+)""", re.IGNORECASE)
_GB_NAMES = frozenset({"gb2312", "gbk", "gb18030", "x-gbk", "cp936", "gb_2312-80", "chinese", "hz-gb-2312"})


def decode_page(path: Path, label: str) -> str:
    """The text of an HTML page: by its BOM, else by the charset it declares when that fits, else as found."""
    data = path.read_bytes()
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _strict(data[len(bom) :], "utf-8" if name == "utf-8-sig" else name, label)
    wide = guess_utf16(data[:_SAMPLE], len(data))
    if wide is not None:
        return _strict(data, wide, label)
    declared = _DECLARED.search(data[:4096])
    names: list[EncodingName] = ["utf-8", "gb18030"]
    if declared and declared.group(1).decode("ascii").lower() in _GB_NAMES:
        names.reverse()
    for candidate in names:
        try:
            return data.decode(candidate).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise _unknown(label)


def _strict(data: bytes, name: str, label: str) -> str:
    try:
        return data.decode(name).replace("\0", "")
    except UnicodeDecodeError as error:
        raise _unknown(label) from error
