"""Encodings are found on the whole file, and rare characters survive."""

from __future__ import annotations

import codecs
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhixiao.landing import encoding
from zhixiao.landing.encoding import check_utf8, guess_utf16, to_utf8
from zhixiao.landing.refusal import Refusal

# 𠮷 and others are four bytes in GB18030; 㙍 and 龦 too.
RARE = "𠮷䶮𣲗㙍龦€"
TEXT = f"统一社会信用代码,企业名称\r\n91321204MA0000090W,江苏{RARE}有限公司\r\n"


def convert(tmp_path: Path, data: bytes) -> tuple[str, str, int]:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    found = to_utf8(path, "t.csv", tmp_path / "work")
    text = found.path.read_bytes().removeprefix(codecs.BOM_UTF8).decode("utf-8")
    return text, found.encoding, found.dropped_tail


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_encodings(tmp_path: Path, codec: str, found: str) -> None:
    assert convert(tmp_path, TEXT.encode(codec)) == (TEXT, found, 0)


def test_utf16_with_a_big_endian_bom(tmp_path: Path) -> None:
    assert convert(tmp_path, codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")) == (TEXT, "utf-16-be", 0)


def test_utf8_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(TEXT.encode())
    assert to_utf8(path, "t", tmp_path / "work").path == path


def test_the_deciding_byte_may_come_late(tmp_path: Path) -> None:
    """Megabytes of ASCII, then one Chinese name: the whole file decides, not its beginning."""
    head = "a,b\r\n" * 700_000
    assert convert(tmp_path, (head + TEXT).encode("gb18030")) == (head + TEXT, "gb18030", 0)
    assert convert(tmp_path, (head + TEXT).encode("utf-8"))[1] == "utf-8"


@pytest.mark.parametrize("text", ["联通", "名称\n联通", "a,b\n1,胙"])
def test_short_gbk_texts(tmp_path: Path, text: str) -> None:
    assert convert(tmp_path, text.encode("gbk"))[:2] == (text, "gb18030")


def test_gbk_that_happens_to_be_valid_utf8(tmp_path: Path) -> None:
    """Two-byte pairs that are UTF-8 as well (as Cyrillic or the like), but are everyday Hanzi in GBK."""
    data = b"a,b\r\n1,\xd2\xbb\xd2\xbb\r\n"
    assert data.decode("utf-8")
    assert convert(tmp_path, data)[:2] == ("a,b\r\n1,一一\r\n", "gb18030")


@pytest.mark.parametrize("cut", [1, 2])
def test_utf8_cut_inside_its_last_character(tmp_path: Path, cut: int) -> None:
    data = "名称,金额\n甲,1\n丙".encode()[:-cut]
    assert convert(tmp_path, data) == ("名称,金额\n甲,1\n", "utf-8", 3 - cut)


def test_utf8_with_a_fault_and_a_cut_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        convert(tmp_path, "名称,\xff\n甲".encode("latin-1", "ignore") + "名\n".encode() + b"\xff\xff\n\xe4\xb8")
    assert refused.value.reason_code == "encoding_unknown"


def test_gb18030_cut_inside_its_last_character(tmp_path: Path) -> None:
    data = "名称,金额\n甲,1\n丙丁".encode("gb18030")[:-1]
    assert convert(tmp_path, data) == ("名称,金额\n甲,1\n丙", "gb18030", 1)


@pytest.mark.parametrize(
    "data",
    [
        "café,naïve\ncôté,2\n".encode("latin-1"),
        b"\xef\xbb\xbfa,b\n1,\xff\xfe\n",
        codecs.BOM_UTF16_LE + b"\x00\xd8a\x00",
        "統一編號,公司名稱\n12345678,臺灣電力股份有限公司\n23456789,中華電信股份有限公司\n".encode("big5"),
    ],
)
def test_what_fits_nothing_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        convert(tmp_path, data)
    assert refused.value.reason_code == "encoding_unknown"
    assert refused.value.zh and refused.value.en


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 20, b"\0" * 5000, b"a,b\n" + b"\0" * 100, b"\x01\x02\x03ab\x05" * 50]
)
def test_binary_is_unreadable(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        convert(tmp_path, data)
    assert refused.value.reason_code == "unreadable"


def test_no_work_file_is_left_by_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        convert(tmp_path, "中文".encode("gbk") * 1000 + b"\xff\xff")
    assert list((tmp_path / "work").iterdir()) == []


def test_utf16_needs_clear_statistics() -> None:
    assert guess_utf16(TEXT.encode("utf-16-le"), len(TEXT.encode("utf-16-le"))) == "utf-16-le"
    assert guess_utf16(b"a\0b\0\xff\xdf\x01\xdf" * 10, 80) is None
    assert guess_utf16(b"ab" * 10 + b"\0\0", 22) is None
    assert guess_utf16("中文".encode("utf-16-le"), 4) is None


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60), size=st.integers(1, 9))
def test_the_check_agrees_with_the_codec(text: str, size: int) -> None:
    """Valid or not does not depend on how the file is cut into pieces."""
    good = text.encode("utf-8", "ignore")
    for data in (good, good + b"\x80", good[:-1], b"\xc0\x80" + good, good + b"\xed\xa0\x80"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "t"
            path.write_bytes(data)
            with pytest.MonkeyPatch.context() as patch:
                pieces = [data[i : i + size] for i in range(0, len(data), size)]
                patch.setattr(encoding, "chunks_of", lambda p, skip=0, pieces=pieces: iter(pieces))
                check = check_utf8(path)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(data)
        except UnicodeDecodeError:
            assert not check.valid
        else:
            assert check.valid
            assert check.incomplete_tail == len(decoder.getstate()[0])


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(
        st.characters(blacklist_categories=["Cs", "Cc", "Co", "Cn"], blacklist_characters="\ufeff"), max_size=40
    ),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_any_text_survives(text: str, codec: str) -> None:
    text = f"统一社会信用代码,企业名称,入库税额\r\n{text}\r\n"
    with tempfile.TemporaryDirectory() as folder:
        assert convert(Path(folder), text.encode(codec))[0] == text
