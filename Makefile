# Định Kỳ. `make` lists what can be made.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
APPROVE ?=
ONCE ?=
PORT ?=
FROM ?=
TO ?=
DAY_SECONDS ?=

# Some machines forbid it, and then each of the service's processes reads every module as text: ten seconds instead of one.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo run year test test-year test-fast lint format bench docs lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## Make .venv with everything in it, the dinhky command included

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Không tìm thấy Python. Cần Python 3.11 hoặc 3.12 (gói python3.11)." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || \
	  { echo "Cần Python 3.11 hoặc 3.12; $(PYTHON) là $$("$(PYTHON)" --version 2>&1). Có thể chỉ rõ: make PYTHON=/đường/dẫn/python3.11 setup" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python này thiếu mô-đun venv; trên Debian hãy cài gói python3-venv." >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep -E '^uv==' requirements.txt | cut -d' ' -f1)"
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirements requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: setup ## Play Phúc Lợi's first quarter of 2026 on a fast clock (APPROVE=auto, ONCE=1, PORT=8081)
	@$(BIN)/dinhky demo $(if $(filter auto,$(APPROVE)),--approve auto) $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

run: setup ## Run the service on the real clock, on 127.0.0.1 (PORT=8081)
	@$(BIN)/dinhky serve $(if $(PORT),--port $(PORT))

year: setup ## Play all communes' year under the real scheduler (FROM=2026-02-02 TO=2027-01-15 DAY_SECONDS=3 ONCE=1)
	@$(BIN)/dinhky year $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(DAY_SECONDS),--day-seconds $(DAY_SECONDS)) $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

test: setup ## Run every test: those that wait for clocks and servers one by one, the others on what they leave of the cores
	@mkdir -p var
	@nice -n 19 $(BIN)/pytest -m "not system" -n 2 --dist worksteal > var/tests-beside.txt 2>&1 & beside=$$!; \
	  $(BIN)/pytest -m system; clocked=$$?; \
	  wait $$beside; beside=$$?; cat var/tests-beside.txt; exit $$((clocked || beside))

test-year: setup ## Play a quarter of all communes under the real scheduler beside the simulation (ten minutes)
	$(BIN)/pytest -m year

test-fast: setup ## Run the tests that start no other process
	$(BIN)/pytest -m "not system" -n 2 --dist worksteal

lint: setup ## Check format, style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --allow-untyped-decorators dags/*.py
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## Measure speed beside what one would use instead, as ratios
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_outbox.py

docs: setup ## Write the documents that are made from the wording: docs/what-a-file-is-checked-for.md
	$(BIN)/python -m dinhky.cli.rules_document

lock: setup ## Compile requirements.in into requirements.txt
	$(BIN)/uv pip compile --quiet --python-version 3.11 --custom-compile-command "make lock" requirements.in --output-file requirements.txt

clean: ## Remove what was made here: .venv, var/demo, caches (the service's own var/service is kept)
	rm -rf .venv var/demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info plugins/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
