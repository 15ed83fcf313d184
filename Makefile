# Everything runs from .venv, which is made once and again only when a requirements file changes.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install sandbox test check docs engine e2e

help: ## What can be made
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /\1\t/' | expand -t 12

install: $(INSTALLED) ## Make .venv and install what is needed

$(INSTALLED): requirements.txt requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || \
		{ echo "There is no $(PYTHON) here. Try: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Longhaul needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "Installing into .venv: about a minute, this once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

sandbox: $(INSTALLED) ## Deploy the dev stack into an AWS on this machine and play its next 24 hours
	@./longhaul sandbox run --stack dev --hours 24

test: $(INSTALLED) ## Run every test
	@$(BIN)/python -m pytest -q

check: $(INSTALLED) ## What CI runs: formatter, linter, type checker, tests, Pulumi's real engine
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/python -m pytest -q
	@$(MAKE) --no-print-directory e2e

docs: $(INSTALLED) ## Write the pages and schemas that are generated from the code
	@$(BIN)/python -m spec.reference > docs/job-reference.md
	@$(BIN)/python -m definitions.policies.operator_page > docs/operator-permissions.md
	@$(BIN)/python -m review.run_on_page > docs/run-on.md
	@mkdir -p docs/schema
	@./longhaul schema job > docs/schema/job.schema.json
	@./longhaul schema stack > docs/schema/stack.schema.json
	@$(BIN)/python -m tests.cli.ops.incident docs/incident.md

engine: ## Make a Pulumi CLI in .engine where none is on PATH: some minutes, once
	@command -v pulumi >/dev/null || sandbox/engine/install_cli.sh .engine

e2e: $(INSTALLED) ## Run the stack on Pulumi's real engine; skipped where there is neither a Pulumi CLI nor Go
	@command -v pulumi >/dev/null || ! command -v go >/dev/null || sandbox/engine/install_cli.sh .engine
	@echo "Running the stack dev on Pulumi's real engine: a minute or two"
	@$(BIN)/python -m pytest -q tests/e2e -rs
