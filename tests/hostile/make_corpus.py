"""Writes the corpus of wrong, odd and hostile workbooks, and what each is answered with, into a folder.

    .venv/bin/python tests/hostile/make_corpus.py var/hostile

The same bytes every time, save for what signs the workbooks: that is the office's, made in the folder. The largest
expands to ten gigabytes; the folder itself takes about 60 MB.
"""

from __future__ import annotations

import sys
from pathlib import Path

import archives
import cell_contents
import large_amounts
import long_work
import markup
import other_kinds
import unwanted_parts
from good_workbook import Good, good_workbook
from hostile_file import HostileFile

CORPUS: list[HostileFile] = [
    *other_kinds.FILES,
    *archives.FILES,
    *markup.FILES,
    *large_amounts.FILES,
    *long_work.FILES,
    *unwanted_parts.FILES,
    *cell_contents.FILES,
]


def main(folder: Path) -> None:
    from dinhky import bootstrap

    good = Good(good_workbook(bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(folder / "office")}))))
    lines = []
    for file in CORPUS:
        (folder / f"{file.name}.xlsx").write_bytes(file.make(good))
        lines.append(f"{file.name}\t{', '.join(file.codes) or 'accepted'}\n")
    (folder / "expected.tsv").write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    main(folder)
