"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# no deadline: how long an example takes says more about the machine than about the code
settings.register_profile("phantom", deadline=None, max_examples=60)
settings.load_profile("phantom")

# an installed package brings its plugin by itself; a checkout names it
pytest_plugins = ["phantom.testing"]
