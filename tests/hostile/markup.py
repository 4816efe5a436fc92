"""XML that refers, swells, nests or is none."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from good_workbook import TITLE, Good
from hostile_file import HostileFile, of

_PROPERTIES = "docProps/core.xml"
_LOL = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
_RELATIONS = "xl/_rels/workbook.xml.rels"


def _document_type(declared: bytes, used: str):
    def make(good: Good) -> bytes:
        content = good.parts[good.posts].replace(TITLE.encode(), used.encode())
        start = content.index(b"<worksheet")
        return good.with_parts({good.posts: b"<?xml version='1.0'?>" + declared + content[start:]})

    return make


def _in_rows(text: str):
    return lambda good: good.with_posts(b"<sheetData>", b"<sheetData>" + text.encode())


def _root(good: Good, declaration: bytes, encoding: str) -> bytes:
    content = good.parts[good.posts]
    text = content[content.index(b"<worksheet") :].decode()
    return good.with_parts({good.posts: declaration + text.encode(encoding)})


def _relation_to(target: str, mode: str = "Internal") -> Callable[[Good], bytes]:
    """The sheet of posts is said to be somewhere else."""

    def make(good: Good) -> bytes:
        name = good.posts.rpartition("/")[2].encode()
        there = f'Target="{target}" TargetMode="{mode}"'.encode()
        relations, count = re.subn(rb'Target="[^"]*/' + re.escape(name) + rb'"', there, good.parts[_RELATIONS])
        assert count == 1
        return good.with_parts({_RELATIONS: relations})

    return make


def _nested(depth: int) -> bytes:
    return b"".join(b"<a%d>" % n for n in range(depth)) + b"".join(b"</a%d>" % n for n in range(depth)[::-1])


def _words(size: int) -> bytes:
    """Text that does not compress out of all proportion."""
    return random.Random(size).randbytes(size // 2).hex().encode()


FILES: list[HostileFile] = [
    *of(
        "file_damaged",
        entity=_document_type(b'<!DOCTYPE a [<!ENTITY x "inside">]>', "&x;"),
        entity_of_a_file=_document_type(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
        entity_of_another_server=_document_type(b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://x.example/">]>', "&x;"),
        parameter_entity=_document_type(b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://x.example/x.dtd">%x;]>', "x"),
        document_type_elsewhere=_document_type(b'<!DOCTYPE a SYSTEM "http://x.example/x.dtd">', "x"),
        billion_laughs=_document_type(b'<!DOCTYPE a [<!ENTITY l0 "lol">' + _LOL + b"]>", "&l9;"),
        quadratic_blow_up=_document_type(b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 100_000 + b'">]>', "&x;" * 9000),
        document_type_in_the_relations=lambda good: good.with_parts({_RELATIONS: b"<!DOCTYPE a><a/>"}),
        utf16=lambda good: _root(good, b"", "utf-16"),
        utf16_without_mark=lambda good: _root(
            good, '<?xml version="1.0" encoding="UTF-16"?>'.encode("utf-16-le"), "utf-16-le"
        ),
        utf16_with_an_entity=lambda good: good.with_parts(
            {good.posts: "<!DOCTYPE a [<!ENTITY x 'x'>]><worksheet><sheetData/></worksheet>".encode("utf-16")}
        ),
        utf7=lambda good: good.with_parts({_PROPERTIES: b'<?xml version="1.0" encoding="UTF-7"?><a/>'}),
        latin1=lambda good: good.with_parts({_PROPERTIES: b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'}),
        bytes_that_are_no_utf8=lambda good: good.with_posts(TITLE.encode(), b"\xff\xfe\xfa"),
        overlong_utf8=lambda good: good.with_posts(TITLE.encode(), b"\xc0\xbc"),
        lone_surrogate_as_bytes=lambda good: good.titled("a\ud800b"),
        lone_surrogate_as_reference=lambda good: good.titled("a&#xD800;b"),
        nul=lambda good: good.titled("a\0b"),
        nul_as_reference=lambda good: good.titled("a&#0;b"),
        control_character=lambda good: good.titled("a\x07b"),
        not_closed=lambda good: good.with_posts(b"</worksheet>", b""),
        closed_twice=lambda good: good.with_posts(b"</worksheet>", b"</worksheet></worksheet>"),
        two_places_of_one_cell=_in_rows('<row r="1"><c r="A1" r="XFD1048576" t="str"><v>x</v></c></row>'),
        no_markup_at_all=lambda good: good.with_parts({good.posts: b"worksheet sheetData"}),
        empty_sheet_part=lambda good: good.with_parts({good.posts: b""}),
        broken_properties=lambda good: good.with_parts({_PROPERTIES: b"<a>"}),
        sheet_part_missing=lambda good: good.with_parts({good.posts: None}),
        no_relations=lambda good: good.with_parts({_RELATIONS: None}),
        relation_to_a_file_of_the_system=_relation_to("../../../../../../etc/passwd"),
        relation_to_nothing=_relation_to("worksheets/sheet999.xml"),
        relation_to_a_picture=_relation_to("media/image1.png"),
    ),
    *of(
        "file_external_links",
        relation_to_another_server=_relation_to("https://x.example/sheet.xml", "External"),
        relation_to_a_file_outside=_relation_to("file:///etc/passwd", "External"),
    ),
    *of("file_too_many", nested_400_000_deep=lambda good: good.after_rows(_nested(400_000))),
    *of(
        "",
        nested_200_000_deep=lambda good: good.after_rows(_nested(200_000)),
        attribute_of_10_mb=lambda good: good.after_rows(b'<a b="' + _words(10_000_000) + b'"/>'),
        hundred_thousand_attributes=lambda good: good.after_rows(
            b"<a " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>"
        ),
        comment_of_5_mb=lambda good: good.after_rows(b"<!--" + _words(5_000_000) + b"-->"),
        inclusion_of_a_file=lambda good: good.after_rows(
            b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
        ),
        style_sheet_of_another_server=lambda good: good.after_rows(b'<?xml-stylesheet href="http://x.example/x.xsl"?>'),
        unknown_elements=lambda good: good.after_rows(b'<x:new xmlns:x="urn:x"><x:a/></x:new>'),
        byte_order_mark=lambda good: _root(good, b"\xef\xbb\xbf", "utf-8"),
        encoding_in_small_letters=lambda good: _root(good, b'<?xml version="1.0" encoding="utf-8"?>', "utf-8"),
        no_content_types=lambda good: good.with_parts({"[Content_Types].xml": None}),
        # What no program writes and no spreadsheet opens, but nobody can take in two ways:
        two_values_of_one_attribute=_in_rows('<row r="1" r="2"/>'),
        tags_that_do_not_match=_in_rows('<row r="1"><a></b></row>'),
        no_theme=lambda good: good.with_parts({"xl/theme/theme1.xml": None}),
    ),
]
