"""The settings of registry, read by `create_app` alone."""

from pydantic_settings import SettingsConfigDict

from kit import intake


class RegistrySettings(intake.LedgerSettings):
    """Environment prefix GUIKANG_REGISTRY_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_REGISTRY_", extra="ignore", frozen=True)

    institutions: str = ""
    """Codes (comma) of the supervised institutions that announce releases to this county (DRR art. 34), e.g. `yulin-isolation-2`: accounts and clients can
    be bound to these alone. Empty: to none."""
