"""Writes `docs/reference.md` from the code: settings, roles, events, problems, jobs, commands, routes (law 12). A test compares the file with this."""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from typer.main import get_command

from deploy.compose import ALL, House, HouseSettings, build
from deploy.keys import SERVICES
from deploy.routes import rows
from kit.problems import every_problem
from kit.roles import LABELS
from kit.settings import ServiceSettings

PROJECT = Path(__file__).parent.parent
TARGET = PROJECT / "docs" / "reference.md"
HEAD = """# Reference

Written by `./dev reference --write` from the code; a test compares them. Paths are what clients call through the gateway.
"""


def _packages() -> dict[str, str]:
    return {name: f"services.{name}" if name in SERVICES else name for name in ALL}


def _table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    def cells(line: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"

    return "\n".join([cells(head), cells(tuple("---" for _ in head)), *(cells(line) for line in lines)]) + "\n"


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]


def settings() -> list[tuple[str, ...]]:
    """Every environment variable that the product reads."""
    found: list[tuple[str, ...]] = []
    pattern = re.compile(r"GUIKANG_[A-Z_]+")
    for part in (
        "dev",
        *(
            path.relative_to(PROJECT).as_posix()
            for name in ("deploy", "kit", "services", "gateway")
            for path in sorted((PROJECT / name).rglob("*.py"))
        ),
    ):
        text = (PROJECT / part).read_text(encoding="utf-8")
        found += [(name, part) for name in pattern.findall(text) if not name.endswith("_")]
    for package in _packages().values():
        if (PROJECT / package.replace(".", "/") / "settings.py").exists():
            module = importlib.import_module(f"{package}.settings")
            kinds = [
                kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, ServiceSettings) and kind.model_fields
            ]
            for kind in kinds:
                prefix = kind.model_config.get("env_prefix", "")
                found += [
                    (f"{prefix}{name.upper()}", f"{package.replace('.', '/')}/settings.py, default {field.default}")
                    for name, field in kind.model_fields.items()
                ]
    where: dict[str, list[str]] = {}
    for name, part in found:
        if part not in where.setdefault(name, []):
            where[name].append(part)
    return [(f"`{name}`", ", ".join(f"`{part}`" for part in parts[:3])) for name, parts in sorted(where.items())]


def events() -> Iterator[tuple[str, ...]]:
    """Every published event."""
    for service, package in _packages().items():
        for event in importlib.import_module(f"{package}.events").EVENTS:
            fields = ", ".join(event.model_fields)
            yield f"`{event.type}`", service, str(event.version), fields, _first_line(event.__doc__)


def jobs(house: House) -> Iterator[tuple[str, ...]]:
    """Every job, with its period (cron, UTC)."""
    for service, app in house.apps.items():
        if app.state.jobs is not None:
            for name, cron, about in app.state.jobs.listed:
                yield f"`{name}`", service, cron or "when asked", about


def commands() -> Iterator[tuple[str, ...]]:
    """Every command of `./dev`."""
    from deploy.__main__ import app

    group = get_command(app)
    for name, command in sorted(group.commands.items()):  # pyright: ignore[reportAttributeAccessIssue] - a typer app with several commands is a group
        if not command.hidden:
            options = ", ".join(f"`{option}`" for parameter in command.params for option in parameter.opts if option.startswith("--"))
            yield f"`./dev {name}`", _first_line(command.help), options


def text() -> str:
    """The whole document."""
    with tempfile.TemporaryDirectory() as folder:
        house = build(HouseSettings(Path(folder), "host=127.0.0.1 port=1 dbname=none", background=False))
    for package in _packages().values():
        importlib.import_module(f"{package}.app")
    roles = [(f"`{role.value}`", zh, en) for role, (zh, en) in LABELS.items()]
    problems = [
        (f"`{kind.slug}`", str(kind.status), kind.title_zh, kind.title_en)
        for kind in every_problem()
        if kind.__module__.split(".")[0] != "tests"
    ]
    routes = [(f"`{method} {path}`", roles_.replace("|", ", "), purpose) for method, path, _, roles_, _, _, purpose in rows()]
    parts = [
        HEAD,
        "## Commands\n\n" + _table(("command", "what it does", "options"), list(commands())),
        "## Settings (environment)\n\n" + _table(("variable", "read in"), settings()),
        "## Roles\n\n" + _table(("role", "名称", "meaning"), roles),
        "## Events\n\n" + _table(("type", "publisher", "version", "data", "meaning"), list(events())),
        "## Jobs\n\n" + _table(("job", "service", "period", "what it does"), list(jobs(house))),
        "## Problems\n\n" + _table(("type", "status", "标题", "title"), sorted(set(problems))),
        "## Routes\n\n" + _table(("route", "roles", "purpose needed"), routes),
    ]
    return "\n".join(parts)


def write() -> None:
    """Write the document."""
    TARGET.write_text(text(), encoding="utf-8")
