"""The Chinese words of a printed bulletin: labels for codes, numbers as people read them, one sentence per reason."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.alerts.bulletins.figures import (
    Audience,
    Bulletin,
    Cell,
    CountyLine,
    FoundFail,
    TownLine,
    Withheld,
)
from services.alerts.bulletins.rules import Base, Cause, Colour, Effect, HardFail, Indicator

TITLE = "四色警示通报"
DEMO_MARK = "演示数据"
WITHHELD_MARK = "※"
NOTHING_MARK = "—"
UNKNOWN_MARK = "无底数"
"""Something was done, but nobody knows out of how much (底数不清): no rate."""

INDICATORS = {
    Indicator.REPORT_IN: "报到率",
    Indicator.EXECUTION: "执行率",
    Indicator.TEST_COMPLETION: "检测完成率",
    Indicator.VISIT_COMPLETION: "走访完成率",
    Indicator.ALERT_HANDLING: "预警处置率",
    Indicator.HANDOVER_ACKNOWLEDGEMENT: "衔接确认率",
    Indicator.LAWFUL_CLOSURE: "依法解除及时率",
}

# Two short lines of a narrow column head each.
HEADS = {
    Indicator.REPORT_IN: ("报到率", ""),
    Indicator.EXECUTION: ("执行率", ""),
    Indicator.TEST_COMPLETION: ("检测", "完成率"),
    Indicator.VISIT_COMPLETION: ("走访", "完成率"),
    Indicator.ALERT_HANDLING: ("预警", "处置率"),
    Indicator.HANDOVER_ACKNOWLEDGEMENT: ("衔接", "确认率"),
    Indicator.LAWFUL_CLOSURE: ("依法解除", "及时率"),
}

HARD_FAILS = {
    HardFail.SUPERVISION_PAST_LAWFUL_END: "法定期限届满后仍继续管控",
    HardFail.DATA_LEAK: "数据泄露",
    HardFail.TEST_WITHOUT_LEGAL_BASIS: "无法律依据实施检测",
    HardFail.UNSIGNED_AGREEMENT: "协议逾期30日以上未签订",
    HardFail.FORGED_RECORD: "伪造工作记录",
}

COLOURS = {Colour.GREEN: "绿", Colour.YELLOW: "黄", Colour.ORANGE: "橙", Colour.RED: "红", Colour.NOT_RATED: "不评"}

COLOUR_NAMES = {Colour.GREEN: "绿色", Colour.YELLOW: "黄色", Colour.ORANGE: "橙色", Colour.RED: "红色", Colour.NOT_RATED: "不评"}

# Ground and letter: the letter always stands out, and the word stands in the cell for readers who do not see the colour.
PAINT = {
    Colour.GREEN: ("#2E8B57", "#FFFFFF"),
    Colour.YELLOW: ("#F6C945", "#3A2E00"),
    Colour.ORANGE: ("#F08A24", "#2B1600"),
    Colour.RED: ("#C4161C", "#FFFFFF"),
    Colour.NOT_RATED: ("#D0D3D6", "#333333"),
}

EFFECTS = {
    Effect.LISTED: "列名通报",
    Effect.REMINDER: "提醒",
    Effect.WRITTEN_SUPERVISION: "书面督办",
    Effect.INTERVIEW: "约谈",
    Effect.NONE: "不评",
}

# What was done, where nobody knows out of how much: the word in the cell, its unit, why in short and in full.
_DONE = {Indicator.REPORT_IN: "报到", Indicator.TEST_COMPLETION: "实检", Indicator.LAWFUL_CLOSURE: "期满"}
_UNIT = {Indicator.REPORT_IN: "人", Indicator.TEST_COMPLETION: "人次", Indicator.LAWFUL_CLOSURE: "人"}
_NO_BASE = {
    Indicator.REPORT_IN: "台账未载决定书送达日期，是否按期报到不详",
    Indicator.TEST_COMPLETION: "台账只载已检，未载应检",
    Indicator.LAWFUL_CLOSURE: "台账接收前已期满，解除通知是否及时不详",
}
_GAP = {
    Indicator.REPORT_IN: "本期报到{many}由台账转入，台账未载决定书送达日期，是否按期报到不详",
    Indicator.TEST_COMPLETION: "本期实检{many}出自台账，当时没有经告知的应检计划，台账只载已检、不载应检，按其计算必为100%",
    Indicator.LAWFUL_CLOSURE: "解除通知在本期到期的{many}在台账接收前已经期满，是否按时送达不详",
}

AUDIENCES = {Audience.COUNTY_OFFICE: "县禁毒办内部使用", Audience.UNITS: "发各镇（中心）及成员单位"}


def day(value: date) -> str:
    """2021年6月15日 (GB/T 9704-2012: Arabic digits, no leading zero)."""
    return f"{value.year}年{value.month}月{value.day}日"


def span(first: date, last: date) -> str:
    """First to last day, without repeating the year or month they share."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{day(first)}至{last.day}日"
    return f"{day(first)}至{day(last) if first.year != last.year else f'{last.month}月{last.day}日'}"


def score(value: Decimal | None) -> str:
    """A score as published: two decimals, or whole points in a wider edition."""
    return NOTHING_MARK if value is None else format(value, "f")


def line_score(line: TownLine | CountyLine) -> str:
    """A line's score, or the mark that says why it has none: withheld, or nothing due."""
    withheld = line.score is None and any(cell.withheld is not Withheld.NOTHING for cell in line.cells)
    return WITHHELD_MARK if withheld else score(line.score)


def signed(value: Decimal | None) -> str:
    """A difference with its direction: ▲1.20, ▼0.35, 持平."""
    if value is None:
        return NOTHING_MARK
    if value == 0:
        return "持平"
    return f"{'▲' if value > 0 else '▼'}{format(abs(value), 'f')}"


def percent(cell: Cell) -> str:
    """A rate in per cent to one decimal (whole where counts are withheld); a mark where there is none."""
    if cell.withheld is Withheld.ALL:
        return WITHHELD_MARK
    if cell.rate is None:
        return UNKNOWN_MARK if cell.base is Base.UNKNOWN else NOTHING_MARK
    hundred = cell.rate * 100
    if cell.withheld is Withheld.COUNTS:
        return f"{hundred.quantize(Decimal(1), ROUND_HALF_UP)}%"
    if cell.done == cell.due:
        return "100%"
    if cell.done == 0:
        return "0%"
    shown = hundred.quantize(Decimal("0.1"), ROUND_HALF_UP)
    # 1999 of 2000 is not everything: never print 100 % for a duty that was missed.
    return f"{min(shown, Decimal('99.9'))}%"


def counts(cell: Cell) -> str:
    """Done of due, 29/30; what was done where nobody knows out of how much; empty where withheld or nothing was due."""
    if cell.due:
        return f"{cell.done}/{cell.due}"
    return f"{_DONE[cell.indicator]}{cell.outside}" if cell.base is Base.UNKNOWN and cell.outside else ""


def why_empty(cell: Cell) -> str:
    """Why a cell has no rate, in a few words; empty where it has one."""
    if cell.withheld is Withheld.ALL:
        return "人数过少，不予公开"
    if cell.rate is not None:
        return ""
    return _NO_BASE[cell.indicator] if cell.base is Base.UNKNOWN else "本期无应办事项"


def gaps(bulletin: Bulletin) -> list[str]:
    """One sentence for each indicator of the county that has no rate or leaves something out, and on how much of the formula the scores stand."""
    said: list[str] = []
    cells = bulletin.county.cells
    for cell in cells:
        many = f"{cell.outside}{_UNIT[cell.indicator]}" if cell.outside else ""
        name = INDICATORS[cell.indicator]
        if cell.base is Base.UNKNOWN:
            said.append(f"{name}{UNKNOWN_MARK}：{_GAP[cell.indicator].format(many=many)}，不计分。")
        elif cell.outside:
            said.append(f"{name}未计入{many}：{_NO_BASE[cell.indicator]}。")
    idle = [INDICATORS[cell.indicator] for cell in cells if cell.base is Base.NOTHING_DUE]
    if idle:
        said.append(f"{'、'.join(idle)}：本期全县无应办事项。")
    weights = dict(bulletin.rules.weights)
    scored = sum((weights[cell.indicator] for cell in cells if cell.base is Base.DUE), Decimal(0)) * 100
    if 0 < scored < 100:
        said.append(f"本期有底数的指标原权重合计{scored.normalize():f}%，其余权重按比例分摊；得分只说明这些指标。")
    return said


def fail(found: FoundFail) -> str:
    """A hard fail with its number of cases, where that may be told."""
    return HARD_FAILS[found.kind] + ("" if found.cases is None else f"{found.cases}起")


def band(bulletin: Bulletin, colour: Colour) -> str:
    """The score band of a colour in words."""
    rules = bulletin.rules
    match colour:
        case Colour.GREEN:
            return f"{rules.green_from}分以上"
        case Colour.YELLOW:
            return f"{rules.yellow_from}分以上不足{rules.green_from}分"
        case Colour.ORANGE:
            return f"{rules.orange_from}分以上不足{rules.yellow_from}分"
        case Colour.RED:
            return f"不足{rules.orange_from}分"
        case Colour.NOT_RATED:
            return "本期无应办事项"


def causes(bulletin: Bulletin, line: TownLine) -> list[str]:
    """One sentence for each cause of a line's colour, the weightiest first."""
    said: list[str] = []
    if Cause.REPEATED_ORANGE in line.causes:
        said.append("连续两期为橙色，本期按红色通报。")
    if line.hard_fails:
        said.append(f"降档情形：{'、'.join(fail(found) for found in line.hard_fails)}。")
    if Cause.SCORE in line.causes and line.score is None:
        said.append(f"按得分定为{COLOUR_NAMES[line.own_colour]}。")
    elif Cause.SCORE in line.causes:
        said.append(f"得分{score(line.score)}分，{band(bulletin, line.own_colour)}。")
    elif line.score is not None:
        said.append(f"得分{score(line.score)}分，因降档情形定为{COLOUR_NAMES[line.own_colour]}。")
    if Cause.NOTHING_DUE in line.causes:
        said.append("本期无应办事项，不予评定。")
    if line.running > 1 and line.colour in {Colour.ORANGE, Colour.RED}:
        said.append(f"已连续{line.running}期为{COLOUR_NAMES[line.colour]}。")
    return said


def losses(line: TownLine) -> list[str]:
    """Where a line lost points, the largest loss first; without points (wider edition) every open rate below 100 %."""
    missed = [cell for cell in line.cells if cell.rate is not None and (cell.lost is None or cell.lost > 0)]
    if any(cell.withheld is not Withheld.NOTHING for cell in line.cells):
        open_ones = [f"{INDICATORS[cell.indicator]}{percent(cell)}" for cell in missed if cell.rate != 1]
        hidden = any(cell.withheld is Withheld.ALL for cell in line.cells)
        return open_ones + ([f"有指标人数过少，以“{WITHHELD_MARK}”代替"] if hidden else [])
    missed.sort(key=lambda cell: cell.lost or Decimal(0), reverse=True)
    return [f"{INDICATORS[cell.indicator]}{percent(cell)}（{counts(cell)}），失{score(cell.lost)}分" for cell in missed]


def ranked(bulletin: Bulletin) -> list[TownLine]:
    """Lines from best to worst score, unrated ones last; ties by division code."""
    return sorted(bulletin.towns, key=lambda line: (line.score is None, -(line.score or 0), line.division_code))


def changes(bulletin: Bulletin) -> list[str]:
    """What a revision corrects, one sentence a cell or colour; says so when every figure stands as it was."""
    if bulletin.revision == 1:
        return []
    said: list[str] = []
    for change in bulletin.changes:
        what = change.name + ("颜色" if change.indicator is None else INDICATORS[change.indicator])
        if change.before is None or change.after is None:
            said.append(f"{what}有更正。")
        elif change.indicator is None:
            before = COLOUR_NAMES[Colour(change.before)] if change.before else NOTHING_MARK
            said.append(f"{what}由{before}更正为{COLOUR_NAMES[Colour(change.after)]}。")
        else:
            said.append(f"{what}由{change.before or NOTHING_MARK}更正为{change.after}。")
    return said or ["各项数据与前一版一致。"]


def places(bulletin: Bulletin) -> list[tuple[int | None, TownLine]]:
    """Lines from best to worst with their place: equal scores share it, and the next place counts them all; None for an unrated line."""
    lines = ranked(bulletin)
    scores = [line.score for line in lines]
    return [(None if line.score is None else scores.index(line.score) + 1, line) for line in lines]


def to_improve(bulletin: Bulletin) -> list[TownLine]:
    """Red, orange and yellow lines, in this order, the lowest score first."""
    return [line for colour in (Colour.RED, Colour.ORANGE, Colour.YELLOW) for line in reversed(ranked(bulletin)) if line.colour is colour]


def summary(bulletin: Bulletin) -> str:
    """The opening paragraph: period, cut-off, towns per colour, the county against the last bulletin."""
    named = "、".join(
        f"{COLOUR_NAMES[colour]}{count}个" for colour, count in bulletin.county.colours if count or colour is not Colour.NOT_RATED
    )
    last_day = day(bulletin.last_day)
    text = (
        f"{span(bulletin.first_day, bulletin.last_day)}，县禁毒办对全县{len(bulletin.towns)}个镇（便民服务中心）社区戒毒、社区康复工作"
        f"情况进行了统计，数据截至{last_day}24时。其中，{named}。"
    )
    if bulletin.county.score is not None:
        text += f"全县综合得分{score(bulletin.county.score)}分"
        change = bulletin.county.difference
        if change is not None:
            amount = format(abs(change), "f")
            text += f"，较上期{'持平' if change == 0 else f'上升{amount}分' if change > 0 else f'下降{amount}分'}"
        text += "。"
    return text


def method(bulletin: Bulletin) -> list[str]:
    """How the colours come about, for anyone who wants to recompute them."""
    rules = bulletin.rules
    formula = "、".join(f"{INDICATORS[i]}{(weight * 100).normalize():f}%" for i, weight in rules.weights)
    office_only = bulletin.audience is Audience.COUNTY_OFFICE
    small = (
        f"本件含不足{rules.small_cell}人的数据，限县禁毒办内部使用，不得外传。"
        if office_only
        else f"不足{rules.small_cell}人的数据及可据以推算的数据以“{WITHHELD_MARK}”代替或只列整数百分比，得分只取整数。"
    )
    return [
        f"得分=100×∑（权重×完成率）。权重：{formula}。本期无应办事项的指标，其权重按比例分摊到其他指标。",
        (
            f"{rules.green_from}分以上为绿色，列名通报；{rules.yellow_from}分以上为黄色，予以提醒；{rules.orange_from}分以上或有"
            f"{rules.orange_hard_fails}起降档情形为橙色，书面督办；不足{rules.orange_from}分、有{rules.red_hard_fails}起以上降档情形或连续两期橙色为红色，予以约谈。"
        ),
        f"降档情形：{'、'.join(HARD_FAILS.values())}。",
        f"“{UNKNOWN_MARK}”为本期有已办事项但应办数不详，不计分，权重同样分摊。台账转入的措施未载协议签订情况，执行率按其应走访是否走访计。",
        "查获人数、检出阳性人数、送强制隔离戒毒人数不计入得分。颜色只评价单位工作，不评价任何个人。",
        small,
        "对数据有异议的，请于收到通报之日起3个工作日内向县禁毒办提出，经核实更正后另发修订版。",
        f"计分规则{rules.version}版，自{day(rules.valid_from)}起施行。{rules.source}。",
    ]
