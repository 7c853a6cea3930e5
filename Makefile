# make demo    4 cases of preset `benign` into ./demo
# make test    the whole suite except what is slow
# make slow    what is slow        make lint    ruff        make types    mypy
#
# Needs Python 3.11 or newer, its `venv`, and the package index that pip already uses.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# one thread each: the tests run side by side, and the bytes must not depend on it
export OMP_NUM_THREADS = 1

.PHONY: demo test slow lint types clean

demo: $(VENV)/.installed
	$(BIN)/phantom generate --preset benign --out demo --overwrite

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n auto -m "not slow"

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -q -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check

types: $(VENV)/.dev
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "phantom needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@ $(VENV)/.installed
