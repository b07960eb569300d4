# Needs Python 3.11 or newer, gcc, git and make; everything else comes into .venv by itself.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Where `make run` puts its made-up market.
DATA := tianping-data
# Orders of the market that `make bench` measures on; the disk is checked first. ALL=--all: also what large markets leave out.
ORDERS ?= 1000000
# Open cases of the desk that `make bench` measures on.
CASES ?= 1000000
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help run test check spec bench lock format clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | expand -t 10

run: $(READY)  ## a made-up market in ./tianping-data, its morning table, and the console at http://127.0.0.1:8650
	@$(BIN)/tianping --home $(DATA) demo
	@$(BIN)/tianping --home $(DATA) serve

test: $(READY)  ## all tests
	@scripts/system
	@$(BIN)/pytest -n 2 --dist worksteal

check: $(READY)  ## everything a change must pass: format, lint, types, floors, packs, tests, specification
	@$(BIN)/ruff format --quiet --check --diff
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > .venv/floors.log || { cat .venv/floors.log; exit 1; }
	@$(BIN)/tianping policy check
	@$(MAKE) --no-print-directory test spec

spec: $(READY)  ## rows of the specification that no passing test proves
	@$(BIN)/python scripts/proofs.py

bench: $(READY)  ## seconds and memory of simulate, import, close, explain beside their aims (ORDERS=1000000 CASES=1000000)
	@$(BIN)/python scripts/bench.py $(ORDERS) $(ALL)
	@$(BIN)/python scripts/desk.py $(CASES) sqlite
	@$(BIN)/python scripts/desk.py $(CASES) postgres
	@$(BIN)/python scripts/desk_api.py 200 10

lock: $(READY)  ## pin and hash the dependencies anew (UPGRADE=--upgrade for newer ones)
	@$(COMPILE) $(UPGRADE) pyproject.toml -o requirements/main.txt
	@$(COMPILE) $(UPGRADE) --group dev pyproject.toml -o requirements/dev.txt

format: $(READY)  ## put the code in order
	@$(BIN)/ruff check --quiet --fix --exit-zero
	@$(BIN)/ruff format --quiet

clean:  ## remove what can be made again (not ./tianping-data)
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -prune -exec rm -rf {} +

$(READY): requirements/main.txt requirements/dev.txt pyproject.toml
	@echo "setting up .venv" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
