"""The operator's commands that work on a database: the first administrator, the audit chain, the reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from deploy import administrator, audit, parked
from deploy.problems import FolderUnfit, StartProblem
from kit.db import new_id
from tests.contracts.language import envelope, published
from tests.houses import START, Template, copied

PASSWORD = "a long enough password 府谷"


def test_the_first_administrator_is_opened_once_and_audited(template: Template) -> None:
    with copied(template) as owner:
        secret = administrator.by_hand(template.data_dir, owner, "first", PASSWORD, "演示甲", reset=False)
        assert secret
        with psycopg.connect(owner) as connection:
            row = connection.execute("select password_hash, roles, totp_sealed from gateway.account where username = 'first'").fetchone()
            noted = connection.execute("select count(*) from gateway.audit where action = 'account.open'").fetchone()
        assert row is not None
        assert PASSWORD not in row[0]
        assert (row[1], noted) == (["administrator"], (1,))
        assert secret.encode() not in row[2]
        with pytest.raises(StartProblem, match="user name"):
            administrator.by_hand(template.data_dir, owner, "second.one.more", "second.one.more", "演示乙", reset=False)
        administrator.by_hand(template.data_dir, owner, "second", PASSWORD, "演示乙", reset=False)
        with pytest.raises(StartProblem, match="two administrators already"):
            administrator.by_hand(template.data_dir, owner, "third", PASSWORD, "演示丙", reset=False)


def test_an_administrator_who_lost_the_second_factor_is_let_in_again_by_the_operator(template: Template) -> None:
    query = "select password_hash, totp_sealed, version from gateway.account where username = 'first'"
    with copied(template) as owner:
        lost = administrator.by_hand(template.data_dir, owner, "first", PASSWORD, "演示甲", reset=False)
        with psycopg.connect(owner) as connection:
            before = connection.execute(query).fetchone()
        found = administrator.by_hand(template.data_dir, owner, "first", PASSWORD + "2", "", reset=True)
        with psycopg.connect(owner) as connection:
            after = connection.execute(query).fetchone()
            noted = connection.execute("select actor from gateway.audit where action = 'account.reset_second_factor'").fetchall()
        assert before is not None
        assert after is not None
        assert (lost != found, before[0] != after[0], before[1] != after[1], after[2]) == (True, True, True, before[2] + 1)
        assert noted == [("gateway/operator",)]
        with pytest.raises(StartProblem, match="no administrator"):
            administrator.by_hand(template.data_dir, owner, "nobody", PASSWORD, "", reset=True)


def test_the_audit_command_says_where_a_chain_breaks(template: Template, capsys: pytest.CaptureFixture[str]) -> None:
    with copied(template) as owner:
        administrator.by_hand(template.data_dir, owner, "first", PASSWORD, "演示甲", reset=False)
        with psycopg.connect(owner) as connection:
            connection.execute(
                "insert into gateway.audit_seal values (1, (select max(xid)::text from gateway.audit), (select max(id) from gateway.audit), 1, 'x', now())"
            )
        assert audit.verify(template.data_dir, owner) == 1
        told = capsys.readouterr().out
        assert "gateway" in told
        assert "BREAKS at batch 1" in told
        assert told.count("the chain holds") == 4


def test_a_parked_event_is_listed_and_passes_once_its_reader_understands_it(template: Template, capsys: pytest.CaptureFixture[str]) -> None:
    sample = published()["registry"]["person.registered"]
    known, strange = envelope(sample, new_id(), START), envelope(sample, new_id(), START)
    strange = strange.model_copy(update={"data": {}})
    with copied(template) as owner, psycopg.connect(owner, autocommit=True) as connection:
        assert parked.tend(template.data_dir, owner, again=False) == 0
        for event in (known, strange):
            connection.execute(
                "insert into testing.inbox_parked (event_id, feed, position, envelope, error, parked_at) values (%s, 'registry', %s, %s, 'KeyError', now())",
                (event.id, event.position, event.model_dump_json()),
            )
        assert parked.tend(template.data_dir, owner, again=False) == 1
        assert capsys.readouterr().out.count("person.registered") == 2
        assert parked.tend(template.data_dir, owner, again=True) == 1
        told = capsys.readouterr().out
        assert "1 events of registry have passed now" in told
        assert (str(strange.id) in told, str(known.id) in told) == (True, False)
        assert "ValidationError" in told
        heard = connection.execute("select person_id from testing.subject").fetchall()
    assert heard == [(known.subject_id,)]


@pytest.mark.parametrize("command", [lambda folder: audit.verify(folder, None), lambda folder: parked.tend(folder, None, again=False)])
def test_a_folder_that_holds_no_data_is_told_so_and_left_empty(command: Callable[[Path], int], tmp_path: Path) -> None:
    with pytest.raises(FolderUnfit, match="holds no data") as found:
        command(tmp_path / "nothing")
    assert "没有数据" in found.value.chinese
    assert not (tmp_path / "nothing" / "postgres").exists()
