"""The settings of testing, read by `create_app` alone."""

from pydantic_settings import SettingsConfigDict

from kit import intake


class TestingSettings(intake.LedgerSettings):
    """Environment prefix GUIKANG_TESTING_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_TESTING_", extra="ignore", frozen=True)
