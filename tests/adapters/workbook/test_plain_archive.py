"""Our own archives are read by others as we meant them."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile

import pytest

from dinhky.workbook.plain_archive import archive, deflated, plain_archive, stored

PARTS = {
    "[Content_Types].xml": b"<Types/>",
    "xl/worksheets/sheet1.xml": b"<a>" * 5000,
    "xl/tệp.xml": "ữ".encode(),
    "e": b"",
}


@pytest.mark.parametrize("pack", [stored, deflated])
def test_zipfile_reads_what_was_written(pack):
    with zipfile.ZipFile(io.BytesIO(archive((name, pack(content)) for name, content in PARTS.items()))) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == PARTS


def test_the_same_parts_are_the_same_bytes():
    assert plain_archive(PARTS) == plain_archive(dict(PARTS))


def test_unzip_finds_nothing_to_complain_about(tmp_path):
    if shutil.which("unzip") is None:
        pytest.skip("no unzip on this machine")
    (tmp_path / "a.zip").write_bytes(archive((name, deflated(content)) for name, content in PARTS.items()))
    assert subprocess.run(["unzip", "-tq", tmp_path / "a.zip"], capture_output=True, check=False).returncode == 0
