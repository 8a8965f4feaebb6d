# What a newcomer needs: `make run`, `make test`. Everything else is for those who work on Zeus.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= 1
TESTERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.DEFAULT_GOAL := help
.PHONY: help run test coverage check format lock bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Zeus needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: $(BIN)/python requirements.lock pyproject.toml
	@echo "Installing what Zeus needs (checked against requirements.lock) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@echo "Installing the tools for checks and tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/.run ## start Zeus with a demo fleet on http://127.0.0.1:8080 (DEMO=0: empty)
	@if [ "$(DEMO)" = 0 ]; then exec $(BIN)/zeus serve; else exec $(BIN)/zeus serve --demo; fi

test: $(VENV)/.dev ## every test, on a real Postgres of its own
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder

coverage: $(VENV)/.dev ## branch coverage of the rules, at least 95 % of domain and of adapters/ocpp
	$(BIN)/python -m pytest tests/domain tests/stories tests/adapters/ocpp tests/application \
	  --cov=domain --cov=adapters/ocpp --cov=application --cov-branch --cov-report=term-missing
	@for part in domain adapters/ocpp; do \
	  printf '%s: ' $$part; $(BIN)/python -m coverage report --include="$$part/*" --format=total --precision=1 --fail-under=95 || exit 1; \
	done

check: $(VENV)/.dev ## format, lint, types, layers, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## put the code into house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.dev ## resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-strip-extras -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-strip-extras -c requirements.lock -o requirements-dev.lock

bench: $(VENV)/.run ## measure this machine against the bars of docs/performance.md
	$(BIN)/zeus bench

clean: ## remove the environment and caches, keep the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
