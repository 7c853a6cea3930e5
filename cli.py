"""Launcher for a checkout: `python cli.py generate --preset benign`. The commands live in phantom/cli/."""

from phantom.cli import main

if __name__ == "__main__":
    main()
