"""Errors a user can cause, and what the command line makes of them."""

from __future__ import annotations


class PhantomError(Exception):
    """Something failed that the user can mend: exit code 1, the message as it is, no traceback."""

    exit_code = 1


class UsageError(PhantomError):
    """Wrong use: a misspelt name, an impossible range, a folder that is not empty. Exit code 2."""

    exit_code = 2
