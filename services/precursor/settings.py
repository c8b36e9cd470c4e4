"""The settings of precursor, read by `create_app` alone."""

from pydantic_settings import SettingsConfigDict

from kit import intake


class PrecursorSettings(intake.LedgerSettings):
    """Environment prefix GUIKANG_PRECURSOR_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_PRECURSOR_", extra="ignore", frozen=True)
