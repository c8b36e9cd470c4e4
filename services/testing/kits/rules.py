"""Pure rules of kits. There is no national table of urine cut-offs: the cut-off belongs to the lot (domain 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, get_args

Analyte = Literal[
    "morphine",
    "methamphetamine",
    "amphetamine",
    "mdma",
    "mda",
    "ketamine",
    "norketamine",
    "thc",
    "cocaine",
    "benzoylecgonine",
    "o6_monoacetylmorphine",
    "methcathinone",
    "benzodiazepines",
    "methadone",
    "buprenorphine",
    "fentanyl",
    "etomidate",
    "synthetic_cannabinoids",
    "tramadol",
]

ANALYTES: dict[Analyte, tuple[str, str]] = {
    "morphine": ("吗啡/阿片类", "morphine, opiates"),
    "methamphetamine": ("甲基苯丙胺", "methamphetamine"),
    "amphetamine": ("苯丙胺", "amphetamine"),
    "mdma": ("亚甲二氧基甲基苯丙胺", "MDMA"),
    "mda": ("亚甲二氧基苯丙胺", "MDA"),
    "ketamine": ("氯胺酮", "ketamine"),
    "norketamine": ("去甲氯胺酮", "norketamine"),
    "thc": ("四氢大麻酚", "THC, THC-COOH"),
    "cocaine": ("可卡因", "cocaine"),
    "benzoylecgonine": ("苯甲酰爱康宁", "benzoylecgonine"),
    "o6_monoacetylmorphine": ("O6-单乙酰吗啡", "O6-MAM"),
    "methcathinone": ("甲卡西酮", "methcathinone"),
    "benzodiazepines": ("苯二氮卓类", "benzodiazepines"),
    "methadone": ("美沙酮", "methadone"),
    "buprenorphine": ("丁丙诺啡", "buprenorphine"),
    "fentanyl": ("芬太尼", "fentanyl"),
    "etomidate": ("依托咪酯", "etomidate"),
    "synthetic_cannabinoids": ("合成大麻素", "synthetic cannabinoids"),
    "tramadol": ("曲马多", "tramadol"),
}
"""Code → zh, en. The code stands in panels, results and cut-off tables."""

METABOLITES: dict[str, str] = {"o6_monoacetylmorphine": "morphine", "norketamine": "ketamine", "benzoylecgonine": "cocaine"}
"""Analyte → the substance whose use it shows."""

KitSpecimen = Literal["urine", "saliva", "blood"]
KIT_SPECIMENS: tuple[KitSpecimen, ...] = get_args(KitSpecimen)

ResultCode = Literal["negative", "positive", "invalid"]
CODES: tuple[ResultCode, ...] = get_args(ResultCode)


def substance_of(analyte: str) -> str:
    """The substance whose use an analyte shows: itself, or the substance of which it is a metabolite."""
    return METABOLITES.get(analyte, analyte)


def in_date(expires_on: date, day: date) -> bool:
    """Whether a lot may be used on a day: its expiry day is the last one."""
    return day <= expires_on


def panel_gaps(panel: Iterable[str], results: Mapping[Analyte, ResultCode]) -> tuple[list[str], list[str]]:
    """Analytes of the panel without a result, and results that the panel cannot show: a reading names every strip of the kit, and no others."""
    wanted = set(panel)
    return sorted(wanted - results.keys()), sorted(results.keys() - wanted)


def reading(results: Iterable[str]) -> str:
    """The reading of a whole kit: invalid when any control line is missing and nothing is positive, else positive when any strip is, else negative.

    A positive beside an invalid strip stays positive: the chain of DTP art. 8-15 then decides, and the specimen is split and kept.
    """
    found = set(results)
    if "positive" in found:
        return "positive"
    return "invalid" if "invalid" in found or not found else "negative"
