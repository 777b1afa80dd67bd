"""What a dropped file holds, and that no file, however made, gets beyond our limits or our folder."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import stat
import struct
import zipfile
from pathlib import Path

import pytest
import xlwt
from openpyxl import Workbook

from tests.landing.reader_helpers import read_file
from zhixiao.landing import container
from zhixiao.landing.container import Limits, Member, list_members, open_member, sha256_of_file
from zhixiao.landing.refusal import Refusal

CSV = "代码,名称\r\nA,甲\r\n".encode()
SMALL = Limits(max_bytes=50_000, max_part_bytes=50_000, ratio_free_bytes=20_000, max_members=20, max_ratio=100)


def xlsx_bytes(text: str = "x") -> bytes:
    workbook = Workbook()
    assert workbook.active is not None
    workbook.active["A1"] = text
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def zip_bytes(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def drop(tmp_path: Path, data: bytes, name: str) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def raw_name_zip(name: bytes, data: bytes) -> bytes:
    """A zip whose only member has these very bytes as its name, without the UTF-8 flag."""
    placeholder = "n" * len(name)
    return zip_bytes({placeholder: data}).replace(placeholder.encode(), name)


def test_the_hash_is_of_the_bytes_as_dropped(tmp_path: Path) -> None:
    packed = gzip.compress(CSV, mtime=0)
    path = drop(tmp_path, packed, "a.csv.gz")
    assert list_members(path) == [Member(None, sha(packed))]
    assert sha256_of_file(path) == sha(packed)
    payload = open_member(path, None, tmp_path / "work")
    assert (payload.kind, payload.path.read_bytes()) == ("csv", CSV)
    plain = drop(tmp_path, CSV, "a.csv")
    assert list_members(plain) == [Member(None, sha(CSV))]
    assert open_member(plain, None, tmp_path / "work").path == plain


def test_members_of_a_zip(tmp_path: Path) -> None:
    book = xlsx_bytes()
    path = drop(
        tmp_path,
        zip_bytes(
            {
                "文件夹/": b"",
                "文件夹/报表.csv": CSV,
                "b.xlsx": book,
                "__MACOSX/._b.xlsx": b"x",
                "~$b.xlsx": b"x",
                "文件夹/.DS_Store": b"x",
                "README.md": b"x",
                "readme": b"x",
                "Thumbs.db": b"x",
            }
        ),
        "o.zip",
    )
    assert list_members(path) == [Member("文件夹/报表.csv", sha(CSV)), Member("b.xlsx", sha(book))]
    payload = open_member(path, "文件夹/报表.csv", tmp_path / "work")
    assert (payload.kind, payload.path.read_bytes(), payload.label) == ("csv", CSV, "o.zip!文件夹/报表.csv")
    assert open_member(path, "b.xlsx", tmp_path / "work").kind == "xlsx"


@pytest.mark.parametrize("codec", ["gb18030", "utf-8"])
def test_names_without_the_utf8_flag(tmp_path: Path, codec: str) -> None:
    path = drop(tmp_path, raw_name_zip("项目总表.csv".encode(codec), CSV), "o.zip")
    assert list_members(path) == [Member("项目总表.csv", sha(CSV))]
    assert open_member(path, "项目总表.csv", tmp_path / "work").path.read_bytes() == CSV


def test_a_name_that_is_neither_is_cp437(tmp_path: Path) -> None:
    path = drop(tmp_path, raw_name_zip(b"t\x81\xff.csv", CSV), "o.zip")
    assert [m.inner for m in list_members(path)] == ["tü\N{REPLACEMENT CHARACTER}.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.csv",
        "/etc/evil.csv",
        "C:\\evil.csv",
        "..\\..\\evil.csv",
        "a/../../../evil.csv",
        "e\nv\x07il.csv",
        "x" * 3000,
    ],
)
def test_names_never_reach_the_file_system(tmp_path: Path, name: str) -> None:
    """Whatever the member is called, its bytes land in the work folder and nowhere else."""
    inside = tmp_path / "a" / "b" / "c"
    inside.mkdir(parents=True)
    path = drop(inside, zip_bytes({name: CSV}), "o.zip")
    before = set(tmp_path.rglob("*"))
    [member] = list_members(path)
    assert member.inner is not None and member.inner.isprintable()
    payload = open_member(path, member.inner, inside / "work")
    assert payload.path.parent == inside / "work"
    assert payload.path.read_bytes() == CSV
    assert set(tmp_path.rglob("*")) - before == {inside / "work", payload.path}


def test_a_nul_in_a_name(tmp_path: Path) -> None:
    path = drop(tmp_path, raw_name_zip(b"a\0b.csv", CSV), "o.zip")
    [member] = list_members(path)
    assert member.inner is not None and "\0" not in member.inner
    assert open_member(path, member.inner, tmp_path / "work").path.read_bytes() == CSV


def test_a_link_in_a_zip_is_only_its_text(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    path = drop(tmp_path, out.getvalue(), "o.zip")
    payload = open_member(path, "link.csv", tmp_path / "work")
    assert not payload.path.is_symlink()
    assert payload.path.read_bytes() == b"/etc/passwd"


def test_two_members_of_one_name(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a.csv", b"a\n1\n")
        archive.writestr("a.csv", b"a\n2\n")
    path = drop(tmp_path, out.getvalue(), "o.zip")
    members = list_members(path)
    assert [m.inner for m in members] == ["a.csv", "a.csv (2)"]
    assert open_member(path, "a.csv", tmp_path / "work").path.read_bytes() == b"a\n1\n"
    assert open_member(path, "a.csv (2)", tmp_path / "work").path.read_bytes() == b"a\n2\n"


def refusal_of(path: Path, work: Path, limits: Limits = container.LIMITS) -> str:
    """The reason with which a drop is refused, at the listing or at the opening of its first member."""
    with pytest.raises(Refusal) as refused:
        for member in list_members(path, limits):
            open_member(path, member.inner, work, limits)
    assert path.name in refused.value.zh and path.name in refused.value.en
    return refused.value.reason_code


def test_a_nested_zip_is_listed_and_refused(tmp_path: Path) -> None:
    inner = zip_bytes({"a.csv": CSV})
    path = drop(tmp_path, zip_bytes({"good.csv": CSV, "inner.zip": inner}), "o.zip")
    assert list_members(path) == [Member("good.csv", sha(CSV)), Member("inner.zip", sha(inner))]
    assert open_member(path, "good.csv", tmp_path / "work").kind == "csv"
    with pytest.raises(Refusal) as refused:
        open_member(path, "inner.zip", tmp_path / "work")
    assert refused.value.reason_code == "unreadable"


def test_cut_off_files(tmp_path: Path) -> None:
    for name, data in {
        "a.zip": zip_bytes({"a.csv": CSV * 100}),
        "a.xlsx": xlsx_bytes(),
        "a.csv.gz": gzip.compress(CSV * 100),
    }.items():
        for size in (len(data) // 2, len(data) - 30):
            assert refusal_of(drop(tmp_path, data[:size], name), tmp_path / "work") == "unreadable"


def test_a_cut_off_workbook_still_has_a_hash(tmp_path: Path) -> None:
    data = xlsx_bytes()[:-200]
    assert list_members(drop(tmp_path, data, "a.xlsx")) == [Member(None, sha(data))]


def test_one_damaged_member_does_not_take_the_others(tmp_path: Path) -> None:
    data = zip_bytes({"good.csv": CSV, "bad.csv": b"0123456789" * 10}, zipfile.ZIP_STORED)
    data = data.replace(b"0123456789", b"x123456789", 1)
    path = drop(tmp_path, data, "o.zip")
    good, bad = list_members(path)
    assert (good.inner, good.sha256) == ("good.csv", sha(CSV))
    assert bad.sha256 != sha(b"x123456789" + b"0123456789" * 9)
    with pytest.raises(Refusal) as refused:
        open_member(path, "bad.csv", tmp_path / "work")
    assert refused.value.reason_code == "unreadable"


def test_an_encrypted_zip(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a.csv": CSV}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature) + offset
        data[at : at + 2] = struct.pack("<H", struct.unpack_from("<H", data, at)[0] | 1)
    assert refusal_of(drop(tmp_path, bytes(data), "o.zip"), tmp_path / "work") == "unreadable"


@pytest.mark.parametrize("members", [{}, {"README.md": b"x"}, {"a/": b""}])
def test_a_zip_without_files(tmp_path: Path, members: dict[str, bytes]) -> None:
    assert refusal_of(drop(tmp_path, zip_bytes(members), "o.zip"), tmp_path / "work") == "unreadable"


def test_bombs_are_stopped(tmp_path: Path) -> None:
    zeros = b"0" * 60_000
    work = tmp_path / "work"
    assert refusal_of(drop(tmp_path, zip_bytes({"a.csv": zeros}), "o.zip"), work, SMALL) == "too_large"
    ratio = zip_bytes({"a.csv": b"0" * 40_000})
    assert refusal_of(drop(tmp_path, ratio, "ratio.zip"), work, SMALL) == "too_large"
    many = zip_bytes({f"{i}.csv": b"0" * 19_000 for i in range(5)})
    assert refusal_of(drop(tmp_path, many, "many.zip"), work, SMALL) == "too_large"
    crowd = zip_bytes({f"{i}.csv": b"0" for i in range(21)})
    assert refusal_of(drop(tmp_path, crowd, "crowd.zip"), work, SMALL) == "too_large"
    assert refusal_of(drop(tmp_path, gzip.compress(zeros), "a.csv.gz"), work, SMALL) == "too_large"
    assert refusal_of(drop(tmp_path, b"0" * 60_000, "plain.csv"), work, SMALL) == "too_large"


def test_a_lying_zip_directory_does_not_help_a_bomb(tmp_path: Path) -> None:
    """The directory says 10 bytes; no more than that is unpacked, and the check sum does not fit."""
    data = bytearray(zip_bytes({"a.csv": b"0" * 60_000}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.find(signature) + offset, 10)
    path = drop(tmp_path, bytes(data), "o.zip")
    assert refusal_of(path, tmp_path / "work", SMALL) == "unreadable"
    assert all(p.stat().st_size <= 10 for p in (tmp_path / "work").iterdir())


def test_a_workbook_bomb(tmp_path: Path) -> None:
    parts = {"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b" " * 60_000}
    path = drop(tmp_path, zip_bytes(parts), "bomb.xlsx")
    assert list_members(path, SMALL) == [Member(None, sha256_of_file(path))]
    assert refusal_of(path, tmp_path / "work", SMALL) == "too_large"


def test_a_gzip_of_a_gzip_and_damaged_gzips(tmp_path: Path) -> None:
    packed = gzip.compress(CSV)
    for data in (gzip.compress(packed), packed + b"garbage", packed[:-6] + b"\0\0" + packed[-4:]):
        assert refusal_of(drop(tmp_path, data, "a.csv.gz"), tmp_path / "work") == "unreadable"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7 ...",
        b"Rar!\x1a\x07\x01\x00",
        b"7z\xbc\xaf\x27\x1c",
        b"\x89PNG\r\n\x1a\n",
        b'<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        b"MIME-Version: 1.0\nContent-Type: multipart/related\n",
        zip_bytes({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}),
        container._OLE_MAGIC + b"\0" * 600,
        container._OLE_MAGIC + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
    ],
)
def test_no_table_at_all(tmp_path: Path, data: bytes) -> None:
    assert refusal_of(drop(tmp_path, data, "a.xls"), tmp_path / "work") == "unreadable"


def test_kinds_by_content(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("S").write(0, 0, "x")
    out = io.BytesIO()
    book.save(out)
    page = "<html><head><meta charset=gbk></head><body><table><tr><td>名称</td></tr></table></body></html>"
    kinds = {
        "csv": [CSV, "代码\t名称".encode("utf-16"), b"<1,2\n>3,4\n", b"<table of contents>,x\n"[1:], b"PK,1\n"],
        "xlsx": [xlsx_bytes()],
        "xls": [out.getvalue()],
        "html": [
            page.encode("gbk"),
            b"\xef\xbb\xbf" + page.encode(),
            page.encode("utf-16"),
            b"\r\n <!-- x --><TABLE border=1><tr><td>1</td></tr></TABLE>",
            b'<?xml version="1.0"?>\n<!DOCTYPE html><html><body><table/></body></html>',
        ],
    }
    for kind, contents in kinds.items():
        for data in contents:
            for name in ("a.xls", "b.csv", "c.xlsx", "d.zip"):
                path = drop(tmp_path, data, name)
                assert open_member(path, list_members(path)[0].inner, tmp_path / "work").kind == kind


def test_a_gzipped_workbook_and_a_workbook_in_a_zip(tmp_path: Path) -> None:
    book = xlsx_bytes("甲")
    packed = drop(tmp_path, gzip.compress(book), "a.xlsx.gz")
    assert read_file(packed, tmp_path / "work")[0].rows == {1: ["甲"]}
    zipped = drop(tmp_path, zip_bytes({"a.xlsx": book, "b.csv.gz": gzip.compress(CSV)}), "a.zip")
    assert read_file(zipped, tmp_path / "work", "a.xlsx")[0].rows == {1: ["甲"]}
    assert read_file(zipped, tmp_path / "work", "b.csv.gz")[0].rows == {1: ["代码", "名称"], 2: ["A", "甲"]}


def test_a_refusal_travels_between_processes() -> None:
    refusal = Refusal("too_large", "太大", "too large")
    copy = pickle.loads(pickle.dumps(refusal))
    assert (copy.reason_code, copy.zh, copy.en) == ("too_large", "太大", "too large")
