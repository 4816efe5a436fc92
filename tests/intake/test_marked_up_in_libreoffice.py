"""A marked-up workbook opens in LibreOffice with its marks, and what is mended and saved there is taken."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from dinhky.intake.receive import Verdict
from dinhky.workbook.cell_styles import ERROR_FILL

pytestmark = pytest.mark.system


@pytest.fixture(scope="session")
def soffice() -> str:
    program = shutil.which("soffice")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs LibreOffice: apt-get install libreoffice-calc")
        pytest.skip("no LibreOffice on this machine")
    return program


def convert(soffice: str, file: Path, kind: str) -> Path:
    folder = file.parent / kind
    profile = f"-env:UserInstallation=file://{file.parent / 'profile'}"
    command = [soffice, profile, "--headless", "--convert-to", kind, "--outdir", str(folder), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return folder / f"{file.stem}.{kind}"


def test_libreoffice_shows_the_marks_and_what_is_mended_there_is_accepted(commune, soffice, tmp_path):
    wrong = commune.sample["kthtdt"][0]
    receipt = commune.receive("kthtdt", wrong.data, wrong.at)
    file = tmp_path / "marked.xlsx"
    file.write_bytes(commune.office.files.get(receipt.answer.sha256))
    first_page = PdfReader(convert(soffice, file, "pdf")).pages[0].extract_text()
    assert "3 ĐIỂM CẦN SỬA" in first_page
    assert all(text in first_page for text in ("20/3/2026", "Tin tức tổng hợp", "(để trống)", "E5", "C6", "B7"))

    resaved = convert(soffice, file, "xlsx")
    book = load_workbook(resaved)
    posts = book["Tin bài"]
    assert book.sheetnames[0] == "Cần sửa"
    for cell in ("E5", "C6", "B7"):
        assert posts[cell].fill.fgColor.rgb == ERROR_FILL
        assert posts[cell].comment.text.startswith("Định Kỳ – cần sửa")

    posts["E5"] = datetime.fromisoformat("2026-03-02T00:00")
    saved = io.BytesIO()
    book.save(saved)
    (tmp_path / "in part.xlsx").write_bytes(saved.getvalue())
    mended = convert(soffice, tmp_path / "in part.xlsx", "xlsx").read_bytes()
    receipt = commune.receive("kthtdt", mended, wrong.at)
    assert [problem.params["cell"] for problem in receipt.problems] == ["C6", "B7"]
    book = load_workbook(io.BytesIO(commune.office.files.get(receipt.answer.sha256)))
    posts = book["Tin bài"]
    assert (posts["E5"].comment, posts["E5"].fill.fgColor.rgb == ERROR_FILL) == (None, False)
    assert posts["C6"].comment

    posts["C6"], posts["B7"] = "Tin", "Bản tin cải cách hành chính tuần 9"
    saved = io.BytesIO()
    book.save(saved)
    assert commune.receive("kthtdt", saved.getvalue(), wrong.at).verdict is Verdict.ACCEPTED
