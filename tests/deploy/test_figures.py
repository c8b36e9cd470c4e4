"""The figures of all apps of one process, each metric once."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.figures import figures_app, metrics_port
from deploy.problems import BadOption
from kit.call import AsgiNeighbour
from kit.roles import Role
from tests.houses import Template, open_house

pytestmark = pytest.mark.anyio


async def test_one_answer_holds_every_apps_figures_and_each_family_once(template: Template) -> None:
    async with open_house(template) as house:
        await house.caller("registry", Role.COUNTY_OFFICER)("GET", "/registry/v1/divisions")
        await house.step()
        reply = await AsgiNeighbour(figures_app(house.house.apps)).request("GET", "/metrics", timeout=30)
    families = {family.name: family for family in text_string_to_metric_families(reply.body.decode())}
    assert reply.body.decode().count("# TYPE guikang_ready ") == 1
    ready = {sample.labels["service"]: sample.value for sample in families["guikang_ready"].samples}
    assert ready == dict.fromkeys(("registry", "testing", "alerts", "precursor", "gateway"), 1.0)
    feeds = {(sample.labels["service"], sample.labels["feed"]) for sample in families["guikang_feed_lag_seconds"].samples}
    assert feeds >= {("testing", "registry"), ("alerts", "registry"), ("alerts", "testing"), ("alerts", "precursor")}
    for name in ("pool_connections_in_use", "audit_unsealed_rows", "oldest_transaction_seconds", "disk_free_bytes"):
        assert len(families[f"guikang_{name}"].samples) == 5, name
    assert families["guikang_requests"].samples


@pytest.mark.parametrize(("given", "port"), [("", None), ("9101", 9101)])
async def test_the_port_is_the_operators(given: str, port: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIKANG_METRICS_PORT", given)
    assert metrics_port() == port


@pytest.mark.parametrize("given", ["0", "70000", "http", "٣", "-1"])
async def test_what_is_no_port_is_refused_with_a_sentence(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIKANG_METRICS_PORT", given)
    with pytest.raises(BadOption):
        metrics_port()
