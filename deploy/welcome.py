"""What a person reads when the house is open: the address, who may sign in, what to try."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from rich.table import Table

from deploy.folder import DataFolder, read_json
from deploy.steps import Steps

PROJECT = Path(__file__).parent.parent


def version() -> str:
    """The product's version, from pyproject.toml (it is run from its folder, not installed)."""
    return str(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def show(steps: Steps, base_url: str, folder: DataFolder, *, demo: bool) -> None:
    """Print it. Passwords of the demo are shown on a terminal only; elsewhere output is kept in logs."""
    console = steps.console
    console.print(
        f"\n  Guikang 归康 is open at [bold]{base_url}[/bold] after {steps.elapsed:.1f} s (API: {base_url}/docs)",
        highlight=False,
        soft_wrap=True,
    )
    if demo:
        _accounts(steps, folder)
    console.print("  Stop with Ctrl-C; the data stay. · 按 Ctrl-C 停止,数据保留。\n", highlight=False, soft_wrap=True)


def _accounts(steps: Steps, folder: DataFolder) -> None:
    path = folder.path / "demo-accounts.json"
    accounts = read_json(path).get("accounts")
    if not isinstance(accounts, list):
        return
    table = Table("user · 用户", "role · 角色", "password · 密码", box=None, padding=(0, 2))
    for account in accounts:
        if isinstance(account, dict):
            password = str(account.get("password", "")) if sys.stderr.isatty() else "…"
            table.add_row(str(account.get("username", "")), str(account.get("role", "")), password)
    steps.console.print(f"  Demo accounts (all in {path}, with TOTP secrets and client keys):", highlight=False, soft_wrap=True)
    steps.console.print(table)
    steps.console.print(
        "  Try: `./dev import deploy/demo/ledgers/*` · `./dev routes` · the tour in README.md", highlight=False, soft_wrap=True
    )
