"""The bulletin as a workbook: overview, every line of the calculation, reasons, earlier bulletins, notes.

Texts are written as strings, never as formulas or links, so that a name or note that starts with `=` stays what it is. The file's
dates are the cut-off, so that the same bulletin is the same bytes everywhere.
"""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING

from services.alerts.bulletins.figures import Bulletin, Cell, CountyLine, TownLine, Withheld
from services.alerts.bulletins.render import words
from services.alerts.bulletins.rules import Base, Colour, Indicator

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_FONT = "宋体"
_HEAD_ROW = 3
_A4 = 9
_RATE = "0.00%"
_WHOLE_RATE = "0%"
_CHANGE = '▲0.00;[Red]▼0.00;"持平"'
_CHANGE_WHOLE = '▲0;[Red]▼0;"持平"'


def render_xlsx(bulletin: Bulletin) -> bytes:
    """The bulletin as xlsx (sheets 通报, 明细, 原因, 走势, 说明)."""
    from xlsxwriter import Workbook

    file = BytesIO()
    book = Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    book.set_properties(
        {
            "title": words.TITLE + bulletin.number,
            "author": bulletin.office,
            "comments": (words.DEMO_MARK + " " if bulletin.demo else "") + bulletin.digest,
            "created": bulletin.cut_off.replace(tzinfo=None),
        }
    )
    sheets = _Sheets(book, bulletin)
    sheets.overview()
    sheets.calculation()
    sheets.reasons()
    sheets.history()
    sheets.notes()
    book.close()
    return file.getvalue()


class _Sheets:
    """The five sheets of one workbook, sharing its formats."""

    def __init__(self, book: Workbook, bulletin: Bulletin) -> None:
        self._book: Workbook = book
        self._bulletin: Bulletin = bulletin
        self._formats: dict[tuple[tuple[str, str | int], ...], Format] = {}

    def overview(self) -> None:
        """One row per town from best to worst, the county last; head and names stay in view."""
        heads = ["名次", "镇（中心）", *(words.INDICATORS[i] for i in Indicator), "得分", "较上期", "颜色", "处理"]
        sheet = self._sheet("通报", heads, [6, 24, *([11] * 6), 15, 9, 9, 8, 12], freeze_columns=2)
        for row, (place, line) in enumerate(words.places(self._bulletin), _HEAD_ROW + 1):
            self._number(sheet, row, 0, place, "0", None)
            sheet.write_string(row, 1, line.name, self._format())
            self._figures(sheet, row, line)
            ground, letter = words.PAINT[line.colour]
            painted = self._format(bg_color=ground, font_color=letter, bold=True, align="center")
            sheet.write_string(row, 11, words.COLOURS[line.colour], painted)
            sheet.write_string(row, 12, words.EFFECTS[line.effect], self._format(align="center"))
        last = _HEAD_ROW + len(self._bulletin.towns) + 1
        for column in range(len(heads)):
            sheet.write_blank(last, column, None, self._format(bg_color="#EEF0F2"))
        sheet.write_string(last, 1, f"全县（{len(self._bulletin.towns)}）", self._format(bold=True, bg_color="#EEF0F2"))
        self._figures(sheet, last, self._bulletin.county, bg_color="#EEF0F2")
        sheet.print_area(0, 0, last, len(heads) - 1)

    def calculation(self) -> None:
        """Weight x rate = points, one row per town and indicator."""
        heads = ["镇（中心）", "代码", "指标", "完成", "应完成", "完成率", "权重（分摊后）", "得分", "失分", "未计入", "无完成率的原因"]
        sheet = self._sheet("明细", heads, [24, 16, 16, 8, 8, 10, 13, 9, 9, 8, 44], freeze_columns=1)
        row = _HEAD_ROW
        for line in (*self._bulletin.towns, self._bulletin.county):
            for cell in line.cells:
                row += 1
                sheet.write_string(row, 0, line.name, self._format())
                sheet.write_string(row, 1, line.division_code, self._format(align="center"))
                sheet.write_string(row, 2, words.INDICATORS[cell.indicator], self._format())
                self._number(sheet, row, 3, cell.done, "0", cell)
                self._number(sheet, row, 4, cell.due, "0", cell)
                self._rate(sheet, row, 5, cell)
                self._number(sheet, row, 6, cell.weight, "0.00%", cell)
                self._points(sheet, row, 7, cell.points, cell)
                self._points(sheet, row, 8, cell.lost, cell)
                self._number(sheet, row, 9, cell.outside or None, "0", None)
                sheet.write_string(row, 10, words.why_empty(cell), self._format())
        sheet.autofilter(_HEAD_ROW, 0, row, len(heads) - 1)

    def reasons(self) -> None:
        """Why each red, orange and yellow town has its colour, the worst first."""
        heads = ["镇（中心）", "颜色", "处理", "得分", "定色原因", "失分指标"]
        sheet = self._sheet("原因", heads, [24, 8, 12, 9, 48, 72], freeze_columns=1)
        wrapped = self._format(text_wrap=True)
        for row, line in enumerate(words.to_improve(self._bulletin), _HEAD_ROW + 1):
            ground, letter = words.PAINT[line.colour]
            sheet.write_string(row, 0, line.name, self._format())
            painted = self._format(bg_color=ground, font_color=letter, bold=True, align="center")
            sheet.write_string(row, 1, words.COLOURS[line.colour], painted)
            sheet.write_string(row, 2, words.EFFECTS[line.effect], self._format(align="center"))
            self._line_score(sheet, row, 3, line)
            sheet.write_string(row, 4, "".join(words.causes(self._bulletin, line)), wrapped)
            sheet.write_string(row, 5, "\n".join(words.losses(line)), wrapped)
            sheet.set_row(row, max(2, len(words.losses(line))) * 15 + 4)

    def history(self) -> None:
        """Score and colour of the earlier bulletins and this one."""
        numbers = [past.number for past in max((line.past for line in self._bulletin.towns), key=len, default=())]
        sheet = self._sheet("走势", ["镇（中心）", *numbers, self._bulletin.number], [24, *([15] * (len(numbers) + 1))], freeze_columns=1)
        for row, line in enumerate(self._bulletin.towns, _HEAD_ROW + 1):
            sheet.write_string(row, 0, line.name, self._format())
            told = {past.number: (past.score, past.colour) for past in line.past} | {self._bulletin.number: (line.score, line.colour)}
            for column, number in enumerate((*numbers, self._bulletin.number), 1):
                score, colour = told.get(number, (None, None))
                ground, letter = words.PAINT[colour or Colour.NOT_RATED]
                self._score(sheet, row, column, score, bg_color=ground, font_color=letter)

    def notes(self) -> None:
        """Summary, the office's notes, the method, the digest."""
        bulletin = self._bulletin
        sheet = self._sheet("说明", ["说明"], [110])
        texts = [
            words.summary(bulletin),
            *words.changes(bulletin),
            *words.gaps(bulletin),
            *bulletin.notes,
            *words.method(bulletin),
            f"校验值 {bulletin.digest}",
        ]
        for row, text in enumerate(texts, _HEAD_ROW + 1):
            sheet.write_string(row, 0, text, self._format(text_wrap=True))
            sheet.set_row(row, 16 * (1 + len(text) // 58) + 4)

    def _sheet(self, name: str, heads: list[str], widths: list[int], freeze_columns: int = 0) -> Worksheet:
        bulletin = self._bulletin
        sheet = self._book.add_worksheet(name)
        title = self._format(border=0, bold=True, font_size=16, font_color="#C4161C")
        sheet.write_string(0, 0, f"{bulletin.office}{words.TITLE}", title)
        about = f"{bulletin.number} {words.span(bulletin.first_day, bulletin.last_day)} {words.day(bulletin.issued_on)}印发"
        if bulletin.revision > 1:
            about += f" 修订第{bulletin.revision}版"
        sheet.write_string(1, 0, about, self._format(border=0))
        mark = f"{words.DEMO_MARK} " if bulletin.demo else ""
        sheet.write_string(2, 0, mark + words.AUDIENCES[bulletin.audience], self._format(border=0, font_color="#C4161C"))
        head = self._format(bold=True, bg_color="#F1E3E1", align="center", text_wrap=True)
        for column, (text, width) in enumerate(zip(heads, widths, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(_HEAD_ROW, column, text, head)
        sheet.set_row(0, 26)
        sheet.set_row(_HEAD_ROW, 32)
        sheet.freeze_panes(_HEAD_ROW + 1, freeze_columns)
        sheet.repeat_rows(_HEAD_ROW)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C&P / &N")
        return sheet

    def _figures(self, sheet: Worksheet, row: int, line: TownLine | CountyLine, **look: str | int) -> None:
        for column, cell in enumerate(line.cells, 2):
            self._rate(sheet, row, column, cell, **look)
        self._line_score(sheet, row, 9, line, bold=True, **look)
        whole = line.difference is not None and line.difference.as_tuple().exponent == 0
        form = _CHANGE_WHOLE if whole else _CHANGE
        self._number(sheet, row, 10, line.difference, form, None, **look)

    def _rate(self, sheet: Worksheet, row: int, column: int, cell: Cell, **look: str | int) -> None:
        form = _WHOLE_RATE if cell.withheld is Withheld.COUNTS else _RATE
        self._number(sheet, row, column, cell.rate, form, cell, **look)

    def _line_score(self, sheet: Worksheet, row: int, column: int, line: TownLine | CountyLine, **look: str | int) -> None:
        if line.score is None:
            sheet.write_string(row, column, words.line_score(line), self._format(align="center", **look))
        else:
            self._score(sheet, row, column, line.score, **look)

    def _score(self, sheet: Worksheet, row: int, column: int, score: Decimal | None, **look: str | int) -> None:
        whole = score is not None and score.as_tuple().exponent == 0
        self._number(sheet, row, column, score, "0" if whole else "0.00", None, **look)

    def _points(self, sheet: Worksheet, row: int, column: int, value: Decimal | None, cell: Cell) -> None:
        """Points or what was lost: a rate without a base has neither."""
        self._number(sheet, row, column, value, "0.00", None if cell.base is Base.UNKNOWN else cell)

    def _number(
        self,
        sheet: Worksheet,
        row: int,
        column: int,
        value: Decimal | int | None,
        form: str,
        cell: Cell | None,
        **look: str | int,
    ) -> None:
        if value is None:
            # an open rate without points is an edition that keeps the points back
            withheld = cell is not None and (cell.withheld is not Withheld.NOTHING or cell.rate is not None)
            unknown = cell is not None and cell.base is Base.UNKNOWN
            mark = words.WITHHELD_MARK if withheld else words.UNKNOWN_MARK if unknown else words.NOTHING_MARK
            sheet.write_string(row, column, mark, self._format(align="center", **look))
        else:
            sheet.write_number(row, column, float(value), self._format(num_format=form, align="center", **look))

    def _format(self, **look: str | int) -> Format:
        wanted = {"font_name": _FONT, "font_size": 10, "valign": "vcenter", "border": 1, "border_color": "#B9BDC1"} | look
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(wanted)
        return self._formats[key]
