"""Code, foreign files and connections inside a workbook."""

from __future__ import annotations

from collections.abc import Callable

from good_workbook import Good
from hostile_file import HostileFile, of

_TYPES = "[Content_Types].xml"
_XLSX, _XLSM = b"spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml"
_DDE = b'<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'


def _part(name: str, content: bytes = b"<a/>") -> Callable[[Good], bytes]:
    return lambda good: good.with_parts({name: content})


def _declared(kind: str) -> Callable[[Good], bytes]:
    override = f'<Override PartName="/xl/x.xml" ContentType="application/vnd.{kind}"/></Types>'.encode()
    return lambda good: good.replaced(_TYPES, b"</Types>", override)


def _related(kind: str, mode: str = "Internal") -> Callable[[Good], bytes]:
    target = "https://x.example/y" if mode == "External" else "innocent.xml"
    return lambda good: good.with_relation(kind, target, mode=mode)


FILES: list[HostileFile] = [
    *of(
        "file_macros",
        macros=_part("xl/vbaProject.bin", b"x"),
        macros_under_another_name=_related("vbaProject"),
        xlsm_renamed=lambda good: good.replaced(_TYPES, _XLSX.split(b".", 1)[1], b"macroEnabled.main+xml"),
        macros_declared=_declared("ms-office.vbaProject"),
        excel_4_macros=_part("xl/macrosheets/sheet1.xml"),
        excel_4_macros_under_another_name=_related("xlMacrosheet"),
        dialog_sheet=_part("xl/dialogsheets/sheet1.xml"),
    ),
    *of(
        "file_external_links",
        external_link=_part("xl/externalLinks/externalLink1.xml"),
        external_link_under_another_name=_related("externalLink"),
        dde_link=_part("xl/externalLinks/externalLink1.xml", _DDE),
        picture_of_another_server=_related("image", "External"),
        sheet_of_another_server=_related("worksheet", "External"),
    ),
    *of(
        "file_embedded",
        embedded_object=_part("xl/embeddings/oleObject1.bin", b"x"),
        embedded_program=_part("xl/embeddings/setup.exe", b"MZ"),
        embedded_object_under_another_name=_related("oleObject"),
        embedded_package=_related("package"),
        active_x=_part("xl/activeX/activeX1.xml"),
        active_x_under_another_name=_related("control"),
        form_control=_part("xl/ctrlProps/ctrlProp1.xml"),
        web_extension=_part("xl/webextensions/webextension1.xml"),
    ),
    *of(
        "file_data_connections",
        data_connection=_part("xl/connections.xml"),
        data_connection_under_another_name=_related("connections"),
        query_table=_part("xl/queryTables/queryTable1.xml"),
        data_model=_part("xl/model/item.data", b"x"),
    ),
    *of(
        "",
        printer_settings=_part("xl/printerSettings/printerSettings1.bin", b"\0" * 500),
        custom_properties=_part("customXml/item1.xml"),
        link_to_the_web=_related("hyperlink", "External"),
    ),
]
