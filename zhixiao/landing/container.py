"""What a dropped file holds: its hash, its members when it is a zip, and the kind that its bytes show.

Nothing here trusts a file's name. A member's name is only a label; bytes are unpacked under names of our own
inside the caller's work folder, streamed, and never beyond the limits.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from zhixiao.landing.refusal import Refusal, too_large, unreadable

Kind = Literal["csv", "html", "xls", "xlsx"]

MIB = 1 << 20
_CHUNK = 4 * MIB
_HEAD = 64 * 1024

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_GZIP_MAGIC = b"\x1f\x8b"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = {
    b"%PDF": "PDF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"SQLite format 3": "SQLite",
    b"PAR1": "Parquet",
    b"{\\rtf": "RTF",
}
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<\s*(?:!doctype\s+html|html|head|meta|body|table|style|div|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML_SPREADSHEET = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*<\?xml.{0,2000}urn:schemas-microsoft-com:office:spreadsheet", re.DOTALL
)
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Limits:
    """How big a delivery may be. Beyond it the file is refused as `too_large`, before memory or disk suffer."""

    max_bytes: int = 8 * 1024 * MIB
    max_part_bytes: int = 512 * MIB
    max_html_bytes: int = 128 * MIB
    max_ratio: int = 250
    ratio_free_bytes: int = 64 * MIB
    max_members: int = 1000
    max_columns: int = 2000
    max_cell_chars: int = MIB


LIMITS = Limits()


@dataclass(frozen=True)
class Member:
    """One file to land: a plain file (`inner` is None) or one member of a zip, with the hash of its bytes."""

    inner: str | None
    sha256: str


@dataclass(frozen=True)
class Payload:
    """The bytes of one member as a local file, unpacked, and the kind that they show."""

    path: Path
    kind: Kind
    label: str


def require_plain(path: Path) -> None:
    """Refuse what is no file with bytes of its own: opening a pipe or a device waits for ever or never ends."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise unreadable(
            f"不是普通文件（是管道、设备或套接字）：{printable(path.name)}。请放入文件本身。",
            f"No plain file (a pipe, a device or a socket): {printable(path.name)}. Put the file itself there.",
        )


def sha256_of_file(path: str | Path) -> str:
    """The SHA-256 of a file as it lies on the disk, read in pieces."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as f:
        while chunk := f.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def list_members(path: Path, limits: Limits = LIMITS) -> list[Member]:
    """The files that a drop holds. A zip that is broken, encrypted or a bomb is refused as a whole."""
    require_plain(path)
    label = printable(path.name)
    if not _starts_like_zip(path):
        return [Member(None, sha256_of_file(path))]
    if not zipfile.is_zipfile(path):
        if path.suffix.lower() == ".zip":
            raise _broken_zip(label)
        return [Member(None, sha256_of_file(path))]
    try:
        with zipfile.ZipFile(path) as archive:
            if _is_office(archive):
                return [Member(None, sha256_of_file(path))]
            entries = _entries(archive, label, limits)
            return [Member(name, _hash_entry(archive, info, name, limits)) for name, info in entries]
    except _ZIP_ERRORS as error:
        raise _broken_zip(label) from error


def open_member(path: Path, inner: str | None, workdir: Path, limits: Limits = LIMITS) -> Payload:
    """Give the bytes of a member as a local file and say of what kind they are.

    A plain file is used where it lies; gzip and zip members are unpacked into `workdir`.
    """
    require_plain(path)
    name = printable(path.name)
    label = name if inner is None else f"{name}!{inner}"
    source = _named(path, label, workdir) if inner is None else _unpack_entry(path, inner, workdir, limits)
    with source.open("rb") as f:
        magic = f.read(2)
    if magic == _GZIP_MAGIC:
        source = _unpack_gzip(source, label, workdir, limits)
    return Payload(source, kind_of(source, label, limits), label)


def kind_of(path: Path, label: str, limits: Limits = LIMITS) -> Kind:
    """The kind of a file by its content. Refuses what is no table at all."""
    size = path.stat().st_size
    if size == 0:
        raise unreadable(
            f"文件是空的（0 字节）：{label}。请重新导出后报送。",
            f"The file is empty (0 bytes): {label}. Export it again and resend.",
        )
    with path.open("rb") as f:
        head = f.read(_HEAD)
    if head.startswith(_ZIP_MAGIC):
        return _kind_of_zip(path, label, limits)
    if head.startswith(_OLE_MAGIC):
        return _kind_of_ole(path, label, limits)
    if head.startswith(_GZIP_MAGIC):
        raise unreadable(
            f"压缩包里还有压缩包，无法读取：{label}。请直接报送表格文件。",
            f"A compressed file inside a compressed file: {label}. Send the table itself.",
        )
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise unreadable(
                f"这是 {name} 文件，不是表格：{label}。请报送 csv、xlsx 或 xls。",
                f"This is a {name} file, not a table: {label}. Send csv, xlsx or xls.",
            )
    if size > limits.max_bytes:
        raise too_large(
            f"文件过大（{size} 字节）：{label}。请分成几个文件报送。",
            f"The file is too large ({size} bytes): {label}. Split it.",
        )
    if _XML_SPREADSHEET.search(head) or head.lstrip().startswith(b"MIME-Version:"):
        raise unreadable(
            f"这是 XML 或 MHTML 格式的表格，无法读取：{label}。请另存为 xlsx 后报送。",
            f"This is a table in XML or MHTML form: {label}. Save it as xlsx and resend.",
        )
    return "html" if looks_like_html(head) else "csv"


def looks_like_html(head: bytes) -> bool:
    """True when a text file begins like an HTML page (an HTML or Word table named .xls)."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", errors="ignore")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    if not _HTML_START.match(text):
        return False
    return re.search(r"<\s*(?:table|html|body)\b", text, re.IGNORECASE) is not None


def safe_label(name: str) -> str:
    """A member's name as a printable label: no control characters, no surrogates, forward slashes."""
    return printable(name.replace("\\", "/"))[:500] or "\N{REPLACEMENT CHARACTER}"


def printable(name: str) -> str:
    """A name for messages and tables: one line, no control or direction characters, no half characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def decoded_name(info: zipfile.ZipInfo) -> str:
    """The name of a zip entry: UTF-8 when flagged (or when its bytes are), else GB18030, else cp437."""
    name = info.orig_filename
    if info.flag_bits & 0x800 or name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return name


def _starts_like_zip(path: Path) -> bool:
    with path.open("rb") as f:
        return f.read(4) in _ZIP_MAGIC


def _part_names(archive: zipfile.ZipFile) -> set[str]:
    return {name.replace("\\", "/").lower() for name in archive.namelist()}


def _is_office(archive: zipfile.ZipFile) -> bool:
    names = _part_names(archive)
    return "[content_types].xml" in names or "xl/workbook.xml" in names or "content.xml" in names


def _broken_zip(label: str) -> Refusal:
    return unreadable(
        f"压缩包或工作簿已损坏或不完整：{label}。请重新生成后报送。",
        f"The zip or workbook is damaged or cut off: {label}. Make it again and resend.",
    )


def _encrypted(label: str) -> Refusal:
    return unreadable(
        f"文件有密码保护，无法读取：{label}。请去掉密码后报送。",
        f"The file is password protected: {label}. Remove the password and resend.",
    )


def _bomb(label: str) -> Refusal:
    return too_large(
        f"解压后的内容过大：{label}。请分成几个文件报送。",
        f"What this unpacks to is too large: {label}. Split it into several files.",
    )


def _skipped(name: str) -> bool:
    parts = [p for p in name.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    if not parts or "__MACOSX" in parts:
        return True
    base = parts[-1]
    stem = base.split(".")[0].upper()
    return base.startswith(("~$", ".")) or stem == "README" or base.lower() in ("thumbs.db", "desktop.ini")


def _entries(archive: zipfile.ZipFile, label: str, limits: Limits) -> list[tuple[str, zipfile.ZipInfo]]:
    """The entries that are files to land, under printable labels that are unique in this zip."""
    infos = archive.infolist()
    if len(infos) > limits.max_members:
        raise too_large(
            f"压缩包内文件过多（{len(infos)} 个）：{label}。",
            f"Too many files in the zip ({len(infos)}): {label}.",
        )
    found: list[tuple[str, zipfile.ZipInfo]] = []
    used: set[str] = set()
    for info in infos:
        name = decoded_name(info)
        if name.endswith(("/", "\\")) or _skipped(name):
            continue
        if info.flag_bits & 0x1:
            raise _encrypted(label)
        base = unique = safe_label(name)
        n = 2
        while unique in used:
            unique, n = f"{base} ({n})", n + 1
        used.add(unique)
        found.append((unique, info))
    if not found:
        raise unreadable(f"压缩包里没有可以读取的文件：{label}。", f"The zip holds no file to read: {label}.")
    _guard_sizes([info for _, info in found], limits.max_bytes, label, limits)
    return found


def _guard_sizes(infos: list[zipfile.ZipInfo], max_bytes: int, label: str, limits: Limits) -> None:
    """Refuse by the sizes that the zip directory declares; what is really unpacked is capped as well."""
    if sum(info.file_size for info in infos) > limits.max_bytes:
        raise _bomb(label)
    for info in infos:
        ratio_guarded = info.file_size > limits.ratio_free_bytes
        if info.file_size > max_bytes or (
            ratio_guarded and info.file_size > limits.max_ratio * max(1, info.compress_size)
        ):
            raise _bomb(label)


def _read_capped(stream: IO[bytes], cap: int, label: str) -> Iterator[bytes]:
    total = 0
    while chunk := stream.read(MIB):
        total += len(chunk)
        if total > cap:
            raise _bomb(label)
        yield chunk


def _hash_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str, limits: Limits) -> str:
    """The hash of a member's bytes. A damaged member gets a hash of its own: it is refused when opened."""
    digest = hashlib.sha256()
    try:
        with archive.open(info) as stream:
            for chunk in _read_capped(stream, limits.max_bytes, label):
                digest.update(chunk)
    except _ZIP_ERRORS:
        digest.update(b"\0damaged member\0")
    return digest.hexdigest()


def _unpack_entry(path: Path, inner: str, workdir: Path, limits: Limits) -> Path:
    label = f"{printable(path.name)}!{inner}"
    target = _work_file(workdir, label, PurePosixPath(inner).suffix)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = dict(_entries(archive, printable(path.name), limits))
            if inner not in entries:
                raise unreadable(f"压缩包里没有这个文件：{label}。", f"The zip holds no such file: {label}.")
            with archive.open(entries[inner]) as stream, target.open("wb") as out:
                for chunk in _read_capped(stream, limits.max_bytes, label):
                    out.write(chunk)
    except _ZIP_ERRORS as error:
        raise _broken_zip(label) from error
    return target


def _unpack_gzip(source: Path, label: str, workdir: Path, limits: Limits) -> Path:
    target = _work_file(workdir, label, ".gunzip")
    packed = max(1, source.stat().st_size)
    cap = limits.max_bytes
    if packed * limits.max_ratio < cap:
        cap = max(packed * limits.max_ratio, limits.ratio_free_bytes)
    try:
        with gzip.open(source, "rb") as stream, target.open("wb") as out:
            for chunk in _read_capped(stream, cap, label):  # type: ignore[arg-type]
                out.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(
            f"gz 压缩文件已损坏或不完整：{label}。请重新压缩后报送。",
            f"The gzip file is damaged or cut off: {label}. Compress it again and resend.",
        ) from error
    return target


def _work_file(workdir: Path, label: str, suffix: str) -> Path:
    """A file name of our own for unpacked bytes; nothing of the member's name reaches the file system."""
    workdir.mkdir(parents=True, exist_ok=True)
    tail = suffix.lower() if re.fullmatch(r"\.[a-zA-Z0-9]{1,6}", suffix) else ".bin"
    return workdir / f"member-{hashlib.sha256(label.encode('utf-8', 'replace')).hexdigest()[:16]}{tail}"


def _named(path: Path, label: str, workdir: Path) -> Path:
    """A path that every library takes: a name of bytes that are no UTF-8 (GBK names of old zips) gets a link."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        link = _work_file(workdir, label, path.suffix)
        link.unlink(missing_ok=True)
        link.symlink_to(path.absolute())
        return link
    return path


def _kind_of_zip(path: Path, label: str, limits: Limits) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            names = _part_names(archive)
            if any(info.flag_bits & 0x1 for info in infos):
                raise _encrypted(label)
            if "xl/workbook.xml" not in names:
                raise unreadable(
                    f"不是 xlsx 工作簿，或压缩包套压缩包：{label}。请直接报送 csv、xlsx 或 xls。",
                    f"Not an xlsx workbook, or a zip inside a zip: {label}. Send csv, xlsx or xls.",
                )
            _guard_sizes(
                [i for i in infos if i.filename.lower().endswith((".xml", ".rels"))],
                limits.max_part_bytes,
                label,
                limits,
            )
    except _ZIP_ERRORS as error:
        raise _broken_zip(label) from error
    return "xlsx"


def _kind_of_ole(path: Path, label: str, limits: Limits) -> Kind:
    if path.stat().st_size > limits.max_part_bytes:
        raise too_large(f"工作簿过大：{label}。", f"The workbook is too large: {label}.")
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _encrypted(label)
    if "Workbook".encode("utf-16-le") in data or "Book\0".encode("utf-16-le") in data:
        return "xls"
    raise unreadable(
        f"这是旧版 Office 文件，但不是 Excel 工作簿：{label}。",
        f"An old Office file, but no Excel workbook: {label}.",
    )
