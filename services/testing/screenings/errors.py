"""Problems of screenings.

Problem
├── ScreeningNotFound 404
├── CampaignNotFound 404
├── ReferralNotFound 404
└── ReferralClosed 409
"""

from kit.problems import Conflict, NotFound


class ScreeningNotFound(NotFound):
    """No such screening for this caller."""

    slug = "screening-not-found"
    title_zh = "未找到此次普检或无权查看"
    title_en = "No such screening for you"


class CampaignNotFound(NotFound):
    """No such campaign."""

    slug = "campaign-not-found"
    title_zh = "未找到此专项行动"
    title_en = "No such campaign"


class ReferralNotFound(NotFound):
    """No such referral for this caller."""

    slug = "referral-not-found"
    title_zh = "未找到此移交记录或无权查看"
    title_en = "No such referral for you"


class ReferralClosed(Conflict):
    """The police have already recorded the outcome."""

    slug = "referral-closed"
    title_zh = "此移交已办结"
    title_en = "This referral is closed"
