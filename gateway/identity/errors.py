"""Problems of identity.

Problem
├── SignInFailed 401     wrong name, password, code, locked or disabled: one answer for all
├── EnrolmentRequired 403  the password is right, a second factor is needed and not enrolled yet
├── ClientRefused 401    a machine's assertion was not accepted: one answer for all
├── OwnRights 403        another administrator changes what this one may do
├── NameTaken, KeyTaken, StaffTaken 409
└── AccountNotFound, ClientNotFound, SessionNotFound 404
"""

from kit.problems import Conflict, Forbidden, NotFound, Problem


class SignInFailed(Problem):
    """The sign-in was refused; the answer never names the wrong part."""

    status = 401
    slug = "sign-in-failed"
    title_zh = "用户名、密码或动态口令不正确,或账号暂时锁定"
    title_en = "Wrong user name, password or code, or the account is locked for a while"


class EnrolmentRequired(Forbidden):
    """A second factor is needed: POST /auth/v1/totp/enrolment gives the secret, the next sign-in carries its code."""

    slug = "second-factor-enrolment-required"
    title_zh = "须先绑定动态口令"
    title_en = "A second factor must be enrolled first"


class KeyTaken(Conflict):
    """The key was registered before: keys are never shared, and a withdrawn one does not come back."""

    slug = "key-taken"
    title_zh = "此公钥已登记过"
    title_en = "This key was registered before"


class StaffTaken(Conflict):
    """The member of staff has an account."""

    slug = "staff-taken"
    title_zh = "此工作人员已有账号"
    title_en = "This member of staff has an account"


class ClientRefused(Problem):
    """The client assertion was refused."""

    status = 401
    slug = "client-refused"
    title_zh = "客户端身份验证未通过"
    title_en = "The client could not be authenticated"


class OwnRights(Forbidden):
    """An administrator's own roles and scope are another administrator's to change."""

    slug = "own-rights"
    title_zh = "不能更改自己的角色和辖区"
    title_en = "Your own roles and scope are another administrator's to change"


class NameTaken(Conflict):
    """The user name or client id exists."""

    slug = "name-taken"
    title_zh = "名称已被使用"
    title_en = "This name is taken"


class AccountNotFound(NotFound):
    """No such account."""

    slug = "account-not-found"
    title_zh = "没有这个账号"
    title_en = "No such account"


class ClientNotFound(NotFound):
    """No such client."""

    slug = "client-not-found"
    title_zh = "没有这个客户端"
    title_en = "No such client"


class SessionNotFound(NotFound):
    """No such session of this account."""

    slug = "session-not-found"
    title_zh = "没有这个会话"
    title_en = "No such session"
