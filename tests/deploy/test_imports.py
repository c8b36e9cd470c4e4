"""`./dev import` against the served county: a report to read, a marked workbook, a commit."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from pyotp.totp import TOTP

from deploy.imports import Options, field_of, field_zh, run
from tests.houses import Template, TestHouse
from tests.journeys.county.office import Office, open_office
from tests.registry.ledgers.desk import LEDGERS, add_county


async def _imported(office: Office, options: Options) -> int:
    """Run the command in a thread, as its own process would, while the county's jobs go on."""
    running = asyncio.create_task(asyncio.to_thread(run, options))
    while not running.done():
        await office.wait(31)
        await asyncio.wait({running}, timeout=0.05)
    return running.result()


async def test_ledgers_are_imported_from_the_command_line(
    template: Template, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    async with open_office(template) as office:
        add_county(cast(TestHouse, _Owned(office.settings.dsn)))
        (tmp_path / "ready.json").write_text(json.dumps({"base_url": office.url}))
        username, password, secret = office.accounts.of("county_officer")
        (tmp_path / "word").write_text(password)
        files = [LEDGERS / "04_黄甫镇台账.csv", LEDGERS / "17_寄递物流企业检查台账.csv", LEDGERS / "19_全县汇总表.xlsx"]
        options = Options(files[:2], tmp_path, username, tmp_path / "word", commit=True, marked=tmp_path / "marked")

        def now() -> Options:
            return replace(options, code=TOTP(secret).at(office.clock()) if secret else None)

        assert await _imported(office, now()) == 0  # nobody at the terminal said yes
        told = capsys.readouterr().out
        for words in ("taken for: 社戒社康及管控人员台账", "登记人员 persons 85", "not committed", "→ precursor", "✓ 登记企业 firms 21"):
            assert words in told, told
        await office.wait(61)
        assert await _imported(office, replace(now(), yes=True)) == 0
        told = capsys.readouterr().out
        for words in ("→ registry", "accept 85", "hold 6", "ID_PRECISION_LOST", "✓ 登记人员 persons 85", "→ precursor", "csv!"):
            assert words in told, told
        assert sorted(path.name for path in (tmp_path / "marked").iterdir()) == [
            "04_黄甫镇台账.marked.xlsx",
            "17_寄递物流企业检查台账.marked.xlsx",
        ]
        left = office.query("select state, count(*) from registry.ledger_import group by 1 order by 1")
        assert left == [("committed", 1), ("discarded", 2)]

        await office.wait(61)
        strange = replace(now(), files=[files[2]])
        assert await _imported(office, strange) == 1
        assert "no table of ours was recognised" in capsys.readouterr().out


class _Owned:
    def __init__(self, owner: str) -> None:
        self.owner = owner


def test_what_a_header_means_is_said_by_a_field_or_by_a_header_that_is_known() -> None:
    assert [field_of("registry", text) for text in ("id_no", "身份证号", "", "楼栋号")] == ["id_no", "id_no", "", None]
    assert field_of("precursor", "身份证号") is None
    assert field_zh("registry", "town_code") == "镇"
