"""What goes wrong between here and there: which faults pass, how long to wait, and how to say it."""

from __future__ import annotations

import time

from vidstyle.errors import VidstyleError
from vidstyle.remote.addresses import masked

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each new attempt; after the last one it is given up."""

_FINAL = (
    FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ImportError,
    NotImplementedError, TypeError, AttributeError, VidstyleError,
)  # fmt: skip
_FINAL_NAMES = ("NoCredentialsError", "ParamValidationError", "InvalidURL", "NonHttpUrlClientError")
_PASSING_STATUS = (408, 425, 429)


class Attempts:
    """Counts the faults of one copy. A fault after some progress is counted anew: only a connection
    that brings nothing any more is given up."""

    def __init__(self) -> None:
        self._left, self._mark = list(PAUSES), 0

    def wait(self, error: Exception, mark: int = 0) -> None:
        """Waits before the next attempt; raises `error` where there is no use in one. mark: bytes so far."""
        if mark > self._mark:
            self._left, self._mark = list(PAUSES), mark
        if not passes(error) or not self._left:
            raise error
        time.sleep(self._left.pop(0))


def passes(error: Exception) -> bool:
    """Whether the same request may succeed in a moment."""
    cause = real(error)
    status = getattr(cause, "status", None)
    if isinstance(status, int) and 400 <= status < 500:
        return status in _PASSING_STATUS
    return not isinstance(cause, _FINAL) and type(cause).__name__ not in _FINAL_NAMES


def real(error: Exception) -> Exception:
    """What happened: over HTTP, fsspec calls every failure to look at an address a missing file."""
    cause = error.__cause__
    if not isinstance(error, FileNotFoundError) or not isinstance(cause, Exception):
        return error
    return error if getattr(cause, "status", None) == 404 else real(cause)


def reason(error: Exception) -> str:
    """Why, in a few words on one line, without credentials."""
    cause = real(error)
    if isinstance(cause, FileNotFoundError):
        return "it does not exist"
    if isinstance(cause, PermissionError) or getattr(cause, "status", None) in (401, 403):
        return "access is denied; check the credentials and what they allow"
    if type(cause).__name__ == "NoCredentialsError":
        return "there are no credentials for it (a public bucket: FSSPEC_S3_ANON=1)"
    if isinstance(cause, NotImplementedError):
        return "such addresses can only be read"
    text = " ".join(str(cause).split()) or type(cause).__name__
    return masked(text)
