"""The settings of the gateway, read by `create_gateway` alone."""

from __future__ import annotations

from datetime import date

from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Environment prefix GUIKANG_GATEWAY_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_GATEWAY_", extra="ignore", frozen=True)

    trusted_proxies: str = ""
    """Addresses or networks (comma) of the proxies before the gateway, whose X-Forwarded-For names the client. Empty: the header is ignored."""
    behind_tls: bool = False
    """TLS ends at a proxy before the gateway: say Strict-Transport-Security, and keep cookies to HTTPS."""
    cors_origins: str = ""
    """Origins (comma) of pages that may call the API from a browser, e.g. `https://desk.example`. Empty: none but the product's own."""
    second_factor_from: date = date(2021, 1, 1)
    """From this day a sign-in of the roles below needs a one-time code (GB/T 22239-2019 8.1.4.1 d, level 3). DEFAULT."""
    second_factor_roles: str = "county_officer,town_officer,police_officer,inspector,auditor,administrator"
    """Roles (comma) whose sign-in needs a one-time code from that day. DEFAULT."""
    known_origin_days: int = 90
    """Days for which an address that an account signed in from counts as known to it. DEFAULT."""
    approval_days: int = 7
    """Days after which a request that no second administrator confirmed lapses. DEFAULT."""

    def listed(self, text: str) -> list[str]:
        """The words of a setting that is a comma list."""
        return [part.strip() for part in text.split(",") if part.strip()]
