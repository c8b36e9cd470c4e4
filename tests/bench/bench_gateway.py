"""The gateway's cost per request beside its alternatives, all in one run (docs/performance.md): `python -m tests.bench.bench_gateway`.

The same upstream, a process that answers 1 KB of JSON, is asked directly, through our edge (every check on: token, revocation, role, limits), through a
plain httpx proxy without any check, and through HAProxy verifying ES256 where it is installed. What counts is CPU per request of the process in between,
from /proc, and the ratios within this run: this machine's requests per second say little about another.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import jwt
import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import Message, Receive, Scope, Send

from deploy.ports import free_port
from gateway.edge.edge import Edge
from gateway.edge.limits import QUOTAS, Limiter, Quota
from gateway.edge.pool import PoolUpstream
from gateway.edge.protocol import SERVER
from gateway.edge.routes import parse_table
from gateway.edge.upstream import AsgiUpstream, Upstream
from kit.auth import ACCESS, SigningKey, TokenVerifier, mint
from kit.clock import real_clock

CONNECTIONS = 16
ROUNDS = 3
REQUESTS = 6000
REQUESTS_HTTPX = 600
PATH = "/registry/v1/people/0192f0c1-7d3e-7c11-8f00-5b9d2f6a1c2e"
BODY = json.dumps({"items": [{"id": number, "name": "x" * 20} for number in range(21)]}).encode()
HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
TICK = os.sysconf("SC_CLK_TCK")
AIMS = {"edge / HAProxy ES256": 2.0, "edge / httpx proxy": 0.1, "embedded dispatch adds, µs": 50.0}
TABLE = """method,path,service,roles,body_limit,rate,purpose
GET,/registry/v1/people,registry,county_officer|social_worker,0,read,no
POST,/registry/v1/people,registry,county_officer,65536,write,no
GET,/registry/v1/people/{id},registry,county_officer|social_worker|town_officer,0,read,yes
GET,/alerts/v1/alerts/{id},registry,county_officer,0,read,no
"""


class FastUpstream(asyncio.Protocol):
    """Answers every request head with the same 1 KB, cheaply, so that what stands in between is the limit."""

    ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.ANSWER * data.count(b"\r\n\r\n"))


class Caller(asyncio.Protocol):
    """One keep-alive connection that asks again as soon as it is answered."""

    def __init__(self, request: bytes, left: list[int], times: list[float], done: asyncio.Future[None]) -> None:
        self.request, self.left, self.times, self.done = request, left, times, done
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.ask()

    def ask(self) -> None:
        if self.left[0] <= 0:
            self.transport.close()
            return
        self.left[0] -= 1
        self.buffer, self.begin = b"", time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer.endswith(BODY):
            if not self.buffer.startswith(b"HTTP/1.1 200"):
                raise AssertionError(self.buffer[:300])
            self.times.append(time.perf_counter() - self.begin)
            self.ask()
        elif b"HTTP/1.1 200" not in self.buffer[:12] and len(self.buffer) > 12:
            self.done.set_exception(AssertionError(self.buffer[:400]))
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done() and self.left[0] <= 0:
            self.done.set_result(None)


async def load(port: int, token: str, requests: int) -> list[float]:
    """Seconds of each request, CONNECTIONS at a time."""
    head = (
        f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: application/json\r\nAccept-Language: zh-CN\r\n"
        f"Purpose: supervision\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    loop, left, times = asyncio.get_running_loop(), [requests], list[float]()
    ends = [loop.create_future() for _ in range(CONNECTIONS)]
    for done in ends:
        await loop.create_connection(lambda done=done: Caller(head, left, times, done), "127.0.0.1", port)
    async with asyncio.timeout(120):
        await asyncio.gather(*ends)
    return times


# -- what stands in between, each in its own process


def edge_app(keys: dict[str, str], upstream: Upstream) -> Edge:
    """Our edge with every check on and quotas that the load does not reach."""
    outer, inner = (SigningKey.from_pem(keys[name].encode()) for name in ("outer", "inner"))
    verifier = TokenVerifier({"guikang": {outer.kid: outer.private.public_key()}}, typ=ACCESS, audience="guikang", max_life=900)
    limiter = Limiter({name: Quota(1_000_000, 1, 1_000_000) for name in QUOTAS})
    return Edge(_nothing, {"registry": upstream}, parse_table(TABLE), verifier, inner, {"revoked"}, real_clock, limiter)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await _small(scope, receive, send)


def httpx_proxy(upstream_port: int) -> Callable[[Scope, Receive, Send], Any]:
    """What one writes first: an httpx client passed through, no checks at all."""
    import httpx

    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{upstream_port}", trust_env=False)

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await client.request(scope["method"], scope["path"], headers=scope["headers"])
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"transfer-encoding"]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": answer.content})

    return proxy


def serve(kind: str, port: int, upstream_port: int, keys_file: str) -> None:
    """The body of a child process."""
    import uvicorn

    if kind == "upstream":

        async def run() -> None:
            server = await asyncio.get_running_loop().create_server(FastUpstream, "127.0.0.1", port)
            await server.serve_forever()

        uvloop.run(run())
    elif kind == "edge":
        app = edge_app(json.loads(Path(keys_file).read_text()), PoolUpstream("127.0.0.1", upstream_port))
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", loop="uvloop", **SERVER)
    else:
        uvicorn.run(
            httpx_proxy(upstream_port),
            host="127.0.0.1",
            port=port,
            log_level="warning",
            loop="uvloop",
            http="httptools",
            lifespan="off",
            access_log=False,
        )


def haproxy_config(folder: Path, port: int, upstream_port: int, public: bytes) -> Path:
    """One thread, ES256 verified on every request as its manual shows it."""
    (folder / "es256.pem").write_bytes(public)
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn 500
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend door
  bind 127.0.0.1:{port}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request deny unless {{ var(txn.alg) -m str ES256 }}
  http-request deny unless {{ var(txn.bearer),jwt_verify(txn.alg,"{folder}/es256.pem") -m int 1 }}
  default_backend street
backend street
  http-reuse always
  server registry 127.0.0.1:{upstream_port}
""")
    return config


@contextmanager
def child(command: list[str], port: int) -> Iterator[int]:
    """Run a process until it listens; its pid."""
    process = subprocess.Popen(command)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def cpu_seconds(pid: int) -> float:
    """utime + stime of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mb(pid: int) -> float:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


# -- one process: what the edge adds to a direct call


async def _small(scope: Scope, receive: Receive, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))],
        }
    )
    await send({"type": "http.response.body", "body": BODY})


async def embedded(keys: dict[str, str], token: str, rounds: int = 7, calls: int = 4000) -> float:
    """Microseconds that the edge adds to calling an app in the same process: median over rounds of the difference."""
    edge = edge_app(keys, AsgiUpstream(_small))
    headers = [
        (b"host", b"localhost"),
        (b"user-agent", b"bench"),
        (b"accept", b"application/json"),
        (b"accept-language", b"zh-CN"),
        (b"purpose", b"supervision"),
    ]
    headers.append((b"authorization", b"Bearer " + token.encode()))
    scope = {
        "type": "http",
        "asgi": {},
        "http_version": "1.1",
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": headers,
    }
    scope["client"] = ("127.0.0.1", 5)
    statuses = list[int]()

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if "status" in message:
            statuses.append(message["status"])

    async def timed(app: Callable[[Scope, Receive, Send], Any]) -> float:
        begin = time.process_time()
        for _ in range(calls):
            await app(scope, receive, send)
        return (time.process_time() - begin) / calls * 1e6

    found = [await timed(edge) - await timed(_small) for _ in range(rounds)]
    if set(statuses) != {200}:
        raise AssertionError(set(statuses))
    return statistics.median(found)


def main() -> dict[str, float]:
    """Measure and print; the ratios that have an aim. Raises AssertionError on an answer that is not 200."""
    outer, inner, es256 = SigningKey.generate(), SigningKey.generate(), ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    claims = {"sub": "a-1", "sid": "s-1", "roles": ["county_officer"], "scope": ["610822"], "jti": "0192f0c1"}
    token = mint(outer, typ=ACCESS, issuer="guikang", audience="guikang", claims=claims, now=now, life=900)
    times = {"iss": "guikang", "aud": "guikang", "iat": int(now.timestamp()), "exp": int(now.timestamp()) + 900}
    token_es = jwt.encode({**claims, **times}, es256, algorithm="ES256")
    public = es256.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    keys = {"outer": outer.pem().decode(), "inner": inner.pem().decode()}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "keys.json").write_text(json.dumps(keys))
        upstream = free_port()
        itself = [sys.executable, "-m", "tests.bench.bench_gateway", "serve"]
        pids = {"direct": stack.enter_context(child([*itself, "upstream", str(upstream), "0", ""], upstream))}
        cases: dict[str, tuple[int, str, int]] = {"direct": (upstream, token, REQUESTS)}
        for kind, label, requests in (("edge", "our edge", REQUESTS), ("httpx", "httpx proxy", REQUESTS_HTTPX)):
            port = free_port()
            pids[label] = stack.enter_context(child([*itself, kind, str(port), str(upstream), str(folder / "keys.json")], port))
            cases[label] = (port, token, requests)
        if Path(HAPROXY).exists():
            port = free_port()
            config = haproxy_config(folder, port, upstream, public)
            pids["HAProxy ES256"] = stack.enter_context(child([HAPROXY, "-db", "-q", "-f", str(config)], port))
            cases["HAProxy ES256"] = (port, token_es, REQUESTS)
        cost, rate, middle, tail = ({label: list[float]() for label in cases} for _ in range(4))
        for turn in range(ROUNDS + 1):  # the first warms up and is thrown away
            for label, (port, bearer, requests) in cases.items():
                cpu, begin = cpu_seconds(pids[label]), time.perf_counter()
                spent = sorted(uvloop.run(load(port, bearer, requests)))
                elapsed = time.perf_counter() - begin
                if turn:
                    cost[label].append((cpu_seconds(pids[label]) - cpu) / requests * 1e6)
                    rate[label].append(requests / elapsed)
                    middle[label].append(spent[len(spent) // 2] * 1e3)
                    tail[label].append(spent[len(spent) * 99 // 100] * 1e3)
        memory = {label: memory_mb(pid) for label, pid in pids.items()}
    median = statistics.median
    print(f"# Gateway: CPU per request, {CONNECTIONS} connections, {len(BODY)} B of JSON, median of {ROUNDS} rounds\n")
    print("| case | CPU µs/request | requests/s | p50 ms | p99 ms | RSS MB |\n|---|---|---|---|---|---|")
    for label in cases:
        busy = "–" if label == "direct" else f"{median(cost[label]):.0f}"
        print(
            f"| {label} | {busy} | {median(rate[label]):.0f} | {median(middle[label]):.2f} | {median(tail[label]):.2f} | {memory[label]:.0f} |"
        )
    ours = median(cost["our edge"])
    found = {"edge / httpx proxy": ours / median(cost["httpx proxy"]), "embedded dispatch adds, µs": uvloop.run(embedded(keys, token))}
    if "HAProxy ES256" in cases:
        found["edge / HAProxy ES256"] = ours / median(cost["HAProxy ES256"])
    print("\n| ratio | measured | aim | |\n|---|---|---|---|")
    for label, aim in AIMS.items():
        value = found.get(label)
        print(
            f"| {label} | – | ≤ {aim} | HAProxy is not installed |"
            if value is None
            else f"| {label} | {value:.3g} | ≤ {aim} | {'met' if value <= aim else 'missed'} |"
        )
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    else:
        main()
