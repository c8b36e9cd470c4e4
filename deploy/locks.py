"""How the locks are made: exact versions with hashes for every platform, without the address of a package index.

    requirements.lock        what runs                     (pyproject.toml, `dependencies`)
    requirements-dev.lock    that, and what tests need     (pyproject.toml, group `dev`)
    requirements-setup.lock  the installer, for machines without one (fetched with pip, hash-pinned too)

`uv.lock` and `pylock.toml` hold addresses; a requirements file with hashes does not, and pip alone can install it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from deploy.problems import PartMissing, StartProblem

PROJECT = Path(__file__).parent.parent
INSTALLER = "uv==0.13.9"
ADDRESS = re.compile(r"https?://|file://|--(extra-)?index-url|--find-links")


def addresses_in(text: str) -> list[str]:
    """Lines of a lock that name a place; a lock must have none."""
    return [line for line in text.splitlines() if ADDRESS.search(line)]


def _compile(uv: str, lock: str, *arguments: str, source: str | None = None) -> None:
    done = subprocess.run(
        [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header",
         "--no-emit-index-url", "--no-emit-find-links", "--output-file", lock, *arguments],
        cwd=PROJECT, input=source, text=True, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StartProblem(reason=f"the lock {lock} could not be made: {done.stderr.strip().splitlines()[-1]}")
    found = addresses_in((PROJECT / lock).read_text(encoding="utf-8"))
    if found:
        raise StartProblem(reason=f"the lock {lock} names a place: {found[0]}")


def make() -> None:
    """Write all three locks; versions that already stand in them are kept unless pyproject.toml asks for others."""
    uv = shutil.which("uv") or shutil.which(str(PROJECT / ".venv/bin/uv"))
    if uv is None:
        raise PartMissing(part="uv", reason=f"install {INSTALLER}")
    _compile(uv, "requirements.lock", "pyproject.toml")
    _compile(uv, "requirements-dev.lock", "pyproject.toml", "--group", "dev", "--constraint", "requirements.lock")
    _compile(uv, "requirements-setup.lock", "-", "--no-annotate", source=INSTALLER + "\n")
