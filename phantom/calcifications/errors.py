"""Why a finding may be left out, or refused."""

from __future__ import annotations

from phantom.errors import PhantomError, UsageError


class NoPlace(PhantomError):  # noqa: N818 (it is no mistake)
    """This breast has no room for the finding (no artery long enough, no gland): it is left out, with the reason."""


class ImpossibleDistribution(UsageError):  # noqa: N818 (it says what is wrong)
    """A kind cannot be spread like that: rods do not lie anywhere but in ducts."""
