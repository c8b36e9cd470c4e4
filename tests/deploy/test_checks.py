"""The check command's bookkeeping: every tool runs, the last words are kept, one failure fails all."""

from __future__ import annotations

import pytest

from deploy import checks


@pytest.mark.parametrize(
    "line",
    [
        "12 passed in 3.21s",
        "===== 1 failed, 2 passed, 1 skipped in 0.50s =====",
        "3 passed, 1 warning in 61.20s (0:01:01)",
        "no tests ran in 0.01s",
    ],
)
def test_pytests_closing_line_is_known_with_and_without_its_frame(line: str) -> None:
    assert checks.CLOSING_LINE.search(line)


def test_a_tool_that_fails_says_so_and_its_last_word_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    verdict = checks.run(
        "tool", checks.python("-c", "print('first'); print('5 failed, 2 passed in 1.00s'); print('after'); raise SystemExit(3)")
    )
    assert not verdict.passed
    assert verdict.closing == "5 failed, 2 passed in 1.00s"
    assert "first" in capfd.readouterr().out


def test_everything_that_must_hold_is_asked_tests_last() -> None:
    assert list(checks.commands()) == ["ruff check", "ruff format", "import contracts", "types", "tests"]


def test_a_whole_run_uses_the_cores_there_are_up_to_four() -> None:
    assert checks.side_by_side(1) == []
    assert [checks.side_by_side(cores)[1] for cores in (2, 4, 64)] == ["2", "4", "4"]


def test_an_unknown_bench_names_those_that_exist() -> None:
    assert checks.bench(["no-such-bench"]) == 64
