"""What can stand in the way: one sentence in each language, a code of its own, no trace."""

from __future__ import annotations

import re
import string

import pytest

from deploy import problems
from deploy.problems import StartProblem


def every_problem() -> list[type[StartProblem]]:
    """Each problem but the one that carries a child's words."""
    return [kind for kind in StartProblem.__subclasses__() if kind is not problems.ChildFailed]


@pytest.mark.parametrize("kind", every_problem(), ids=lambda kind: kind.__name__)
def test_a_problem_is_one_sentence_in_english_and_one_in_chinese_with_a_code_of_sysexits(kind: type[StartProblem]) -> None:
    names = {name for text in (kind.__doc__ or "", kind.zh) for _, name, _, _ in string.Formatter().parse(text) if name}
    problem = kind(**dict.fromkeys(names, "x"))
    assert "\n" not in str(problem)
    assert str(problem).endswith((".", ")"))
    assert problem.chinese.endswith("。")
    assert re.search(r"[\u4e00-\u9fff]", problem.chinese)
    assert 64 <= problem.exit_code <= 78


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+) +(\d+)", problems.__doc__ or ""))
    assert drawn == {kind.__name__: str(kind.code) for kind in every_problem()}


def test_a_reason_is_told_in_the_language_of_its_sentence() -> None:
    problem = problems.BadOption(option="--clock", reason="a real county runs on real time", reason_zh="正式数据只能使用真实时间")
    assert str(problem) == "--clock cannot be used: a real county runs on real time."
    assert problem.chinese == "--clock 无法使用:正式数据只能使用真实时间。"
