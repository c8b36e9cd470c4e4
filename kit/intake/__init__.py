"""Workbooks taken in, from the upload to the commit: a job, a dry-run report, corrections by hand, all or nothing.

The mechanism is the same wherever workbooks come in: the file is kept sealed, read in a child process (kit.sheets), staged by COPY with every row sealed,
reported by row and code, corrected or discarded by a person, and taken over in one transaction. What the rows mean is the owner's: an `Intake` names the
words to look for, how a row is recognised again, which roles may do it, and what checking and taking over are.
"""

from kit.intake.api import intake_router
from kit.intake.committing import commit_job
from kit.intake.intake import Intake, Message
from kit.intake.keeping import LedgerSettings, sweep_job
from kit.intake.reading import read_job
from kit.intake.tables import IntakeTables

__all__ = ["Intake", "IntakeTables", "LedgerSettings", "Message", "commit_job", "intake_router", "read_job", "sweep_job"]
