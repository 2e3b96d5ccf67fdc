# Chores of the project. `make help` lists them; CI calls nothing else.

PYTHON     ?= python3
LOG        ?= examples/access.log
REPORT     ?= report.html
WORKERS    ?= 2
FUZZ_LINES ?= 1000000
KILLS      ?= 500
CUTS       ?= 100000
EXAMPLES   ?= 100
EVALUATE   ?= ../shared/evaluate/evaluate.py
EVAL_ARGS  ?=
BENCH_ARGS ?=
DATA       ?= apisentinel-data
PORT       ?= 8080

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
WARM  := $(VENV)/.warm
PAGE  := src/apisentinel/_ui/.stamp
NODE  := $(BIN)/python hatch_build.py
# Kernels are Python sources; machine code is made again when one of them changes.
CODE  := $(shell find src -name '*.py' 2>/dev/null)
# The page is built again when one of its sources changes.
VIEW  := $(shell find ui \( -name node_modules -o -name coverage -o -name dist \) -prune -o -type f -print 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup run ui budget scan test fuzz kills nightly lint types layers bench eval docs resolve reference lock fmt ci clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml requirements.lock tools/setup.sh
	@PYTHON="$(PYTHON)" sh tools/setup.sh
	@touch $@

$(WARM): $(READY) $(CODE)
	@$(BIN)/python -m compileall -q src
	@$(BIN)/apisentinel doctor --warm
	@touch $@

$(PAGE): hatch_build.py $(VIEW) | $(READY)
	@$(NODE)
	@[ ! -e $@ ] || touch $@ # it stays when only times have changed

setup: $(READY) $(PAGE) $(WARM) ## make .venv with all pinned packages, build the page, compile the kernels (nothing to do when done)

run: setup ## start the service with demo traffic; it prints its address (PORT=…, DATA=…)
	@$(BIN)/apisentinel up --data-dir $(DATA) --port $(PORT) || [ $$? -eq 130 ] # Ctrl-C

ui: $(READY) $(PAGE) ## build the page, check it and run the tests of its parts
	$(NODE) check test

budget: setup ## measure how fast the page is, against its budget (UI_SLACK=3)
	$(BIN)/python -m pytest tests/ui/budget.py -p no:randomly -rP

scan: setup ## scan the sample log: report here and in report.html (LOG=…, REPORT=…)
	@$(BIN)/apisentinel scan $(LOG) --html $(REPORT)
	@echo "The report as a page: $(abspath $(REPORT))"

test: setup ## run all tests
	$(NODE) test
	$(BIN)/python -m pytest tests/ui
	$(BIN)/python -m pytest -n $(WORKERS)

fuzz: setup ## hostile lines through every parser (FUZZ_LINES=1000000)
	FUZZ_LINES=$(FUZZ_LINES) $(BIN)/python -m pytest -m fuzz -n $(WORKERS) tests

kills: setup ## kill the service under load, again and again (KILLS=500)
	KILLS=$(KILLS) $(BIN)/python -m pytest tests/unit/pipeline/live/test_kills.py -p no:randomly

nightly: setup ## what takes too long for every change: kills, power cuts, hostile lines (KILLS=500, CUTS=100000, EXAMPLES=100)
	KILLS=$(KILLS) STORAGE_KILLS=$(KILLS) POWER_CUTS=$(CUTS) $(BIN)/python -m pytest -n $(WORKERS) -p no:randomly \
		tests/unit/pipeline/live/test_kills.py tests/integration/storage
	SCHEMA_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -p no:randomly --timeout 3600 tests/api
	$(MAKE) --no-print-directory fuzz

lint: $(READY) ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NODE) check

types: $(READY) ## check types
	$(BIN)/mypy

layers: $(READY) ## check who imports whom
	$(BIN)/lint-imports

fmt: $(READY) ## repair style
	$(BIN)/python tools/list_kernel_modules.py
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure speed and memory: minutes, table in docs/reference/benchmarks.md (BENCH_ARGS=--quick)
	$(BIN)/python -m benchmarks.run $(BENCH_ARGS)

eval: setup ## measure detection with the acceptance measures, where they are (EVALUATE=…, EVAL_ARGS=…)
	@if [ -f "$(EVALUATE)" ]; then \
		mkdir -p build; \
		$(BIN)/python "$(EVALUATE)" --command $(abspath $(BIN))/apisentinel --json build/eval.json $(EVAL_ARGS) && \
		$(BIN)/python tools/write_quality.py build/eval.json; \
	else \
		echo "eval: $(EVALUATE) is not here, nothing measured"; \
	fi

docs: $(READY) ## build the documentation into site/; a broken link is an error
	$(BIN)/zensical build --clean --strict

resolve: $(READY) ## check that the core installs beside Flink and, apart, beside Spark (asks the package index)
	$(BIN)/python tools/resolve.py

reference: setup ## write the pages of docs/reference and the files of deploy/ that come from the code
	$(BIN)/python tools/write_reference.py
	$(BIN)/python tools/write_http_reference.py
	$(BIN)/python tools/gen_ts_types.py
	$(BIN)/python tools/write_deploy.py
	$(BIN)/python tools/detector_cards.py

lock: ## pin all packages again
	sh tools/lock.sh

ci: ## what the CI does
	.ci/run

clean: ## remove what builds and runs leave behind, .venv included
	rm -rf $(VENV) .uv site dist ui/node_modules src/apisentinel/_ui report.html .mypy_cache .ruff_cache .pytest_cache .hypothesis
