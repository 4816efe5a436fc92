"""Archives that expand, lie, hide or lead astray."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import replace

from good_workbook import Good
from hostile_file import HostileFile, of
from raw_archive import STORED, Entry, archive, deflated, zeros

_PHOTO = "xl/media/image1.png"
_GIGABYTE = 2**30


def _with(*more: Entry):
    return lambda good: archive([*good.entries(), *more])


def _named(name: str | bytes):
    return _with(Entry(name, b"<a/>"))


def _bomb(megabytes: int, size: int | None = None, name: str = "xl/theme/theme2.xml"):
    told = megabytes * 2**20 if size is None else size
    return lambda good: archive([*good.entries(), Entry(name, packed=zeros(megabytes, b" "), size=told)])


def _ten_gigabytes_in_shared_bytes(good: Good) -> bytes:
    one = Entry("xl/media/0.png", packed=zeros(1024), size=_GIGABYTE)
    return archive([*good.entries(), one, *(replace(one, name=f"xl/media/{n}.png", shares=True) for n in range(1, 10))])


def _shared_bytes(good: Good) -> bytes:
    one = Entry("xl/media/0.png", b"x" * 5000)
    return archive([*good.entries(), one, replace(one, name="xl/media/1.png", shares=True)])


def _lying_checksum_too(good: Good) -> bytes:
    """Says that the bomb is its first 4,000 bytes, down to their checksum."""
    claimed = b" " * 4000
    return archive([*good.entries(), Entry("xl/theme/theme2.xml", claimed, packed=zeros(2048, b" "))])


def _nested(good: Good) -> bytes:
    """Archives in archives, as scanners for viruses fall into; as a picture, it is none of our business."""
    inner = good.data
    for _ in range(6):
        inner = archive([Entry(f"{n}.zip", inner, method=STORED) for n in range(2)])
    return archive([*good.entries(), Entry(_PHOTO, inner)])


def _only_archives(good: Good) -> bytes:
    inner = archive([Entry("0.dll", packed=zeros(64), size=64 * 2**20)])
    for _ in range(5):
        inner = archive([Entry(f"lib{n}.zip", inner) for n in range(16)])
    return inner


def _endless_directory(good: Good) -> bytes:
    return archive([Entry(f"{n}", method=STORED) for n in range(100_000)])


def _two_in_one(good: Good) -> bytes:
    """A second archive in the comment of the first: two readers may take two different ones."""
    evil = good.titled("Tệp khác")
    return archive(good.entries(), comment=evil[:60_000])


def _renamed_inside(good: Good) -> bytes:
    """The local headers give other names than the directory."""
    return archive([replace(entry, local_name=f"../{n}") for n, entry in enumerate(good.entries())])


def _each(**changed: object):
    return lambda good: archive([replace(entry, **changed) for entry in good.entries()])


def _cut(share: float):
    return lambda good: good.data[: int(len(good.data) * share)]


def _flipped(good: Good) -> bytes:
    """One bit in the middle of the sheet's content."""
    content = bytearray(deflated(good.parts[good.posts]))
    content[len(content) // 2] ^= 1
    whole = good.parts[good.posts]
    told = Entry(good.posts, packed=bytes(content), size=len(whole), crc=zlib.crc32(whole))
    return archive([told if entry.name == good.posts else entry for entry in good.entries()])


def _noise_as_picture(good: Good) -> bytes:
    return archive([*good.entries(), Entry(_PHOTO, random.Random(7).randbytes(300_000))])


FILES: list[HostileFile] = [
    *of(
        "file_expands",
        bomb_of_2_gb=_bomb(2048),
        bomb_of_9_gb=_bomb(9216),
        bomb_of_10_gb_in_shared_bytes=_ten_gigabytes_in_shared_bytes,
        bomb_of_100_mb=_bomb(100),
        bomb_of_shared_strings_1_gb=_bomb(1024, name="xl/sharedStrings.xml"),
        bomb_that_says_it_is_nearly_endless=_bomb(1, size=2**62),
        many_medium_parts=_with(*(Entry(f"xl/media/{n}.png", b"\0" * 900_000) for n in range(60))),
    ),
    *of(
        "file_damaged",
        bomb_of_2_gb_that_says_4_kb=_bomb(2048, size=4000),
        bomb_of_2_gb_with_a_lying_checksum=_lying_checksum_too,
        part_that_says_too_much=_with(Entry(_PHOTO, b"x" * 100, size=200)),
        part_that_says_too_little=_with(Entry(_PHOTO, b"x" * 100, size=50)),
        stored_part_that_says_too_much=_with(Entry(_PHOTO, b"x" * 100, method=STORED, size=200)),
        overlapping_parts=_shared_bytes,
        wrong_checksum=lambda good: good.data.replace(
            struct.pack("<I", zlib.crc32(good.parts[good.posts])), b"\1\2\3\4"
        ),
        flipped_bit=_flipped,
        bzip2=_with(Entry(_PHOTO, b"x", method=12)),
        unknown_method=_with(Entry(_PHOTO, b"x", method=99)),
        only_a_first_header=lambda good: b"PK\3\4",
        only_headers=lambda good: b"PK\3\4" * 100,
        cut_after_a_tenth=_cut(0.1),
        cut_in_the_middle=_cut(0.5),
        cut_in_the_directory=lambda good: good.data[: good.data.rindex(b"PK\1\2") + 10],
        cut_before_the_end_record=lambda good: good.data[: good.data.rindex(b"PK\5\6")],
        cut_by_one_byte=lambda good: good.data[:-1],
        beginning_missing=lambda good: b"PK\3\4" + good.data[500:],
        part_in_folder_above=_named("../../etc/cron.d/x"),
        part_in_folder_above_by_backslash=_named("..\\..\\windows\\x.dll"),
        part_with_an_absolute_name=_named("/etc/passwd"),
        part_on_a_drive=_named("C:\\windows\\x.dll"),
        part_on_a_share=_named("\\\\server\\share\\x"),
        part_with_nul_in_its_name=_named(b"xl/worksheets/a\0.xml"),
        part_with_a_line_break_in_its_name=_named("xl/media/a\r\nBcc: x.xml"),
        part_with_reversed_name=_named("xl/media/\u202exslx.exe"),
        part_with_endless_name=_named("xl/" + "a" * 5000),
        two_parts_of_one_name=lambda good: archive([*good.entries(), Entry(good.posts, b"<a/>")]),
        two_parts_that_differ_in_case=lambda good: archive([*good.entries(), Entry(good.posts.upper(), b"<a/>")]),
        second_archive_in_the_comment=_two_in_one,
    ),
    *of("file_password", encrypted_part=_with(Entry(_PHOTO, b"x", flags=1)), masked_directory=_each(flags=0x2041)),
    *of(
        "file_too_many",
        thousand_parts=_with(*(Entry(f"xl/media/{n}.png") for n in range(1000))),
        directory_of_100_000_entries=_endless_directory,
    ),
    *of("file_not_xlsx", archives_in_archives=_only_archives),
    *of(
        "",
        archives_in_a_picture=_nested,
        bytes_after_the_end=lambda good: archive(good.entries(), after=b"\r\n"),
        comment=lambda good: archive(good.entries(), comment="Ghi chú".encode()),
        sizes_of_64_bits=_each(zip64=True),
        streamed=_each(streamed=True),
        stored=_each(method=STORED),
        folders_as_entries=lambda good: archive([Entry("xl/", method=STORED), *good.entries()]),
        backslashes_for_slashes=lambda good: archive(
            [replace(entry, name=str(entry.name).replace("/", "\\")) for entry in good.entries()]
        ),
        names_in_capitals=lambda good: archive(
            [replace(entry, name=str(entry.name).upper()) for entry in good.entries()]
        ),
        parts_in_reverse_order=lambda good: archive(good.entries()[::-1]),
        other_names_in_the_local_headers=_renamed_inside,
        picture=_noise_as_picture,
    ),
]
