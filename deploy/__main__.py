"""`python -m deploy`, which `./dev` calls: every command, each a thin call into the module that does it.

Modules are imported by the command that needs them, so that `--help` and a wrong option answer at once.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from deploy.problems import PartMissing, StartProblem

PROJECT = Path(__file__).parent.parent
SERVICES = ("registry", "testing", "alerts", "precursor", "gateway")

app = typer.Typer(
    help="Guikang 归康: one command brings up the whole county.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="GUIKANG_DATA_DIR", help="Where everything is kept.", show_default=".data", readable=False)
]
Dsn = Annotated[
    str | None, typer.Option("--dsn", envvar="GUIKANG_DSN", help="An external Postgres in place of the embedded one (owner's address).")
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the gateway listens, on 127.0.0.1.")]
DEFAULT_DATA = PROJECT / ".data"


def part(name: str) -> ModuleType:
    """A module of `deploy` that may come in a later release of this copy. Raises PartMissing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise PartMissing(part=name, reason="the module is not there") from error


@app.command()
def up(
    port: Port = 8000,
    data_dir: DataDir = DEFAULT_DATA,
    processes: Annotated[bool, typer.Option("--processes", help="One process per service in place of one for all.")] = False,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="An empty county, without demo people and accounts.")] = False,
    county: Annotated[
        str | None,
        typer.Option("--county", envvar="GUIKANG_COUNTY", help="The six digits of the county, at the first start of a real one."),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Throw the data folder away first.")] = False,
    clock: Annotated[
        str | None,
        typer.Option("--clock", envvar="GUIKANG_CLOCK", help="Begin at another day, e.g. 2021-06-01T08:00:00+08:00 (demo only)."),
    ] = None,
    dsn: Dsn = None,
) -> None:
    """Start Postgres, the four services and the gateway, until Ctrl-C."""
    run = part("deploy.run")
    demo = not no_demo and county in (None, run.demo_county())  # another county is a real one
    part("deploy.up").up(run.Options(data_dir, port, processes, demo, county, reset, clock, dsn))


@app.command()
def serve(
    name: Annotated[str, typer.Argument(help="registry, testing, alerts, precursor or gateway.")],
    port: Port,
    data_dir: DataDir = DEFAULT_DATA,
    reserved: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve one app of a running `up --processes` (which calls this itself)."""
    if name not in SERVICES:
        raise typer.BadParameter(f"{name} is none of {', '.join(SERVICES)}")
    part("deploy.serve").serve(name, data_dir, port, reserved=reserved)


@app.command(hidden=True)
def prepare(dsn: Annotated[str, typer.Option(envvar="GUIKANG_DSN")], data_dir: DataDir = DEFAULT_DATA) -> None:
    """An errand of `up --processes`: bring the schemas up to date, tell progress as JSON lines."""
    part("deploy.serve").prepare(data_dir, dsn)


@app.command(hidden=True)
def load_demo(data_dir: DataDir = DEFAULT_DATA) -> None:
    """An errand of `up --processes`: load the demo county, tell progress as JSON lines."""
    part("deploy.serve").load_demo(data_dir)


@app.command(context_settings=PASS_ON, add_help_option=False)
def test(context: typer.Context) -> None:
    """Run the tests; every argument goes to pytest."""
    part("deploy.checks").test(context.args)


@app.command()
def check() -> None:
    """Everything that must hold: lint, format, types, import contracts, tests."""
    raise typer.Exit(part("deploy.checks").check())


@app.command()
def bench(names: Annotated[list[str] | None, typer.Argument(help="Only these, e.g. `ledgers gateway`.")] = None) -> None:
    """Measure (tests/bench), and write the tables to docs/performance/."""
    raise typer.Exit(part("deploy.checks").bench(names or []))


@app.command()
def migrate(data_dir: DataDir = DEFAULT_DATA, dsn: Dsn = None) -> None:
    """Bring every schema to its newest revision; starts the embedded Postgres for it when nothing runs."""
    part("deploy.migrations").migrate(data_dir, dsn)


@app.command()
def revision(
    service: Annotated[str, typer.Argument(help="Whose tables have changed.")],
    message: Annotated[str, typer.Argument(help="What the revision does, in a few words.")],
) -> None:
    """Write a migration from the difference between a service's tables and its newest revision."""
    if service not in SERVICES:
        raise typer.BadParameter(f"{service} is none of {', '.join(SERVICES)}")
    part("deploy.migrations").revision(service, message)


@app.command()
def openapi() -> None:
    """Print the merged OpenAPI document of this copy."""
    typer.echo(json.dumps(part("deploy.openapi").merged(), ensure_ascii=False, indent=2))


@app.command()
def routes(write: Annotated[bool, typer.Option("--write", help="Write the gateway's table.")] = False) -> None:
    """Print the route table that the services declare: method, path, service, roles …"""
    if write:
        part("deploy.routes").write()
        return
    for row in part("deploy.routes").rows():
        typer.echo("\t".join(str(cell) for cell in row))


@app.command(name="import")
def import_ledgers(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Workbooks as they are: xlsx, xlsm, xls, csv.")],
    data_dir: DataDir = DEFAULT_DATA,
    user: Annotated[str | None, typer.Option(help="Who imports; without it the demo's county officer.")] = None,
    password_file: Annotated[Path | None, typer.Option(exists=True, help="A file that holds the password.")] = None,
    commit: Annotated[bool, typer.Option("--commit", help="Take the rows over, file by file; without it nothing is changed.")] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Confirm what a commit would close, end, start or move, as it is printed; without it you are asked."),
    ] = False,
    code: Annotated[str | None, typer.Option(help="The six digits of the second factor.")] = None,
    marked: Annotated[Path | None, typer.Option(file_okay=False, help="Save the workbooks with the problem cells marked here.")] = None,
    means: Annotated[
        list[str] | None, typer.Option(help="What an unknown header means, as header=field; remembered for the office.")
    ] = None,
) -> None:
    """Upload ledgers, watch the reading, print what was found."""
    module = part("deploy.imports")
    raise typer.Exit(module.run(module.Options(files, data_dir, user, password_file, commit, marked, code, tuple(means or ()), yes)))


@app.command()
def token(
    who: Annotated[str, typer.Argument(help="A role, a user name or a client id of the demo.")], data_dir: DataDir = DEFAULT_DATA
) -> None:
    """Print an access token of a demo account, for trying the API with curl."""
    typer.echo(part("deploy.token").token(data_dir, who))


@app.command()
def administrator(
    username: Annotated[str, typer.Argument(help="Small letters, digits, dots.")],
    data_dir: DataDir = DEFAULT_DATA,
    dsn: Dsn = None,
    holder: Annotated[str, typer.Option(help="Who holds the account.")] = "",
    reset: Annotated[bool, typer.Option(help="Give one that exists a new password and second factor.")] = False,
) -> None:
    """Open one of the first two administrators' accounts of a real county, or reset a lost one; asks for the password."""
    if not reset and not holder:
        holder = typer.prompt("Who holds the account (name)")
    password = typer.prompt("Password (at least 12 characters)", hide_input=True, confirmation_prompt=True)
    secret = part("deploy.administrator").by_hand(data_dir, dsn, username, password, holder, reset=reset)
    typer.echo(f"TOTP secret, shown this once: {secret}")


@app.command()
def audit(data_dir: DataDir = DEFAULT_DATA, dsn: Dsn = None) -> None:
    """Recompute the hash chain of every audit trail; ends with 1 when one breaks."""
    raise typer.Exit(part("deploy.audit").verify(data_dir, dsn))


@app.command()
def parked(
    data_dir: DataDir = DEFAULT_DATA,
    dsn: Dsn = None,
    again: Annotated[bool, typer.Option("--again", help="Try each of them again, oldest first.")] = False,
) -> None:
    """List the neighbours' events that a service refused; ends with 1 when there are any."""
    raise typer.Exit(part("deploy.parked").tend(data_dir, dsn, again=again))


@app.command()
def restored(
    data_dir: DataDir = DEFAULT_DATA,
    dsn: Dsn = None,
    dump: Annotated[Path | None, typer.Option("--load", exists=True, dir_okay=False, help="Load this file of pg_dump first.")] = None,
) -> None:
    """After a restore, a dump and load, or a promotion: a new epoch, so that no reader and no partner follows what was lost. The house must be stopped."""
    done = part("deploy.restored").restored(data_dir, dsn, dump)
    typer.echo(f"epoch {done.epoch}; positions go on {done.ahead} above the cluster's own; {done.sessions_ended} sessions ended")
    for kind, readers in (("goes on", done.carried), ("begins again", done.begun_again)):
        for reader in readers:
            typer.echo(f"  {reader}: {kind}")


@app.command(name="database")
def database_settings(data_dir: DataDir = DEFAULT_DATA) -> None:
    """Print the libpq settings and the programs of the running embedded Postgres as lines for a shell: `eval "$(./dev database)"`."""
    typer.echo(part("deploy.house").database_settings(data_dir))


@app.command()
def load(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="divisions.csv, stations.csv, staff.csv, or .json.")],
    data_dir: DataDir = DEFAULT_DATA,
    user: Annotated[str | None, typer.Option(help="Who loads: an administrator or a county officer.")] = None,
    password_file: Annotated[Path | None, typer.Option(exists=True, help="A file that holds the password.")] = None,
    code: Annotated[str | None, typer.Option(help="The six digits of the second factor.")] = None,
) -> None:
    """Load the divisions, stations and staff of a county; loading the same again changes nothing."""
    module = part("deploy.loading")
    raise typer.Exit(module.run(module.Options(files, data_dir, user, password_file, code)))


@app.command()
def house(
    data_dir: DataDir = DEFAULT_DATA,
    dsn: Dsn = None,
    accept_signing_keys: Annotated[
        bool, typer.Option("--accept-signing-keys", help="Take the signing keys in secrets/ as they are now: they were changed on purpose.")
    ] = False,
) -> None:
    """Print what the house knows of itself: id, epoch, county, keys, revisions, tables."""
    typer.echo(part("deploy.house").show(data_dir, dsn, accept_signing_keys=accept_signing_keys))


@app.command()
def reference(write: Annotated[bool, typer.Option("--write", help="Write docs/reference.md.")] = False) -> None:
    """Print the reference: commands, settings, roles, events, jobs, problems, routes."""
    module = part("deploy.reference")
    if write:
        module.write()
    else:
        typer.echo(module.text())


@app.command()
def lock() -> None:
    """Make the hash-pinned locks again from pyproject.toml (needs uv)."""
    part("deploy.locks").make()


def hide_dsn() -> None:
    """Begin again with the database's address in the environment: what stands on the command line stands in everybody's process list."""
    words = sys.argv[1:]
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == "--dsn" and (equals or place + 1 < len(words)) and words[0] not in ("test", "bench", "check"):
            rest = words[:place] + words[place + (1 if equals else 2) :]
            environment = os.environ | {"GUIKANG_DSN": value if equals else words[place + 1]}
            before = sys.orig_argv[1 : len(sys.orig_argv) - len(words)]
            os.execve(sys.executable, [sys.executable, *before, *rest], environment)  # noqa: S606 - ourselves again, no shell is wanted


def main() -> None:
    """Run a command; a StartProblem becomes its two sentences and its exit code."""
    hide_dsn()
    try:
        app(prog_name="./dev")
    except StartProblem as problem:
        if sys.argv[1:2] and sys.argv[1] in ("prepare", "load-demo"):
            said = {"problem": str(problem), "zh": problem.chinese, "code": problem.exit_code}
            sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        sys.stderr.write(f"\n{problem}\n{problem.chinese}\n")
        sys.exit(problem.exit_code)


if __name__ == "__main__":
    main()
