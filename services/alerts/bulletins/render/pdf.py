"""The bulletin as an official-looking PDF, or as pictures for a group chat, set by typst from `bulletin.typ`.

Figures reach the template as JSON in one input and are placed as text, never as markup: a note that looks like code prints as it is.
Only the bundled Noto fonts are used, and the document's date is the cut-off, so that the same bulletin is the same bytes everywhere.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from services.alerts.bulletins.figures import Audience, Bulletin, CountyLine, TownLine
from services.alerts.bulletins.render import words
from services.alerts.bulletins.rules import Cause, Colour, Indicator, RenderedForm

_TEMPLATE = Path(__file__).with_name("bulletin.typ")
_BARS = 6
_MISSING_GLYPH = re.compile(r"the text `\"(.*?)\"` could not be displayed")
_BAR_FLOOR = 50
_DEFAULT_PPI = 110


class UnprintableText(ValueError):
    """A text holds a sign that the bundled fonts lack, an emoji or a very rare character: an official paper shows no empty boxes."""


def render_pdf(bulletin: Bulletin) -> bytes:
    """The bulletin as PDF/A-2b (A4, fonts embedded). Raises UnprintableText, naming the sign."""
    return _compile(bulletin, "pdf")[0]


def render_png(bulletin: Bulletin, ppi: int = _DEFAULT_PPI) -> list[bytes]:
    """One PNG per page at `ppi` pixels per inch. Raises UnprintableText: only the archival PDF is checked for it, so that is set first."""
    _ = render_pdf(bulletin)
    return _compile(bulletin, "png", ppi)


def _compile(bulletin: Bulletin, kind: RenderedForm, ppi: int | None = None) -> list[bytes]:
    import pylopdf_fonts_zh_cn
    import typst

    fonts = {str(path.parent) for path in (pylopdf_fonts_zh_cn.serif_path(), pylopdf_fonts_zh_cn.sans_path())}
    try:
        made: Any = typst.compile(
            str(_TEMPLATE),
            root=str(_TEMPLATE.parent),
            font_paths=sorted(fonts),
            ignore_system_fonts=True,
            format=kind,
            ppi=ppi,
            sys_inputs={"bulletin": json.dumps(page_data(bulletin), ensure_ascii=False)},
            pdf_standards=["a-2b"] if kind == "pdf" else [],
            timestamp=int(bulletin.cut_off.timestamp()),
        )
    except typst.TypstError as error:
        missing = _MISSING_GLYPH.search(str(error))
        if missing is None:
            raise
        raise UnprintableText(missing[1]) from error
    return made if isinstance(made, list) else [made]


def page_data(bulletin: Bulletin) -> dict[str, Any]:
    """Everything that the template prints, as finished strings; towns from best to worst, unrated ones last."""
    by_colour = [
        {
            "name": words.COLOUR_NAMES[colour],
            "paint": words.PAINT[colour],
            "effect": words.EFFECTS[next(line.effect for line in members)],
            "band": words.band(bulletin, colour),
            "count": len(members),
            "towns": [line.name for line in members],
        }
        for colour in (Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.GREEN, Colour.NOT_RATED)
        if (members := [line for line in bulletin.towns if line.colour is colour])
    ]
    return {
        "office": bulletin.office,
        "title": words.TITLE,
        "number": bulletin.number + (f"（修订第{bulletin.revision}版）" if bulletin.revision > 1 else ""),
        "issued_on": words.day(bulletin.issued_on),
        "subject": f"关于{bulletin.period}禁毒工作四色警示情况的通报",
        "audience": words.AUDIENCES[bulletin.audience],
        "inside": bulletin.audience is Audience.COUNTY_OFFICE,
        "demo": words.DEMO_MARK if bulletin.demo else "",
        "summary": words.summary(bulletin),
        "colours": by_colour,
        "heads": [*(words.HEADS[i] for i in Indicator)],
        "towns": [_row(line, place) for place, line in words.places(bulletin)],
        "county": {"name": f"全县（{len(bulletin.towns)}）", **_figures(bulletin.county)},
        "tiles": [
            {
                "name": words.INDICATORS[cell.indicator],
                "rate": words.percent(cell),
                "counts": words.counts(cell),
                "share": float(cell.rate or 0),
            }
            for cell in bulletin.county.cells
        ],
        "changes": words.changes(bulletin),
        "gaps": words.gaps(bulletin),
        "bar_floor": _BAR_FLOOR,
        "reasons": [_reason(bulletin, line) for line in words.to_improve(bulletin)],
        "notes": list(bulletin.notes),
        "method": words.method(bulletin),
        "digest": bulletin.digest,
    }


def _row(line: TownLine, place: int | None) -> dict[str, Any]:
    return {
        "rank": words.NOTHING_MARK if place is None else str(place),
        "name": line.name,
        "colour": words.COLOURS[line.colour],
        "paint": words.PAINT[line.colour],
        **_figures(line),
    }


def _figures(line: TownLine | CountyLine) -> dict[str, Any]:
    now = line.colour if isinstance(line, TownLine) else None
    history = [*((past.score, past.colour) for past in line.past), (line.score, now)][-_BARS:]
    return {
        "cells": [{"rate": words.percent(cell), "counts": words.counts(cell)} for cell in line.cells],
        "score": words.line_score(line),
        "change": words.signed(line.difference),
        "worse": line.difference is not None and line.difference < 0,
        "bars": [
            {
                "height": max(0.08, (float(score) - _BAR_FLOOR) / (100 - _BAR_FLOOR)),
                "paint": words.PAINT[colour][0] if colour else "#5B6670",
            }
            if score is not None
            else None
            for score, colour in history
        ],
    }


def _reason(bulletin: Bulletin, line: TownLine) -> dict[str, Any]:
    causes = words.causes(bulletin, line)
    # A plain case needs no sentence of its own: the band stands beside the score.
    plain = line.causes == (Cause.SCORE,) and len(causes) == 1
    return {
        "name": line.name,
        "colour": words.COLOUR_NAMES[line.colour],
        "paint": words.PAINT[line.colour],
        "effect": words.EFFECTS[line.effect],
        "score": words.line_score(line),
        "change": words.signed(line.difference),
        "band": words.band(bulletin, line.own_colour) if plain else "",
        "causes": [] if plain else causes,
        "losses": words.losses(line),
    }
