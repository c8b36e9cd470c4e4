"""The laws of DESIGN section 3 that can be read off the source. Each returns its violations as sentences."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable

from tests.house.source import Source, calls, strings

COMMITTERS = frozenset({"kit/work.py", "kit/jobs.py", "kit/follow.py", "kit/app/assembly.py", "services/alerts/detection/worker.py"})
"""The detector's step is a follower of its own service's check-ins: effect and position commit together, as in kit.follow (ADR 0005)."""
SERVICES = ("registry", "testing", "alerts", "precursor", "gateway")
BANNED_NAMES = re.compile(r"(^|/)(utils?|helpers?|common|base|managers?)(\.py|/)")
REAL_TIME = re.compile(
    r"^(datetime\.(datetime\.)?(now|utcnow|today)|(datetime\.)?date\.today|time\.(time|time_ns|localtime|gmtime)|pendulum\..*)$"
)
PERSONAL_WORDS = re.compile(r"(^|_)(name|full_name|phone|mobile|address|id_number|id_no|birth_date|birthday|lon|lat)($|_)")
FORBIDDEN_TO_READERS = re.compile(r"registry\.(measures|people|comanagement)\.(service|intake|ending)")
MAX_LINES = 400
KIT_FILES = 52
KIT_LINES = 6300


def one_commit(files: Iterable[Source]) -> list[str]:
    """Law 1: only the unit of work, a job's unit, a follower's batch and the audit sealer commit."""
    return [
        f"{file.path}:{line} commits"
        for file in files
        if file.path not in COMMITTERS and not file.path.startswith("deploy/")
        for line, name in calls(file.tree)
        if re.search(r"(session|connection|conn)\.commit$", name)
    ]


NOTED_BY_CALLERS = frozenset({"place_person", "changed", "append_standing", "take_back_standing", "show_status"})
"""Writes a part of a larger act; each use case that calls it notes the act (moved, transferred)."""


def three_rows(files: Iterable[Source]) -> list[str]:
    """Law 2: a use case that writes business rows also notes them in the audit trail, itself or through a use case that it calls."""
    known = [file for file in files if re.search(r"^(services/\w+|gateway)/(\w+/)+\w+\.py$|^kit/steps/taking\.py$", file.path)]
    functions = {
        (file.path.removesuffix(".py").replace("/", "."), node.name): node
        for file in known
        for node in file.tree.body
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    }
    imported = {file.path.removesuffix(".py").replace("/", "."): _imports(file.tree) for file in known}
    notes = {key: _mentions(node, (".note", "audit.record", "in_work")) for key, node in functions.items()}
    writes = {key: _mentions(node, (".session.add", ".session.add_all", ".session.delete")) for key, node in functions.items()}
    inner = {
        key: {imported[key[0]].get(name, (key[0], name)) for _, name in calls(node)} & functions.keys() for key, node in functions.items()
    }
    changed = True
    while changed:
        changed = False
        for key, called in inner.items():
            for flags in (notes, writes):
                if not flags[key] and any(flags[other] for other in called):
                    flags[key] = changed = True
    return [
        f"{module.replace('.', '/')}.py:{node.lineno} {name} writes without an audit row"
        for (module, name), node in functions.items()
        if {"service", "administration", "machines"} & set(module.split(".")[-2:])
        and not name.startswith("_")
        and name not in NOTED_BY_CALLERS
        and node.args.args
        and node.args.args[0].arg == "work"
        and writes[module, name]
        and not notes[module, name]
    ]


def _imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Names in a module that stand for functions of others: `f` and `module.f`."""
    found: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = (node.module, alias.name)
    return found


def _mentions(node: ast.AST, endings: tuple[str, ...]) -> bool:
    return any(name.endswith(endings) for _, name in calls(node))


def time_is_an_argument(files: Iterable[Source]) -> list[str]:
    """Law 4: nobody but kit.clock reads the real time; a monotonic clock for timeouts is no time of day."""
    return [
        f"{file.path}:{line} reads the real time: {name}"
        for file in files
        if file.path != "kit/clock.py" and not file.path.startswith("deploy/")
        for line, name in calls(file.tree)
        if REAL_TIME.match(name)
    ]


def declared_steps_only(files: Iterable[Source]) -> list[str]:
    """Law 5: where a noun declares its steps, nothing assigns a state by name, and the declaration names its legal source."""
    known = list(files)
    declaring = [file for file in known if re.search(r"^(TRANSITIONS|STEPS)\b", file.text, re.MULTILINE)]
    found = [f"{file.path} declares steps without a source" for file in declaring if not re.search(r"art\. \d|domain \d|国办发", file.text)]
    nouns = {_noun(file.path) for file in declaring}
    for file in known:
        if _noun(file.path) in nouns:
            found += [f"{file.path}:{line} assigns a state by name" for line in _states_by_name(file.tree)]
    return found


def _noun(path: str) -> str:
    """The folder of a noun: a room that has grown into a package (`rules/`, `service/`) belongs to it."""
    return re.sub(r"/(rules|service|api|policy|repository|tables|schemas)$", "", path.rsplit("/", 1)[0])


def _states_by_name(tree: ast.Module) -> list[int]:
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                targets = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                pairs = zip(targets, values, strict=False)
                lines += [
                    node.lineno
                    for left, right in pairs
                    if isinstance(left, ast.Attribute) and left.attr == "state" and isinstance(right, ast.Constant)
                ]
    return lines


def machines_only_flag(files: Iterable[Source]) -> list[str]:
    """Law 6: what the registry hears from tests and alerts never reaches its measures or standings: it imports nothing that could change them."""
    found = []
    for file in files:
        if file.path != "services/registry/inbox.py":
            continue
        for node in ast.walk(file.tree):
            changes = isinstance(node, ast.ImportFrom) and FORBIDDEN_TO_READERS.search(node.module or "")
            if changes and isinstance(node, ast.ImportFrom):
                found += [f"{file.path}:{node.lineno} a reader can change {node.module}"]
    return found


def own_schema_only(files: Iterable[Source]) -> list[str]:
    """Law 9: no SQL text of one service names another service's schema."""
    found = []
    for file in files:
        own = file.path.split("/")[1] if file.path.startswith("services/") else "gateway" if file.path.startswith("gateway/") else ""
        if not own:
            continue
        foreign = re.compile(
            r"\b(?:from|join|into|update|table)\s+(" + "|".join(name for name in SERVICES if name != own) + r")\.\w+", re.IGNORECASE
        )
        found += [f"{file.path}:{line} names {match.group(1)}" for line, text in strings(file.tree) if (match := foreign.search(text))]
    return found


WAITS = "kit/waits.py"


def no_lost_end(files: Iterable[Source]) -> list[str]:
    """A wait never loses its cancellation: `wait_for` does on Python 3.11, and so does whoever swallows a CancelledError. `kit.waits` has what ends."""
    found = []
    for file in files:
        if file.path == WAITS:
            continue
        found += [f"{file.path}:{line} waits with wait_for" for line, name in calls(file.tree) if name.rpartition(".")[2] == "wait_for"]
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress") and file.path != OUTERMOST:
                found += [f"{file.path}:{node.lineno} swallows a cancellation" for kind in node.args if _is_end(kind)]
            elif (
                isinstance(node, ast.ExceptHandler)
                and _is_end(node.type)
                and not any(isinstance(part, ast.Raise) for part in ast.walk(node))
            ):
                found.append(f"{file.path}:{node.lineno} swallows a cancellation")
    return found


OUTERMOST = "deploy/stopping.py"
"""Where the cancellation of a process's main coroutine ends: nobody above waits for it."""


def _is_end(kind: ast.expr | None) -> bool:
    """Whether catching this catches a CancelledError: by name, as BaseException, or as everything."""
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(one is None or ast.unparse(one).rpartition(".")[2] in ("CancelledError", "BaseException") for one in kinds)


def small_files(files: Iterable[Source]) -> list[str]:
    """A file of more than 400 lines is split by noun."""
    return [f"{file.path} has {file.text.count(chr(10))} lines" for file in files if file.text.count("\n") > MAX_LINES]


def a_small_kit(files: Iterable[Source]) -> list[str]:
    """The kit keeps to its budget, without its two libraries (ADR 0007)."""
    kit = [file for file in files if file.path.startswith("kit/") and not file.path.startswith(("kit/sheets/", "kit/intake/"))]
    lines = sum(file.text.count("\n") for file in kit)
    found = []
    if len(kit) > KIT_FILES:
        found.append(f"kit has {len(kit)} files, {KIT_FILES} are allowed")
    if lines > KIT_LINES:
        found.append(f"kit has {lines} lines, {KIT_LINES} are allowed")
    return found


def speaking_names(files: Iterable[Source]) -> list[str]:
    """No utils, helpers, common, base, manager."""
    return [f"{file.path} says nothing" for file in files if BANNED_NAMES.search(file.path)]


def pure_rules(files: Iterable[Source]) -> list[str]:
    """Rules import the standard library (and its backport), the declaration of steps, their own noun's words, and rules of the kit that this law judges too."""
    allowed = re.compile(
        r"^(__future__|typing_extensions|kit\.clock|kit\.steps\.machine|kit\.\w+\.rules|services\.\w+\.\w+(\.(?!service|repository|tables|api|schemas|policy)\w+)*)$"
    )
    found = []
    for file in files:
        if not (file.path.endswith("/rules.py") or "/rules/" in file.path):
            continue
        for node in ast.walk(file.tree):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [
                f"{file.path}:{getattr(node, 'lineno', 0)} imports {name}"
                for name in names
                if name.split(".")[0] not in sys.stdlib_module_names and not allowed.match(name)
            ]
    return found


def no_domain_word_in_the_kit(files: Iterable[Source]) -> list[str]:
    """The kit knows no domain word."""
    words = re.compile(
        r"\b(measures?|isolation|rehabilitation|narcotics?|drugs?|urine|couriers?|bulletins?|gatherings?|care_teams?)\b", re.IGNORECASE
    )
    found = []
    for file in files:
        if file.path.startswith("kit/") and file.path != "kit/roles.py":  # role labels say what an office is called
            for number, line in enumerate(file.text.splitlines(), 1):
                if match := words.search(line):
                    found.append(f"{file.path}:{number} says {match.group(0)!r}")
    return found


RIDDLES = re.compile(r"(?<!\b[Tt]here )\b(is|are) no (?!longer\b)\w|(?<!\b[Tt]here )\b(is|are) none\b|\bnone any more\b")
"""`is not a`, never `is no`: a reader whose second language is English stops at the second. "There is no" and "is no longer" are plain."""
TALES = re.compile(r"_?(say|told_of|said_of|hear_\w+|wish\w*)", re.IGNORECASE)


def plain_english(files: Iterable[Source]) -> list[str]:
    """Comments and docstrings say `is not a`, and names are nouns and verbs of the field."""
    found = []
    for file in files:
        for line, text in [*_comments(file.text), *_docstrings(file.tree)]:
            if match := RIDDLES.search(" ".join(text.split())):
                found.append(f"{file.path}:{line} says {match.group(0)!r}")
        found += [f"{file.path}:{line} is named {name}" for line, name in _names(file.tree) if TALES.fullmatch(name)]
    return found


def _comments(text: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def _docstrings(tree: ast.Module) -> list[tuple[int, str]]:
    """Every string that stands alone: of a module, a class, a function, or below a field."""
    return [
        (node.lineno, node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


def _names(tree: ast.Module) -> list[tuple[int, str]]:
    """Names that a file gives: of functions, classes, arguments and variables."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append((node.lineno, node.name))
        elif isinstance(node, ast.arg):
            found.append((node.lineno, node.arg))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append((node.lineno, node.id))
    return found
