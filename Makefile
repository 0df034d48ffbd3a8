# `make repro` and `make test` are all a fresh machine needs; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# mediapipe 0.10.21 has wheels up to Python 3.12. PYTHON=/path/to/python3.12 chooses one by hand.
PYTHON ?= $(firstword $(foreach name,python3.12 python3.11 python3 python,$(shell \
	$(name) -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $(name))))
PIP := $(BIN)/python -m pip install --disable-pip-version-check
# Of pip's thousand lines those that tell how far it has come; the exit code is pip's own.
SHOW := | awk '/^Collecting /{ if (++n % 25 == 0) print "  " n " packages found" } \
	/Downloading .*\([0-9.]+ (MB|GB)\)/{ size = $$(NF - 1); gsub(/[(]/, "", size); if (size + 0 >= 50 || /GB/) print "  downloading " $$2, $$(NF - 1), $$NF } \
	/^Installing collected/{ print "  installing, about two minutes" } { fflush() }'; exit $${PIPESTATUS[0]}
# Stages find the interpreter and dvc of the environment; more than a thread a process slows small tensors down.
ENV := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: help setup repro test lint bench bench-gpu first-run bench-readme growth intervals docs experiments ui dvc-yaml

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## Create .venv and install requirements.txt (once)

$(READY): requirements.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "error: no Python 3.11 or 3.12 found (python3 is $$(python3 --version 2>&1)); mediapipe 0.10.21 has no wheel" \
			"for other versions. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 12) or sys.exit(f"error: {sys.executable} is Python {v[0]}.{v[1]}; 3.11 or 3.12 is needed (mediapipe 0.10.21 has no wheel for others)")'
	@echo "Setting up $(VENV) with $$(grep -c == requirements.txt) packages and those that torch brings: 3.7 GB to download, 7.7 GB on disk," \
		"most of it torch's build for GPUs, which runs on a CPU too. What pip has kept is not downloaded again."
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(PIP) -r requirements.txt $(SHOW)
	@$(PIP) --quiet --no-deps --editable .
	@touch $@

repro: $(READY) ## Run the whole pipeline; the report is reports/index.html
	$(ENV) dvc repro
	@echo "Report: $(CURDIR)/reports/index.html"

test: $(READY) ## Run the tests
	$(ENV) OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(READY) ## Time everything against what people use (after make repro; ROWS="clips features", DATA=/path)
	$(ENV) PYTHONPATH=src:. python -m benchmarks.run $(ROWS) $(if $(DATA),--data "$(DATA)")

bench-gpu: $(READY) ## The rows that have a GPU's side
	$(ENV) PYTHONPATH=src:. python -m benchmarks.run $(ROWS) --device cuda

first-run: $(READY) ## Time `dvc repro` from nothing, stage by stage, of each of REVS
	$(ENV) PYTHONPATH=src:. python -m benchmarks.first_run $(REVS)

bench-readme: $(READY) ## Show in the README what was measured
	$(ENV) PYTHONPATH=src:. python -m benchmarks.readme

growth: $(READY) ## Measure what each stage costs as videos become many and long (ten minutes)
	$(ENV) PYTHONPATH=src:. python -m benchmarks.growth --out benchmarks/results/growth.json

intervals: $(READY) ## Simulate how often intervals hold what they promise (docs/intervals.md)
	$(ENV) PYTHONPATH=src python benchmarks/intervals.py

lint: $(READY) ## Check style and types
	$(ENV) ruff format --check src stages tests benchmarks examples
	$(ENV) ruff check src stages tests benchmarks examples
	$(ENV) mypy

dvc-yaml: $(READY) ## Bring the code dependencies in dvc.yaml up to date (after imports changed)
	$(ENV) PYTHONPATH=src:. python -m tests.pipeline.dvc_yaml

docs: $(READY) ## Write docs/parameters.md (after a parameter changed)
	$(ENV) actionrec params --markdown > docs/parameters.md

experiments: $(READY) ## List what was tried, with the accuracies
	$(ENV) actionrec experiments

ui: $(READY) ## Serve MLflow at http://127.0.0.1:5000 (and say where the report is)
	@echo "Report: $(CURDIR)/reports/index.html"
	@echo "Runs: http://127.0.0.1:5000/#/experiments/1/runs (MLflow opens with a page about language models)"
	$(ENV) MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow server --workers 1 --port 5000 \
		--backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}"
