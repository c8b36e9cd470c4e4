"""The laws that can be read off the source hold, and each bites when its violation is planted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.house import laws
from tests.house.source import Source, sources

Law = Callable[[Iterable[Source]], list[str]]

PLANTED: dict[Law, Source] = {
    laws.one_commit: Source("services/registry/people/service.py", "async def f(work):\n    await work.session.commit()\n"),
    laws.three_rows: Source("services/registry/people/service.py", "async def add(work):\n    work.session.add(1)\n"),
    laws.time_is_an_argument: Source(
        "services/alerts/alerts/rules.py", "from datetime import datetime\ndef f():\n    return datetime.now()\n"
    ),
    laws.declared_steps_only: Source(
        "services/precursor/draws/rules.py",
        "# 行政处罚法 art. 28\nTRANSITIONS = {}\ndef f(draw):\n    draw.state, draw.note = 'closed', ''\n",
    ),
    laws.machines_only_flag: Source("services/registry/inbox.py", "from services.registry.measures.service import transition\n"),
    laws.own_schema_only: Source("services/alerts/alerts/repository.py", "Q = 'select 1 from registry.person'\n"),
    laws.no_lost_end: Source("gateway/identity/revocations.py", "async def f(event):\n    await asyncio.wait_for(event.wait(), 2)\n"),
    laws.small_files: Source("kit/long.py", "x = 1\n" * 401),
    laws.a_small_kit: Source("kit/long.py", "x = 1\n" * (laws.KIT_LINES + 1)),
    laws.speaking_names: Source("services/registry/people/utils.py", ""),
    laws.pure_rules: Source("services/registry/people/rules.py", "import sqlalchemy\n"),
    laws.no_domain_word_in_the_kit: Source("kit/app/assembly.py", "MEASURES = 1\n"),
    laws.plain_english: Source("kit/call.py", "x = 1  # a closed door is no answer\n"),
}


@pytest.mark.parametrize("law", PLANTED, ids=lambda law: law.__name__)
def test_the_law_holds(law: Law) -> None:
    assert law(sources()) == []


@pytest.mark.parametrize("law", PLANTED, ids=lambda law: law.__name__)
def test_the_law_bites(law: Law) -> None:
    assert len(law([PLANTED[law]])) == 1


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("with contextlib.suppress(asyncio.CancelledError):\n    pass\n", 1),
        ("with suppress(OSError, CancelledError):\n    pass\n", 1),
        ("try:\n    pass\nexcept asyncio.CancelledError:\n    pass\n", 1),
        ("try:\n    pass\nexcept (OSError, BaseException):\n    x = 1\n", 1),
        ("try:\n    pass\nexcept:\n    x = 1\n", 1),
        ("try:\n    pass\nexcept asyncio.CancelledError:\n    x = 1\n    raise\n", 0),
        ("try:\n    pass\nexcept Exception:\n    x = 1\n", 0),
        ("with suppress(TimeoutError):\n    pass\n", 0),
    ],
)
def test_a_swallowed_cancellation_is_found(text: str, faults: int) -> None:
    assert len(laws.no_lost_end([Source("kit/wake.py", text)])) == faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ('"""The number that is none."""\n', 1),
        ('class A:\n    b: int\n    """Conflicts that are none\n    any more."""\n', 1),
        ("async def _say(event):\n    pass\n", 1),
        ("def f(wish):\n    told_of = wish\n", 2),
        ("class WishList:\n    pass\n", 1),
        ("# there is no row, and the key is no longer valid\nmessage = 'this is no number'\n", 0),
        ('def assay(sayings):\n    """None is not a number."""\n', 0),
    ],
)
def test_riddles_and_tales_are_found(text: str, faults: int) -> None:
    assert len(laws.plain_english([Source("kit/wake.py", text)])) == faults


def test_the_laws_bite_in_rooms_that_have_grown_into_packages() -> None:
    rules = Source("services/registry/measures/rules/terms.py", "import sqlalchemy\n")
    writer = Source("services/registry/measures/service/steps.py", "async def add(work):\n    work.session.add(1)\n")
    steps = Source("services/precursor/draws/rules/steps.py", "# 行政处罚法 art. 28\nTRANSITIONS = {}\n")
    assigns = Source("services/precursor/draws/service/closing.py", "def f(draw):\n    draw.state = 'closed'\n")
    assert len(laws.pure_rules([rules])) == 1
    assert len(laws.three_rows([writer])) == 1
    assert len(laws.declared_steps_only([steps, assigns])) == 1
