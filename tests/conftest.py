"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from phantom import cli

# no deadline: how long an example takes says more about the machine than about the code
# the same examples on every run: a test that fails, fails again. New ones: pytest --hypothesis-profile=search
settings.register_profile("phantom", deadline=None, max_examples=60, derandomize=True, database=None)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("phantom")

# an installed package brings its plugin by itself; a checkout names it
pytest_plugins = ["phantom.testing"]


@pytest.fixture
def phantom_(capsys):
    """Run a command line: its exit code, stdout and stderr."""

    def run(*arguments):
        code = cli.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run
