"""The settings of alerts, read by `create_app` alone."""

from datetime import date

from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class AlertsSettings(ServiceSettings):
    """Environment prefix GUIKANG_ALERTS_."""

    model_config = SettingsConfigDict(env_prefix="GUIKANG_ALERTS_", extra="ignore", frozen=True)

    point_days: int = 30
    """Days for which the exact point of a check-in is kept (PIPL art. 19, 28); afterwards only a coarse cell. DEFAULT."""
    checkin_days: int = 92
    """Days for which a check-in without its point is kept: the season that the flow detector compares with. DEFAULT."""
    dismissed_days: int = 90
    """Days after which a closed alert that nobody confirmed forgets whom it was about (PIPL art. 6, 47). DEFAULT."""
    ended_days: int = 365
    """Days after the end of a person's last measure for which confirmed alerts and reports of absence know whom they were about (domain 11.3). DEFAULT."""
    reports_only_from: date | None = None
    """From this day (Shanghai) detectors look only at what staff reported and at no check-in by phone, older ones included: for a county that reads the
    inputs of PIPL art. 6 and 28 narrowly (ADR 0005). Empty: check-ins by phone count."""
    device_required_from: date | None = None
    """From this day (Shanghai) a person's own check-ins are taken from a registered device alone; before, whoever has none registered needs the own account
    only. Empty: a device is required of those who have one. Set it when the stations have registered everybody's phone. DEFAULT.
    """
    office: str = ""
    """The office that issues bulletins, as printed. Empty: the county's name and 禁毒委员会办公室."""
    county_name: str = ""
    """The county, as printed. Empty: as the registry's divisions call it, and 全县 before they are loaded."""
    stream_seconds: int = 600
    """Life of one event stream; the client connects again with a fresh token and its last event id. DEFAULT."""
