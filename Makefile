# make demo    4 cases of preset `benign` into ./demo
# make test    the whole suite except what is slow
# make quick   the part of it that a change breaks first, in under two minutes
# make slow    what is slow        make lint    ruff        make types    mypy
# make docs    the pages of docs/ as a site in ./site
# make sample  a small dataset in dist/, to try readers with; make dist: wheel and sdist beside it
# make lowest  a quick part of the tests with the lowest permitted version of every dependency, on the oldest Python
# make newest  the same part with the newest versions, on Python 3.13
#
# Needs Python 3.11 or newer, its `venv`, and the package index that pip already uses.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# one thread each: the tests run side by side, and the bytes must not depend on it
export OMP_NUM_THREADS = 1

# what a change breaks first: floors, recipes, numbers of the machine, tables, marks, the command line
FIRST := tests/test_floors.py tests/test_pages.py tests/test_errors.py tests/recipe tests/geometry tests/imaging \
	tests/scoring tests/dataset/format tests/cli/test_cli.py
# what the versions of packages decide about: files, pictures, marks, and one case from recipe to export
QUICK := tests/dataset/format tests/recipe tests/scoring/test_read.py tests/test_versions.py
LOW := .venv-lowest
NEW := .venv-newest

.PHONY: demo test quick docs sample dist slow lint types lowest newest clean

demo: $(VENV)/.installed
	$(BIN)/phantom generate --preset benign --out demo --overwrite

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto -m "not slow" --durations=15

quick: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n auto -m "not slow" --durations=5 $(FIRST)

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n auto -m slow --durations 15

sample: $(VENV)/.installed
	$(BIN)/phantom generate benchmark --cases 3 --set detector.binning=8 --out build/phantom-sample --overwrite
	$(BIN)/phantom verify build/phantom-sample
	mkdir -p dist && $(BIN)/python -m zipfile -c dist/phantom-sample.zip build/phantom-sample

dist: $(VENV)/.dev
	$(BIN)/python -m build --no-isolation --outdir dist

lint: $(VENV)/.dev
	$(BIN)/ruff check

types: $(VENV)/.dev
	$(BIN)/mypy

lowest:
	python3.11 -m venv --clear $(LOW)
	$(LOW)/bin/python -m pip install --quiet --disable-pip-version-check $$(python3.11 tools/lowest.py)
	@echo "lowest versions, on $$($(LOW)/bin/python --version):" $$(python3.11 tools/lowest.py)
	$(LOW)/bin/python -m pytest -q -m "not slow" -W ignore::DeprecationWarning -p no:cacheprovider $(QUICK)

newest:
	python3.13 -m venv --clear $(NEW)
	$(NEW)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[dicom,score]" "hypothesis>=6.90" "pytest>=8.0"
	$(NEW)/bin/python -m pytest -q -m "not slow" -p no:cacheprovider $(QUICK)

clean:
	rm -rf $(VENV) $(LOW) $(NEW) demo site build dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "phantom needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@ $(VENV)/.installed

$(VENV)/.docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@
