"""Messages of the documents."""

from __future__ import annotations

from kit.schemas import Answer


class Label(Answer):
    """What a code is called."""

    zh: str
    en: str


class ProblemAbout(Answer):
    """What a problem type is about; `about` is for developers."""

    status: int
    zh: str
    en: str
    about: str
