"""What is printed: every town, Chinese that reads, the same bytes, nothing that runs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from services.alerts.bulletins.disclosure import edition_for
from services.alerts.bulletins.figures import Audience, Bulletin, Heading, TownEntry, assemble
from services.alerts.bulletins.formulas import DEFAULT_RULES
from services.alerts.bulletins.periods import period_of
from services.alerts.bulletins.render import words
from services.alerts.bulletins.render.pdf import UnprintableText, page_data, render_pdf, render_png
from services.alerts.bulletins.render.xlsx import render_xlsx
from services.alerts.bulletins.rules import Colour, Count, Effect, HardFail, Indicator

ROOT = Path(__file__).parents[3]


def text_of(pdf: bytes) -> str:
    """All text of a PDF without blanks and line breaks."""
    return "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


def test_the_pdf_names_every_town_its_number_and_its_cut_off(bulletin: Bulletin) -> None:
    text = text_of(render_pdf(bulletin))
    assert [line.name for line in bulletin.towns if line.name not in text] == []
    for word in ("府谷县禁毒委员会办公室", "四色警示通报", "2021年第11期", "2021年6月15日24时", "盖章处", "演示数据", bulletin.digest):
        assert word in text


def test_the_pdf_embeds_its_fonts_and_has_no_missing_glyph(bulletin: Bulletin) -> None:
    pdf = render_pdf(bulletin)
    reader = PdfReader(BytesIO(pdf))
    resources: list[Any] = [page["/Resources"] for page in reader.pages]
    fonts = {str(font["/BaseFont"]): font for resource in resources for font in resource["/Font"].values()}
    assert fonts
    for name, font in fonts.items():
        assert "Noto" in name
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
    # A glyph that the font lacks has no character to map back to.
    assert "\ufffd" not in text_of(pdf)
    assert "\x00" not in text_of(pdf)


def test_every_town_name_label_and_mark_is_in_the_bundled_fonts(issue: Callable[..., Bulletin]) -> None:
    """PDF/A refuses a glyph that the font lacks, so a note of all letters that may ever be printed proves them."""
    tables = (words.INDICATORS, words.HARD_FAILS, words.COLOUR_NAMES, words.EFFECTS, words.AUDIENCES)
    letters = "".join(["".join(table.values()) for table in tables]) + words.WITHHELD_MARK + words.NOTHING_MARK + "▲▼·∑×“”墕圪塄碛峁圐圙"
    assert letters in text_of(render_pdf(issue((letters,))))


@pytest.mark.parametrize("sign", ["\U0001f600", "\U00020bb7"])
def test_a_sign_that_the_fonts_lack_is_named_and_never_printed_as_an_empty_box(issue: Callable[..., Bulletin], sign: str) -> None:
    for render in (render_pdf, render_png):
        with pytest.raises(UnprintableText, match=sign):
            render(issue((f"注意{sign}",)))


def test_the_same_bulletin_is_the_same_bytes_here_and_in_another_process(bulletin: Bulletin) -> None:
    pdf, xlsx = render_pdf(bulletin), render_xlsx(bulletin)
    assert render_pdf(bulletin) == pdf
    assert render_xlsx(bulletin) == xlsx
    program = (
        "import pickle,sys;from hashlib import sha256;"
        "from services.alerts.bulletins.render.pdf import render_pdf;from services.alerts.bulletins.render.xlsx import render_xlsx;"
        "b=pickle.load(sys.stdin.buffer);print(sha256(render_pdf(b)).hexdigest(),sha256(render_xlsx(b)).hexdigest())"
    )
    import pickle

    run = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(bulletin), capture_output=True, cwd=ROOT, check=True)
    assert run.stdout.decode().split() == [sha256(pdf).hexdigest(), sha256(xlsx).hexdigest()]


def test_printing_takes_less_than_a_second(bulletin: Bulletin) -> None:
    taken: list[float] = []
    for _ in range(3):
        started = time.perf_counter()
        render_pdf(bulletin)
        render_xlsx(bulletin)
        taken.append(time.perf_counter() - started)
    assert min(taken) < 1


def test_a_service_that_never_prints_loads_no_printing_library() -> None:
    program = (
        "import sys;import services.alerts.bulletins.render.pdf,services.alerts.bulletins.render.xlsx;"
        "print({'typst','xlsxwriter','pylopdf_fonts_zh_cn'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, check=True)
    assert run.stdout.decode().strip() == "set()"


def test_a_note_that_looks_like_code_is_printed_as_it_is(issue: Callable[..., Bulletin]) -> None:
    note = '#panic("x") *b* _i_ $a$ @ref <label> \\ https://example.invalid ```raw``` =1+1'
    bulletin = issue((note, '=HYPERLINK("https://example.invalid","x")'))
    assert "".join(note.split()) in text_of(render_pdf(bulletin))
    cells = [cell for row in load_workbook(BytesIO(render_xlsx(bulletin)))["说明"].iter_rows() for cell in row]
    assert '=HYPERLINK("https://example.invalid","x")' in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}


def test_the_demo_mark_stands_in_demo_copies_only(issue: Callable[..., Bulletin]) -> None:
    assert "演示数据" not in text_of(render_pdf(issue(demo=False)))
    assert "演示数据" in text_of(render_pdf(issue(demo=True)))


def test_a_corrected_bulletin_names_its_revision(issue: Callable[..., Bulletin]) -> None:
    assert "修订第2版" in text_of(render_pdf(issue(revision=2)))


def test_pictures_are_one_per_page(bulletin: Bulletin) -> None:
    pictures = render_png(bulletin, ppi=40)
    assert len(pictures) == len(PdfReader(BytesIO(render_pdf(bulletin))).pages)
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)


def test_the_wide_edition_prints_no_withheld_figure(bulletin: Bulletin) -> None:
    wide = edition_for(bulletin, Audience.UNITS)
    data = page_data(wide)
    hatown = next(row for row in data["towns"] if row["name"] == "哈镇")
    assert hatown["cells"][0] == {"rate": words.WITHHELD_MARK, "counts": ""}
    assert hatown["cells"][1] == {"rate": "82%", "counts": ""}
    assert "失" not in "".join(loss for reason in data["reasons"] for loss in reason["losses"])
    sheet = load_workbook(BytesIO(render_xlsx(wide)))["明细"]
    assert not [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[3] in {1, 2, 3, 4} or row[4] in {1, 2, 3, 4}]


def test_the_workbook_reads_back_with_colours_formats_and_a_fixed_head(bulletin: Bulletin) -> None:
    book = load_workbook(BytesIO(render_xlsx(bulletin)))
    assert book.sheetnames == ["通报", "明细", "原因", "走势", "说明"]
    sheet = book["通报"]
    assert sheet.freeze_panes == "C5"
    rows = list(sheet.iter_rows(min_row=5, max_row=26))
    assert {str(row[1].value) for row in rows} == {line.name for line in bulletin.towns} | {"全县\uff0821\uff09"}
    grounds = {str(row[11].value): str(row[11].fill.fgColor.rgb) for row in rows if row[11].value}
    assert grounds == {words.COLOURS[colour]: "FF" + words.PAINT[colour][0][1:] for colour in Colour}
    assert (sheet["J5"].value, sheet["J5"].number_format, sheet["D10"].number_format) == (100, "0.00", "0.00%")
    calculation = list(book["明细"].iter_rows(min_row=5, values_only=True))
    assert len(calculation) == 22 * len(Indicator)
    points = sum(float(str(row[7])) for row in calculation if row[0] == "古城镇")
    assert round(points, 2) == 51.83
    assert [row[0].value for row in book["原因"].iter_rows(min_row=5)][:2] == ["古城镇", "田家寨镇"]
    assert str(book.properties.created) == "2021-06-16 00:00:00"


def test_every_code_has_its_chinese_words() -> None:
    for codes, table in (
        (Indicator, words.INDICATORS),
        (Indicator, words.HEADS),
        (HardFail, words.HARD_FAILS),
        (Colour, words.COLOURS),
        (Colour, words.COLOUR_NAMES),
        (Colour, words.PAINT),
        (Effect, words.EFFECTS),
        (Audience, words.AUDIENCES),
    ):
        assert set(table) == set(codes)


def test_a_missed_duty_is_never_printed_as_100_per_cent(bulletin: Bulletin) -> None:
    nearly = replace(bulletin.towns[0].cells[0], done=1999, due=2000, rate=Decimal("0.9995"))
    assert words.percent(nearly) == "99.9%"
    assert words.percent(replace(nearly, done=2000, rate=Decimal("1.0000"))) == "100%"


def test_a_score_that_is_withheld_is_not_printed_as_nothing_due(bulletin: Bulletin) -> None:
    line = bulletin.towns[2]
    small = tuple(replace(cell, done=1, due=2) for cell in line.cells)
    wide = edition_for(replace(bulletin, towns=(replace(line, cells=small), *bulletin.towns[3:])), Audience.UNITS)
    assert words.line_score(wide.towns[0]) == words.WITHHELD_MARK
    assert words.causes(wide, wide.towns[0])[1] == "按得分定为橙色。"
    rows = load_workbook(BytesIO(render_xlsx(wide)))["通报"].iter_rows(min_row=5, values_only=True)
    scores = {row[1]: row[9] for row in rows}
    assert (scores["哈镇"], scores["碛塄便民服务中心"]) == (words.WITHHELD_MARK, words.NOTHING_MARK)
    assert len(render_pdf(wide)) > 0


def test_equal_scores_share_their_place(bulletin: Bulletin) -> None:
    first, second, third, *rest = words.ranked(bulletin)
    tied = replace(bulletin, towns=tuple(replace(line, score=Decimal("90.00")) for line in (first, second, third)) + tuple(rest[-1:]))
    assert [place for place, _ in words.places(tied)] == [1, 1, 1, None]


def test_an_indicator_without_a_base_says_so_and_why_wherever_it_is_printed(entries: tuple[TownEntry, ...]) -> None:
    silent = [replace(entry, inputs=replace(entry.inputs, counts=entries[-1].inputs.counts)) for entry in entries[:2]]
    told = [replace(silent[0], outside={Indicator.TEST_COMPLETION: 12, Indicator.LAWFUL_CLOSURE: 2}), silent[1]]
    heading = Heading("府谷县禁毒委员会办公室", "610822000000", "府谷县", date(2021, 6, 17))
    bulletin = assemble(period_of(date(2021, 6, 10)), DEFAULT_RULES, told, heading)
    cell = bulletin.towns[0].cells[2]
    assert (words.percent(cell), words.counts(cell)) == ("无底数", "实检12")
    said = words.gaps(bulletin)
    assert said[0].startswith("检测完成率无底数：本期实检12人次")
    assert said[1].startswith("依法解除及时率无底数：解除通知在本期到期的2人")
    assert said[2] == "报到率、执行率、走访完成率、预警处置率、衔接确认率：本期全县无应办事项。"
    assert "数据说明检测完成率无底数：本期实检12人次" in text_of(render_pdf(bulletin))
    book = load_workbook(BytesIO(render_xlsx(bulletin)))
    assert [cell.value for cell in book["通报"][5]][2:9] == ["—", "—", "无底数", "—", "—", "—", "无底数"]
    sheet = book["明细"]
    reasons = {row[2].value: (row[9].value, row[10].value) for row in sheet.iter_rows(min_row=5, max_row=11)}
    assert reasons["检测完成率"] == (12, "台账只载已检，未载应检")
    assert reasons["预警处置率"] == ("—", "本期无应办事项")


def test_a_town_whose_missed_duties_are_withheld_is_told_so(entries: tuple[TownEntry, ...]) -> None:
    counts = {i: Count(0, 0) for i in Indicator} | {
        Indicator.EXECUTION: Count(18, 18),
        Indicator.VISIT_COMPLETION: Count(79, 79),
        Indicator.HANDOVER_ACKNOWLEDGEMENT: Count(0, 1),
    }
    town = replace(entries[0], inputs=replace(entries[0].inputs, counts=counts))
    heading = Heading("府谷县禁毒委员会办公室", "610822000000", "府谷县", date(2021, 6, 17))
    whole = assemble(period_of(date(2021, 6, 10)), DEFAULT_RULES, [town], heading)
    assert words.losses(whole.towns[0]) == ["衔接确认率0%（0/1），失12.50分"]
    assert words.losses(edition_for(whole, Audience.UNITS).towns[0]) == ["有指标人数过少，以“※”代替"]


def test_when_every_indicator_has_a_base_nothing_is_said_of_weights(bulletin: Bulletin) -> None:
    assert words.gaps(bulletin) == []
