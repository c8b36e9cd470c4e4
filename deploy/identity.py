"""The user as which Postgres runs. Postgres refuses root, and containers and new servers often have no other user.

| started by | Postgres runs as |
|---|---|
| an ordinary user | that user |
| root, user namespaces allowed | root's files seen through a namespace as uid 1000 (`unshare --user`); needs no account, works under a 0700 home |
| root, else | `nobody`, when it may enter the data folder; binaries it may not enter are copied into the data folder |
| root, folder closed to others | a sentence (FolderUnreachable) |
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from deploy.problems import FolderUnreachable

UNSHARE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


class ChildUser(TypedDict, total=False):
    """The arguments of subprocess that change the user of a child."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Identity:
    """How to start a Postgres program: what to put before it, as which user, and from where."""

    bin: Path
    prefix: tuple[str, ...]
    user: ChildUser
    owner: int
    """The uid that must own the cluster's files, as seen from here."""

    @property
    def environment(self) -> dict[str, str]:
        """Only what Postgres needs: no PG* variable of the caller may change where it looks."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def give(self, path: Path) -> None:
        """Make the path, and all below it, belong to the identity; only root can and need do so."""
        if os.geteuid() != 0 or path.lstat().st_uid == self.owner:
            return
        group = self.user.get("group", 0)
        os.chown(path, self.owner, group, follow_symlinks=False)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder) / name, self.owner, group, follow_symlinks=False)


def can_unshare() -> bool:
    """Whether this kernel and container let us make a user namespace."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def open_to_others(path: Path) -> bool:
    """Whether any user may enter the folder and all folders above it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents) if folder.exists())


def choose_identity(binaries: Path, data_dir: Path, *, allow_namespace: bool = True) -> Identity:
    """Pick a row of the table above. Raises FolderUnreachable."""
    if os.geteuid() != 0:
        return Identity(binaries, (), {}, os.geteuid())
    if allow_namespace and can_unshare():
        return Identity(binaries, UNSHARE, {}, 0)
    nobody = pwd.getpwnam("nobody")
    if not open_to_others(data_dir.parent):
        raise FolderUnreachable(path=data_dir.parent)
    # The secrets in the folder keep their own modes (0700 and 0600); others may pass through, not look.
    data_dir.chmod(0o711)
    if not open_to_others(binaries):
        binaries = _copied_out(binaries, data_dir / "postgres-binaries")
    return Identity(binaries, (), {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}, nobody.pw_uid)


def _copied_out(binaries: Path, target: Path) -> Path:
    """The installation (about 41 MB) copied to where `nobody` may read it; made once per release of the binaries."""
    stamp, wanted = target / "made-from", f"{binaries} {(binaries / 'postgres').stat().st_mtime_ns}"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(target, ignore_errors=True)
        # Their own libraries stand beside the package, where the programs look for them ($ORIGIN/../../..): the copy keeps that order.
        package, libraries = binaries.parents[1], binaries.parents[2] / f"{binaries.parents[1].name}.libs"
        shutil.copytree(binaries.parent, target / package.name / binaries.parent.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name, symlinks=True)
        for path in (target, *target.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        stamp.write_text(wanted)
    return target / binaries.parents[1].name / binaries.parent.name / "bin"
