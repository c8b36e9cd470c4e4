"""Two designated laboratories, each with the account that reports for it and for no other, and two lots of test kits."""

from __future__ import annotations

from typing import Any

from deploy.demo import accounts as demo_accounts
from deploy.demo.accounts import COUNTY, Accounts, Administrators
from deploy.demo.client import Client

LABORATORIES = (
    ("DEMO-L1", "演示司法鉴定中心", "forensic", "lab"),
    ("DEMO-L2", "演示第二司法鉴定中心", "forensic", "lab2"),
)
"""Code, name, qualification, and the user name of its account (DTP art. 4: the first test and the re-test are two institutions')."""
LOTS = (
    ("urine", "20210501", ("morphine", "methamphetamine", "ketamine")),
    ("urine", "20210601", ("morphine", "methamphetamine", "ketamine")),
)


async def load(officer: Client, both: Administrators, accounts: Accounts) -> None:
    """Enter what is missing. Raises DemoFailed."""
    known = {lab["code"]: lab for lab in await officer.pages("/testing/v1/labs")}
    for code, name, qualification, username in LABORATORIES:
        lab = known.get(code) or await officer.send("POST", "/testing/v1/labs", _lab(code, name, qualification))
        if not accounts.has("accounts", username):
            bound = {"kind": "laboratory", "id": lab["id"]}
            await demo_accounts.open_account(both, accounts, "lab_technician", username, COUNTY, organisation=bound, holder="检测员(演示)")
    lots = {lot["lot_no"] for lot in await officer.pages("/testing/v1/kit-lots")}
    for specimen, number, panel in LOTS:
        if number not in lots:
            await officer.send("POST", "/testing/v1/kit-lots", _lot(specimen, number, panel))


def _lab(code: str, name: str, qualification: str) -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "qualification": qualification,
        "certificate_no": f"演示-{code}",
        "designated_by": "府谷县公安局",
        "valid_from": "2020-01-01",
    }


def _lot(specimen: str, number: str, panel: tuple[str, ...]) -> dict[str, Any]:
    return {
        "maker": "演示试剂厂",
        "name": "三联检测板",
        "lot_no": number,
        "approval_no": "演示械注准20200001",
        "specimen_type": specimen,
        "panel": [{"analyte": analyte, "cutoff_ng_ml": 300 if analyte == "morphine" else 1000} for analyte in panel],
        "expires_on": "2022-12-31",
    }
