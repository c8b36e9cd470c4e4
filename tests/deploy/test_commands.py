"""The operator's commands that work on a database: the first administrator, the audit chain, the reference."""

from __future__ import annotations

import psycopg
import pytest

from deploy import administrator, audit
from deploy.problems import StartProblem
from tests.houses import Template, copied

PASSWORD = "a long enough password 府谷"


def test_the_first_administrator_is_opened_once_and_audited(template: Template) -> None:
    with copied(template) as owner:
        secret = administrator.open_by_hand(template.data_dir, owner, "first", PASSWORD)
        assert secret
        with psycopg.connect(owner) as connection:
            row = connection.execute("select password_hash, roles, totp_sealed from gateway.account where username = 'first'").fetchone()
            noted = connection.execute("select count(*) from gateway.audit where action = 'account.open'").fetchone()
        assert row is not None
        assert PASSWORD not in row[0]
        assert (row[1], noted) == (["administrator"], (1,))
        assert secret.encode() not in row[2]
        with pytest.raises(StartProblem, match="administrator already"):
            administrator.open_by_hand(template.data_dir, owner, "second", PASSWORD)


def test_the_audit_command_says_where_a_chain_breaks(template: Template, capsys: pytest.CaptureFixture[str]) -> None:
    with copied(template) as owner:
        administrator.open_by_hand(template.data_dir, owner, "first", PASSWORD)
        with psycopg.connect(owner) as connection:
            connection.execute(
                "insert into gateway.audit_seal values (1, (select max(xid)::text from gateway.audit), (select max(id) from gateway.audit), 1, 'x', now())"
            )
        assert audit.verify(template.data_dir, owner) == 1
        told = capsys.readouterr().out
        assert "gateway" in told
        assert "BREAKS at batch 1" in told
        assert told.count("the chain holds") == 4
