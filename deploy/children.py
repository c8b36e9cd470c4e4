"""The several-process shape: one `python -m deploy serve <app>` per service and for the gateway, on loopback, watched and restarted.

Each child gets the database's address without the owner's password, ends when this process ends (PR_SET_PDEATHSIG), and writes its own log.
Work that needs every table (schemas, the demo county) runs in a short-lived child, so that the supervisor stays small.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Never

import structlog

from deploy.database import address
from deploy.folder import INSIDE, DataFolder
from deploy.logfiles import open_log
from deploy.nameplate import remembered
from deploy.ports import Reserved
from deploy.postgres import die_with_parent
from deploy.problems import AppFailed, AppSilent, ChildFailed
from deploy.run import Run
from deploy.serving import GRACE, PATIENCE, StopSignals, answers, drain_seconds
from deploy.stopping import StopWatch
from kit.clock import real_clock
from kit.waits import end

log = structlog.get_logger()
SERVICES = ("registry", "testing", "alerts", "precursor")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before an app that ended is started again: doubled each time, and back to the first after a minute of life."""


def python_command(*arguments: str) -> list[str]:
    """The command line of another `python -m deploy`."""
    return [sys.executable, "-P", "-m", "deploy", *arguments]


class Child:
    """One app in its own process."""

    def __init__(self, name: str, port: int | Reserved, folder: DataFolder) -> None:
        """`port`: the port that a person asked for, or one that stays reserved for this app over all its restarts."""
        self.name, self.folder = name, folder
        self._reserved = port if isinstance(port, Reserved) else None
        self.port = port.port if isinstance(port, Reserved) else port
        logs = folder.path / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        self.log = logs / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = FIRST_PAUSE
        self._born = 0.0
        self._again_at: float | None = None

    @property
    def pid(self) -> int:
        """Its process number, 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    @property
    def status(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start it; from the main thread, because it ends with the thread that started it."""
        self._born = time.monotonic()
        # The owner's address is for migrations only; an app has its own login.
        environment = {key: value for key, value in os.environ.items() if key != "GUIKANG_DSN"}
        reserved = ["--reserved"] if self._reserved else []
        with os.fdopen(open_log(self.log), "ab") as log:
            self._process = subprocess.Popen(
                python_command("serve", self.name, "--data-dir", str(self.folder.path), "--port", str(self.port), *reserved),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )  # fmt: skip

    def revive(self) -> bool:
        """Start it again when it has ended and its pause is over; True when it was started."""
        if self.status is None:
            return False
        now = time.monotonic()
        if self._again_at is None:
            self._pause = FIRST_PAUSE if now - self._born > 60 else self._pause
            self._again_at = now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        if now < self._again_at:
            return False
        self._again_at = None
        self.start()
        return True

    async def stop(self) -> None:
        """Ask it to end (running requests first), make it end after twice the grace, and give its port back."""
        if self._reserved:
            self._reserved.close()
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, 2 * GRACE + drain_seconds())
        except subprocess.TimeoutExpired:
            log.error("app_did_not_end", service=self.name, pid=self._process.pid, seconds=2 * GRACE)
            self._process.kill()
            self._process.wait()

    def explain_silence(self) -> Never:
        """Raise AppFailed when it ended, AppSilent when it runs and does not answer."""
        if self.status is None:
            raise AppSilent(app=self.name, seconds=PATIENCE, log=self.log)
        raise AppFailed(app=self.name, status=self.status, log=self.log)

    def kill(self) -> None:
        """End it now."""
        if self._process and self._process.poll() is None:
            self._process.kill()


async def errand(command: str, run: Run, report: Callable[[str, int, int], None], **environment: str) -> dict[str, object]:
    """Run a hidden command in a child, show its progress, return its result (JSON lines on its standard output).

    Raises the problem that the child reports, or AppFailed with the child's log when it ends otherwise.
    """
    log = run.folder.path / "logs" / f"{command}.log"
    result: dict[str, object] | None = None
    with os.fdopen(open_log(log), "ab") as errors:
        child = await asyncio.create_subprocess_exec(
            *python_command(command, "--data-dir", str(run.folder.path)),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=os.environ | environment,
            start_new_session=True, preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )  # fmt: skip
    assert child.stdout is not None
    try:
        async for line in child.stdout:
            answer = json.loads(line)
            if "problem" in answer:
                raise ChildFailed(en=answer["problem"], zh=answer["zh"], code=answer["code"])
            if "result" in answer:
                result = answer["result"]
            else:
                report(answer["what"], answer["done"], answer["total"])
        await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    if child.returncode != 0 or result is None:
        raise AppFailed(app=command, status=child.returncode, log=log)
    return result


async def run_children(run: Run, server: str, watch: StopWatch) -> None:
    """Prepare the database, start every app, wait for each to answer, load the demo, watch until cancelled, stop the gateway first."""
    children = [Child(name, Reserved(), run.folder) for name in SERVICES] + [Child("gateway", run.options.port, run.folder)]
    inside = Reserved()
    signals = StopSignals(watch)

    def force() -> None:
        for child in children:
            child.kill()

    signals.force = force
    keeping = run.keepers()
    with signals.watch():
        try:
            with run.steps.step("Bring the schemas up to date · 更新数据库结构") as report:
                dsn = str((await errand("prepare", run, report, GUIKANG_DSN=server, GUIKANG_WANTED=run.wanted_text()))["dsn"])
                run.is_prepared()
            _write_addresses(run, dsn, children, inside)
            with run.steps.step("Open the house · 启动网关与四个服务") as report:
                for child in children:
                    child.start()
                for done, child in enumerate(children):
                    report(child.name, done, len(children))
                    if not await answers(child.port, lambda child=child: child.status is not None):
                        child.explain_silence()
            if run.demo_is_due:
                with run.steps.step("Load the demo county · 载入示范县") as report:
                    await errand("load-demo", run, report, GUIKANG_DSN=dsn)
                run.demo_is_loaded()
            run.pids = {child.name: child.pid for child in children}
            run.announce()
            await _watch(run, children)
        finally:
            await end(keeping, GRACE)
            run.folder.remove("ready.json")
            *services, gateway = children
            await gateway.stop()
            await asyncio.gather(*(child.stop() for child in services))
            inside.close()
            run.folder.remove("addresses.json")


def _write_addresses(run: Run, dsn: str, children: list[Child], inside: Reserved) -> None:
    """Where everything is, for the children; `inside`: the port at which the gateway answers the services.

    The clock's start comes with the instant at which it was set, so that all show the same time.
    """
    run.folder.write(
        "addresses.json",
        {
            "database": address(dsn),
            "demo": run.options.demo,
            "county": str(remembered(run.folder)["county"]),
            "clock": run.clock(),
            "clock_set_at": real_clock().isoformat(),
            "urls": {child.name: f"http://127.0.0.1:{child.port}" for child in children} | {INSIDE: f"http://127.0.0.1:{inside.port}"},
        },
    )


async def _watch(run: Run, children: list[Child]) -> None:
    """Start again what has ended; its neighbours answer 503 for its routes meanwhile."""
    while True:
        await asyncio.sleep(0.25)
        if [child.name for child in children if child.revive()]:
            run.pids |= {child.name: child.pid for child in children}
            run.write_ready()
