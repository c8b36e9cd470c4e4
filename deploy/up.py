"""`./dev up`: the county at work on one machine, in one process or in one process per service (DESIGN section 7).

Order of a start: folder, port, Postgres, schemas, apps, an answered request, the demo county, `ready.json`.
Order of a stop: `ready.json`, the door (running requests end), followers and jobs, Postgres, folder. Nothing that was answered is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psycopg

from deploy import database
from deploy.folder import DataFolder
from deploy.memory import give_back_large_buffers
from deploy.nameplate import remember_how_far
from deploy.postgres import Postgres
from deploy.problems import AppSilent, BadOption
from deploy.run import Options, Run, demo_county, wanted
from deploy.serving import GRACE, PATIENCE, StopSignals, answers, drain, listen, server_for
from deploy.steps import Steps
from deploy.stopping import StopWatch, run_until_stopped
from kit.waits import end


class Stopped(BaseException):
    """SIGTERM or Ctrl-C came before the event loop ran."""


def _stop_early(number: int, frame: FrameType | None) -> None:
    raise Stopped


def check(options: Options) -> None:
    """Refuse options that contradict each other. Raises BadOption."""
    if options.county is not None and not re.fullmatch(r"[1-9][0-9]{5}", options.county):
        raise BadOption(option="--county", reason="a county's code has six digits, e.g. 110101", reason_zh="区划代码为六位数字,例如 110101")
    if options.reset and options.dsn:
        text = "it would throw away the keys of a database that stays; drop that database yourself, and take another --data-dir"
        raise BadOption(option="--reset", reason=text, reason_zh="会丢弃外部数据库的密钥;请自行删除该数据库并另用 --data-dir")
    if options.demo and options.county not in (None, demo_county()):
        text = f"the demo county is {demo_county()}; add --no-demo for a real one"
        raise BadOption(option="--county", reason=text, reason_zh="示范县的区划固定,正式县请加 --no-demo")
    if options.clock is None:
        return
    if not options.demo:
        raise BadOption(option="--clock", reason="a real county runs on real time", reason_zh="正式数据只能使用真实时间")
    from kit.clock import clock_from  # only this option needs it

    try:
        clock_from(options.clock)
    except ValueError as error:
        text = "give an instant with its offset, for example 2021-06-01T08:00:00+08:00"
        raise BadOption(option="--clock", reason=text, reason_zh="请给出带时区的时刻,例如 2021-06-01T08:00:00+08:00") from error


def up(options: Options) -> None:
    """Run until a signal comes. Raises StartProblem."""
    check(options)
    give_back_large_buffers()
    steps = Steps()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop_early)
    folder = DataFolder(options.data_dir)
    try:
        folder.take()
        if options.reset:
            folder.empty()
        _check_kind(folder, options)
        door = listen(options.port)
        run = Run(options, folder, steps)
        with _server(run) as server:
            _serve(run, server, door)
    except (Stopped, KeyboardInterrupt):
        pass
    finally:
        folder.release()
    steps.console.print("  Stopped, nothing lost. · 已停止,数据完好。", highlight=False, soft_wrap=True)


def _check_kind(folder: DataFolder, options: Options) -> None:
    """A folder is always a demo, or never: invented people must not mix with real ones. Raises BadOption."""
    kept = folder.read("kind.json").get("demo")
    if kept is None:
        return
    if kept != options.demo:
        if kept:
            raise BadOption(
                option="--no-demo", reason=f"{folder.path} holds the demo county; give another --data-dir", reason_zh="该数据目录为示范数据"
            )
        raise BadOption(
            option="--data-dir", reason=f"{folder.path} holds no demo; add --no-demo", reason_zh="该数据目录为正式数据,请加 --no-demo"
        )


@contextmanager
def _server(run: Run) -> Iterator[str]:
    """The owner's address of a server that answers, and the embedded server's end afterwards."""
    if run.options.dsn:
        try:
            yield run.options.dsn
        finally:
            _record_how_far(run, run.options.dsn)
        return
    run.postgres = Postgres(run.folder)
    try:
        with run.steps.step("Start Postgres · 启动数据库"):
            run.postgres.initialise()
            run.postgres.launch()
            if not run.options.processes:
                # The imports take longer than the server's start, so both run at the same time.
                importlib.import_module("deploy.compose")
            run.postgres.wait()
        yield run.postgres.dsn()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the stop of the database must not be interrupted
        _record_how_far(run, run.postgres.dsn())
        run.postgres.stop()


def _record_how_far(run: Run, server: str) -> None:
    """Record how far the database has come, so that a start over older files is refused.

    When the server has already stopped, the record of the start remains.
    """
    if not run.prepared:
        return  # a refused start has nothing to record
    with contextlib.suppress(psycopg.Error):
        remember_how_far(database.product_dsn(server), run.folder, database.PACKAGES)


def _serve(run: Run, server: str, door: socket.socket) -> None:
    watch = StopWatch(last=run.end_all_the_same)
    if run.options.processes:
        from deploy.children import run_children  # this shape only

        door.close()  # it was free; the gateway's own process opens it
        main, factory = run_children(run, server, watch), asyncio.new_event_loop
    else:
        import uvloop  # the supervisor of several processes does without

        with run.steps.step("Bring the schemas up to date · 更新数据库结构") as report:
            dsn = database.prepare(server, run.folder.path, report, wanted=wanted(run.folder, run.options)).dsn
        run.is_prepared()
        main, factory = run_embedded(run, dsn, door, watch), uvloop.new_event_loop
    run_until_stopped(main, factory, watch)


async def run_embedded(run: Run, dsn: str, door: socket.socket, watch: StopWatch) -> None:
    """All apps in this process, until cancelled."""
    from deploy import compose  # loaded while Postgres started

    signals = StopSignals(watch)
    keeping = run.keepers()
    with signals.watch():
        settings = run.settings(dsn)
        with run.steps.step("Open the house · 启动网关与四个服务"):
            house = compose.build(settings)
            await house.start()
        try:
            from deploy.figures import serve_figures  # FastAPI: the supervisor of several processes stays small

            beside = serve_figures(house.apps)
            if beside is not None:
                keeping.append(beside)
            server = server_for(house.app, edge=True)
            signals.force = lambda: setattr(server, "force_exit", True)
            serving = asyncio.create_task(server.serve(sockets=[door]))
            try:
                with run.steps.step("Wait for the first answer · 等待应答"):
                    if not await answers(run.options.port, serving.done):
                        raise AppSilent(app="gateway", seconds=PATIENCE, log="/readyz")
                if run.demo_is_due:
                    from deploy import demo  # only the first start of a demo needs it

                    with run.steps.step("Load the demo county · 载入示范县") as report:
                        await demo.load(settings, run.base_url, report)
                    run.demo_is_loaded()
                run.announce()
                await asyncio.wait({serving})
            finally:
                run.folder.remove("ready.json")
                await drain(house.leave)
                server.should_exit = True
                await asyncio.wait({serving})
        finally:
            await end(keeping, GRACE)
            await house.stop()
