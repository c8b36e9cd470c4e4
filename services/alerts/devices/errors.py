"""Problems of registered devices.

Problem
├── DeviceNotFound 404    no device of this person is in use, or the person is not this caller's
└── DeviceTaken 409       the phone is registered for somebody else
"""

from kit.problems import Conflict, NotFound


class DeviceNotFound(NotFound):
    """No device of this person is in use."""

    slug = "device-not-found"
    title_zh = "此人没有正在使用的登记设备"
    title_en = "No registered device of this person is in use"


class DeviceTaken(Conflict):
    """One phone cannot show where two people are."""

    slug = "device-taken"
    title_zh = "此设备已登记给他人,一部手机只能由一人签到"
    title_en = "This device is registered for somebody else: one phone checks one person in"
