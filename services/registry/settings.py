"""The settings of registry, read by `create_app` alone."""

from pydantic_settings import SettingsConfigDict

from kit import intake


class RegistrySettings(intake.LedgerSettings):
    """Environment prefix GUIKANG_REGISTRY_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_REGISTRY_", extra="ignore", frozen=True)
