# Every target makes the .venv it needs: nothing is done by hand before it.
#   make app [PORT=8866]   install and open the workbench     make test   install and pass the tests
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8866
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt
# A plain Linux install of torch takes the 5 GB CUDA build. Take the CPU build from where pip looks for
# wheels, if it looks anywhere, else from PyTorch's own index. GPU users: TORCH_INDEX=https://pypi.org/simple
ifdef TORCH_INDEX
  WHEELS := --index $(TORCH_INDEX) --index-strategy unsafe-best-match
else ifdef PIP_FIND_LINKS
  WHEELS := --find-links $(PIP_FIND_LINKS)
else ifeq ($(shell uname -s),Linux)
  WHEELS := --index https://download.pytorch.org/whl/cpu --index-strategy unsafe-best-match
endif
DEFINED := pyproject.toml constraints.txt

.PHONY: help install app lab test check bench torture

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Workbench needs Python 3.11 to 3.13; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv

.venv/.app: $(BIN)/uv $(DEFINED)
	@echo "Installing the workbench (about 2.4 GB on disk, a minute or two) …"
	$(UV) $(WHEELS) --editable '.[onnx,openvino,genai,lora]'
	@touch $@

.venv/.dev: .venv/.app
	@echo "Installing the tools for the tests …"
	$(UV) $(WHEELS) --editable '.[onnx,openvino,genai,lora,tf]' --group dev
	@touch $@

install: .venv/.app ## the environment of make app; the command is .venv/bin/workbench

app: .venv/.app ## open the workbench in a browser, on its built-in model, offline
	$(BIN)/workbench app --port $(PORT)

lab: .venv/.app ## open JupyterLab on the first notebook
	$(BIN)/workbench lab --port $(PORT)

check: .venv/.dev ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## everything: lint, types, layers, tests, notebooks
	$(BIN)/python -X importtime -c 'import workbench' 2>&1 | tail -n 1
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

bench: .venv/.dev ## time what the README promises; with nothing else running
	for script in tests/benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script; done

torture: .venv/.dev ## the long proofs
	$(BIN)/python -m pytest tests/torture -m '' --no-header
