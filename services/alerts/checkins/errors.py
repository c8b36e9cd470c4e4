"""Problems of check-ins.

Problem
└── NothingAccepted 422    each refused item with its own code
"""

from collections.abc import Mapping

from kit.problems import Invalid

REFUSALS: Mapping[str, tuple[str, str]] = {
    "no_running_measure": (
        "此人当前没有正在执行的措施,或不由您负责,不得采集位置",
        "no lawful measure is running for this person, or they are not yours: no location may be taken",
    ),
    "clock_ahead": ("时间晚于当前时间,请校正手机时钟", "the time lies in the future; correct the phone's clock"),
    "clock_unset": (
        "手机时钟未校准,无法确定签到时间,请校准时钟后重新发送(请勿删除此条)",
        "the phone's clock is not set, so nobody can tell when this was; set the clock and send it again, and do not delete it",
    ),
    "not_in_care_team": (
        "您不是此人的帮教小组成员,也未受指派,不得代为签到",
        "you are not on this person's care team and were not assigned to them: you cannot check in for them",
    ),
    "too_old": ("超过位置保存期限,不再接收", "older than locations may be kept"),
    "source_not_yours": (
        "本人只能以手机方式签到,工作人员不得以本人手机方式代签",
        "a person checks in by their own phone only, and nobody else checks in as that phone",
    ),
    "not_the_device": (
        "此手机不是为本人登记的设备,请到社区登记后重新发送(请勿删除此条)",
        "this phone is not the device that is registered for this person; have it registered and send this again, and do not delete it",
    ),
    "no_position": (
        "手机没有定位(坐标为零点或极地),请重新定位",
        "the phone had no fix (the zero point or a pole); take the position again",
    ),
    "key_used": (
        "此签到编号已用于此人的另一次签到,请另编号重传",
        "this id names another check-in of the person; send it under an id of its own",
    ),
    "malformed": ("此条不是有效的签到记录", "this is not a check-in"),
}
"""Code → the message for an item."""


class NothingAccepted(Invalid):
    """No item of the batch could be taken."""

    slug = "no-check-in-accepted"
    title_zh = "没有可接收的签到"
    title_en = "No check-in could be accepted"
