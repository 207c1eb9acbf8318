# Two commands for a newcomer: `make demo` and `make test`. Everything they need is set up here.
# Needs: Python 3.11 or newer, make, and a reachable Python package index.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_VENV := .cache/uv
# Found or fetched; uv on the PATH spares the fetch an environment of its own.
HELM = PATH="$(abspath $(UV_VENV)/bin):$$PATH" $(BIN)/python -m wizard.adapters.helm_binary
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo test check fix e2e e2e-sandbox contract bench soak pictures controlplane schema lock build clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 16

# uv resolves and installs in seconds what takes pip many minutes; pip only brings uv itself, pinned by hash.
$(UV_VENV)/bin/uv: .ci/requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "wizard needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; set PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv --clear $(UV_VENV) || { echo "the venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@$(UV_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements/uv.txt
	@touch $@

$(STAMP): $(UV_VENV)/bin/uv .ci/requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(UV_VENV)/bin/uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@$(UV_VENV)/bin/uv pip sync --quiet --python $(BIN)/python --require-hashes .ci/requirements/dev.txt
	@$(UV_VENV)/bin/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP) ## a virtual environment in .venv with everything pinned

demo: setup ## see it work: deploys the demo profile to a simulated cluster on this machine
	@if [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && [ -z "$${CI:-}" ] && [ "$${TERM:-dumb}" != dumb ]; \
	  then WIZARD_HELM="$$($(HELM))" $(BIN)/wizard --profile demo; \
	  else WIZARD_HELM="$$($(HELM))" $(BIN)/wizard --profile demo --yes; fi

test: setup ## unit tests, and the main job on the sandbox; needs Python and the package index only
	@PATH="$(abspath $(UV_VENV)/bin):$$PATH" $(BIN)/python -m tests.contract tools > /dev/null
	@WIZARD_HELM="$$($(HELM))" WIZARD_UV="$(abspath $(UV_VENV)/bin/uv)" $(BIN)/python -m pytest
	@WIZARD_HELM="$$($(HELM))" WIZARD_E2E=sandbox $(BIN)/python -m pytest tests/e2e/test_main_job.py

contract: setup ## the API's contract on the sandbox, against what a real API server answers now
	@$(BIN)/python -m tests.controlplane build
	@PATH="$(abspath $(UV_VENV)/bin):$$PATH" $(BIN)/python -m tests.contract tools > /dev/null
	@WIZARD_HELM="$$($(HELM))" WIZARD_CONTRACT=controlplane \
	  $(BIN)/python -m tests.controlplane.netns -- $(BIN)/python -m pytest tests/contract

e2e-sandbox: setup ## all cases of the main job on the sandbox
	@WIZARD_HELM="$$($(HELM))" WIZARD_E2E=sandbox $(BIN)/python -m pytest tests/e2e $(E2E)

check: setup ## what CI checks: lint, format, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

fix: setup ## format and fix what can be fixed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

e2e: setup ## the main job on a real control plane (needs Go the first time)
	@$(BIN)/python -m tests.controlplane build
	@WIZARD_HELM="$$($(HELM))" \
	  $(BIN)/python -m tests.controlplane.netns -- $(BIN)/python -m pytest tests/controlplane tests/e2e tests/server $(E2E)

bench: setup ## the budgets of the design as ratios, measured in one run; writes .cache/bench.json
	@$(BIN)/python -m tests.controlplane build
	@WIZARD_HELM="$$($(HELM))" \
	  $(BIN)/python -m tests.controlplane.netns -- $(BIN)/python -m tests.bench --json .cache/bench.json

pictures: setup ## the README's pictures, from the real app on a sandbox, into docs/pictures
	@WIZARD_HELM="$$($(HELM))" $(BIN)/python -m tests.pictures

soak: setup ## ten minutes of random work on the sandbox: watchers right at the end, memory bounded; SOAK="--seed 2"
	@$(BIN)/python -m tests.soak --seconds 600 --clients 8 $(SOAK)

controlplane: setup ## a real control plane in the foreground; prints its kubeconfig
	@$(BIN)/python -m tests.controlplane build
	@$(BIN)/python -m tests.controlplane.netns -- $(BIN)/python -m tests.controlplane up

schema: setup ## write assets/schema/ again from the model
	@$(BIN)/wizard schema > assets/schema/profile.schema.json

lock: $(UV_VENV)/bin/uv ## pin the dependencies again (hashes, no index addresses)
	@$(UV_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --extra dev pyproject.toml .ci/requirements/build.in -o .ci/requirements/dev.txt
	@$(UV_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate .ci/requirements/uv.in -o .ci/requirements/uv.txt

build: setup ## the wheel and the source archive into dist/
	@$(UV_VENV)/bin/uv build --quiet --no-build-isolation --python $(BIN)/python

clean: ## remove what make made here (caches in ~/.cache/wizard stay)
	rm -rf $(VENV) .cache dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
