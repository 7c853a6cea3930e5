"""For `make docs`: pages that stand at the root of the project are pages of the site too, and links fit both places."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md", "SECURITY.md": "security.md"}
_ELSEWHERE = ("README.md", "CODE_OF_CONDUCT.md", "CITATION.cff", "LICENSE")  # of a checkout, not of the site


def on_files(files, config):
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text("utf-8")))
    return files


def on_env(env, config, files):
    # the theme's search asks a server for a shim where pages are read from files: here nothing is asked of anybody
    config.extra["polyfills"] = []
    return env


def on_page_markdown(markdown, page, config, files):
    up = "../" * page.file.src_uri.count("/")
    for name, target in PAGES.items():
        markdown = re.sub(rf"\]\((?:\.\./)*{re.escape(name)}(#[\w-]+)?\)", rf"]({up}{target}\1)", markdown)
    if page.file.src_uri in PAGES.values():
        markdown = markdown.replace("](docs/", "](")
    for name in _ELSEWHERE:
        markdown = re.sub(rf"\[([^\]]+)\]\((?:\.\./)*{re.escape(name)}(?:#[\w-]+)?\)", r"\1", markdown)
    # a file of the project that is no page: its name alone
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+(?:examples|presets|phantom|tests)/[^)]*\)", r"`\1`", markdown)
