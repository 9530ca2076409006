"""Why a till says no. Every class is one reason; nothing was written when one is raised."""

from __future__ import annotations


class TillError(Exception):
    """Something at the till is not as it must be."""


class BadAllowance(TillError):
    """This text is not an allowance that can pay here."""


class BadSignature(BadAllowance):
    """The program did not sign this allowance, or somebody changed it."""


class UnknownSigningKey(BadAllowance):
    """The key that signed it is not known here: it is another program's, or this till must sync first."""


class AllowanceExpired(BadAllowance):
    """Its time is over."""


class NotForThisTill(BadAllowance):
    """It is bound to another till or another store."""


class AllowanceUsedUp(BadAllowance):
    """Less is left of it than was asked."""


class JournalDamaged(TillError):
    """The journal was changed by somebody, or the disk lost a part of it. Nothing is written to it any more."""


class JournalInUse(TillError):
    """Another program holds this journal open."""


class UploadFailed(TillError):
    """The upload was not taken. Everything is still in the journal; try again later."""
