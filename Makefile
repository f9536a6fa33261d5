# Everything happens in .venv; PYTHON chooses the interpreter that it is made with.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# As pip does with what it copies: where Python may not keep bytecode, a start takes a tenth of a second longer.
COMPILE := $(BIN)/python -m compileall -q aggregator

.PHONY: help run test lint bench clean
.DELETE_ON_ERROR:

help:  ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

run: $(VENV)/.installed  ## run the whole job over the feeds in the package, and say where the outputs are
	$(BIN)/aggregator demo

test: $(VENV)/.installed-dev  ## run the whole suite
	$(BIN)/pytest

lint: $(VENV)/.installed-dev  ## check style, types and the order of the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-bench  ## measure cycles over generated feeds; other programs, too: make bench ARGS=--peers
	$(BIN)/python -m benchmarks.cycle $(ARGS)

clean:  ## remove .venv, caches and what the demo made
	rm -rf $(VENV) build dist *.egg-info demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf tests/hexo/*/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are younger than pyproject.toml as long as what it asks for is installed.
$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	@echo "Installing the package and what it needs into $(VENV) …"
	@$(PIP) --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/pip
	@echo "Installing the package and the test tools into $(VENV) …"
	@$(PIP) --editable '.[dev]'
	@$(COMPILE)
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: pyproject.toml | $(BIN)/pip
	@echo "Installing the package and what it is measured with into $(VENV) …"
	@$(PIP) --editable '.[bench]'
	@$(COMPILE)
	@touch $(VENV)/.installed $@

# Debian's python3 comes without ensurepip: then venv leaves half of a folder behind.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null \
	    || { rm -rf $(VENV); echo "No virtual environment could be made; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
