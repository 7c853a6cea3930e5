"""The pages of docs/ are true: what they say to type works as it stands, in order, in an empty folder."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from phantom import cli
from phantom.exam import preset
from phantom.recipe import toml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = ["index.md", "tutorial.md", *sorted(f"howto/{path.name}" for path in (DOCS / "howto").glob("*.md"))]
NAV = re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), flags=re.M)


def blocks(page):
    """Language, the file it is to be saved as, the package it needs, and text of each block."""
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / page).read_text("utf-8"), flags=re.M | re.S):
        named = {key: found[1] if (found := re.match(rf"# {key}: (\S+)\n", text)) else "" for key in ("file", "needs")}
        yield language, named["file"], named["needs"], text


def cells():
    """Those of the tutorial's notebook that are run, as the blocks of a page are."""
    for cell in json.loads((DOCS / "tutorial.ipynb").read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        named = re.match(r"%%writefile (\S+)\n", text)
        if cell["cell_type"] == "markdown":
            assert "```" not in text
        elif named:
            yield "python", named[1], "", text[named.end() :]
        elif text.startswith("!"):
            yield "sh", "", "", re.sub(r"^!", "", text, flags=re.M)
        else:
            yield "python", "", "", text


def shell(text):
    """Run the lines of a shell block that call phantom; `> file` takes what they print."""
    import contextlib
    import io

    for line in text.splitlines():
        command, _, target = line.partition(" > ")
        words = shlex.split(command, comments=True)
        if not words:
            continue
        assert words[0] == "phantom", line
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = cli.run(words[1:])
        assert code == 0, line
        if target:
            Path(target.strip()).write_text(out.getvalue(), "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_to_type_works(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "detector", None)
    del sys.modules["detector"]
    names = {"__name__": "page"}
    for language, file, needs, text in cells() if page == "tutorial.md" else blocks(page):
        if file:
            Path(file).write_text(text, "utf-8")
        elif language == "sh":
            shell(text)
        elif language == "python" and (not needs or importlib.util.find_spec(needs)):
            exec(compile(text, page, "exec"), names)
    sys.modules.pop("detector", None)


@pytest.mark.parametrize("page", PAGES)
def test_recipes_in_pages_are_recipes_and_blocks_have_a_language(page):
    text = (DOCS / page).read_text("utf-8")
    assert len(re.findall(r"^```\w+$", text, flags=re.M)) * 2 == len(re.findall(r"^```", text, flags=re.M))
    for language, _, _, block in blocks(page):
        assert language in ("sh", "python", "toml", "text")
        if language == "toml":
            assert preset.from_dict(toml.loads(block)).description


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_pages_have_the_options_they_use(page):
    """Also those that no test can run, such as a job array's."""
    for _, _, _, text in blocks(page):
        for line in re.findall(r"^phantom (?:[^\\\n]|\\\n)*", text, flags=re.M):
            words = shlex.split(line.replace("\\\n", " "), comments=True)
            command = cli.commands.get_command(None, words[1])
            known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            used = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert used <= known, line


def test_the_notebook_runs_what_the_tutorial_says():
    """Which the test above runs in place of the page."""
    page = [(language, file, re.sub(r"^# file: .*\n", "", text)) for language, file, _, text in blocks("tutorial.md")]
    assert [(language, file, f"{text}\n") for language, file, _, text in cells()] == page


def test_the_site_has_every_page_once():
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert sorted(NAV) == sorted(set(NAV))
    assert written | {"contributing.md", "changes.md", "security.md"} == set(NAV)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="needs the extra docs")
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        loads = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(https?:[^\"]+)\"", page.read_text("utf-8"))
        assert not [url for url in loads if 'rel="canonical"' not in url], page
