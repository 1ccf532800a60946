"""Write a small Excel workbook as Excel does: shared strings, numbers, dates as styled serial numbers."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr/>'
    '<sheets><sheet name="Lots" sheetId="7" r:id="rId3"/><sheet name="Old" sheetId="1" r:id="rId1"/></sheets>'
    "</workbook>"
)
TARGETS = (
    f'<Relationships xmlns="{PACKAGE}">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId3" Type="{RELATIONS}/worksheet" Target="/xl/worksheets/sheet2.xml"/>'
    "</Relationships>"
)
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="[$-409]d\\-mmm\\-yy;@"/>'
    '<numFmt numFmtId="165" formatCode="&quot;day&quot;0.00"/></numFmts>'
    '<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0"/>'
    '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
)

Cell = str | int | float | bool | date | None


def workbook(rows: Sequence[Sequence[Cell]], **parts: str) -> bytes:
    """The workbook with these rows on its first sheet. parts: other content of a part, by its file's name."""
    strings: list[str] = []
    sheet = "".join(_row(number, row, strings) for number, row in enumerate(rows, 1) if row)
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    files = {
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": TARGETS,
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
        "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, parts.get(name.rsplit("/", 1)[-1].removesuffix(".xml"), content))
    return written.getvalue()


def _row(number: int, row: Sequence[Cell], strings: list[str]) -> str:
    cells = (_cell(f"{chr(65 + place)}{number}", value, strings) for place, value in enumerate(row))
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell(place: str, value: Cell, strings: list[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        style = 1 + len(strings) % 2  # both formats of a date
        return f'<c r="{place}" s="{style}"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, str):
        strings.append(value)
        return f'<c r="{place}" t="s"><v>{len(strings) - 1}</v></c>'
    return f'<c r="{place}" s="3"><v>{value!r}</v></c>'
