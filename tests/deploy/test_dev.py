"""The `dev` script before there is a .venv: what it needs, and what it says when that is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from deploy.__main__ import app
from deploy.locks import addresses_in

PROJECT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-setup.lock")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout without .venv, as far as the script looks."""
    place = tmp_path / "checkout"
    place.mkdir()
    for name in ("dev", *LOCKS):
        shutil.copy2(PROJECT / name, place / name)
    return place


def tools(tmp_path: Path, *python: Path) -> str:
    """A PATH with the system's small tools and only this Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "env", "dirname", "readlink", "cat", "sha256sum", "id", "df", "awk", "grep", "mkdir", "rm", "flock"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    for index, path in enumerate(python):
        (folder / ("python3" if index == 0 else f"python3.{index}")).symlink_to(path)
    return str(folder)


def dev(place: Path, *arguments: str, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(place / "dev"), *arguments],
        cwd="/",
        env={"PATH": path, "HOME": str(place), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_needs_no_venv_and_no_python(copy: Path, tmp_path: Path) -> None:
    for arguments in ((), ("--help",), ("help",)):
        said = (
            dev(copy, *arguments, path=tools(tmp_path))
            if not (tmp_path / "bin").exists()
            else dev(copy, *arguments, path=str(tmp_path / "bin"))
        )
        assert said.returncode == 0
        assert "./dev up" in said.stdout
    assert not (copy / ".venv").exists()


def test_an_old_python_or_none_is_told_in_one_sentence(copy: Path, tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    said = dev(copy, "up", path=tools(tmp_path, old))
    assert said.returncode == 69
    assert said.stderr.strip().splitlines()[0].startswith("Python 3.11 or newer is needed, and Python 3.9.2 is what was found")
    (tmp_path / "bin" / "python3").unlink()
    assert "no Python is what was found" in dev(copy, "up", path=str(tmp_path / "bin")).stderr


def test_a_python_without_venv_and_pip_names_the_package_to_install(copy: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare-python"
    bare.write_text(
        f'#!/bin/sh\n[ "$1" = -m ] && exit 1\n[ "$1" = -c ] && [ "${{2#*executable}}" != "$2" ] && echo "{bare}" && exit 0\nexit 0\n'
    )
    bare.chmod(0o755)
    said = dev(copy, "up", path=tools(tmp_path, bare))
    assert said.returncode == 69
    assert "apt install python3-venv" in said.stderr
    assert not (copy / ".venv").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(copy: Path, tmp_path: Path) -> None:
    copy.chmod(0o555)
    said = dev(copy, "up", path=tools(tmp_path, Path(sys.executable)))
    assert said.returncode == 77
    assert str(copy) in said.stderr


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_with_hashes_and_names_no_place(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    assert addresses_in(text) == []
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert entries
    assert all("==" in line and line.endswith("\\") for line in entries)


def test_the_development_lock_holds_the_runtime_lock() -> None:
    def pins(name: str) -> set[str]:
        return {
            line.split(" ")[0]
            for line in (PROJECT / name).read_text(encoding="utf-8").splitlines()
            if "==" in line and not line.startswith(" ")
        }

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_every_command_of_the_script_is_a_command_of_the_program() -> None:
    listed = {line.split()[1] for line in dev(PROJECT, path=os.environ["PATH"]).stdout.splitlines() if line.startswith("  ./dev ")}
    said = subprocess.run([sys.executable, "-m", "deploy", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert all(f" {command} " in said for command in listed), listed


def test_help_names_every_command_that_a_person_calls(copy: Path, tmp_path: Path) -> None:
    told = set(re.findall(r"^  \./dev ([a-z]+)", dev(copy, "--help", path=tools(tmp_path)).stdout, re.MULTILINE))
    commands = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands if not command.hidden}
    assert told == commands - {"serve"}  # `up --processes` calls that one itself


def test_every_package_that_is_installed_for_running_is_used() -> None:
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\[=]", line)[0].lower() for line in wanted}
    folders = ("deploy", "gateway", "kit", "services")
    sources = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in sorted((PROJECT / folder).rglob("*.py")))
    modules = set(re.findall(r"^ *(?:from|import) (\w+)", sources, re.MULTILINE)) | set(
        re.findall(r"(?:files|find_spec)\(\"(\w+)\"", sources)
    )
    used = {name.lower().replace("_", "-") for module in modules for name in packages_distributions().get(module, [])}
    assert names - used == {"python-multipart"}  # FastAPI reads uploaded forms with it
