# SigmaSight. Each target sets up what it needs; only make and Python 3.11, 3.12 or 3.13 must be installed.
#
#   make install                                                    set up .venv, for a warehouse of your own
#   make demo [SOURCE=...] [PRICES=folder]                          load, build, publish, print a summary
#                                                                   (SOURCE: simulated, files, yfinance or vendors)
#   make test [ARGS="tests/flows -k lock"]                          tests that a commit needs, or pytest's arguments
#   make test-all [ARGS=...]                                        every test, including the long ones, property tests
#                                                                   with three times as many examples
#   make test-server [DATABASE_URL=...] [ARGS=...]                  tests of the warehouse and the API on that server, which is
#                                                                   for tests alone; default: PostgreSQL 16, with TLS
#   make check                                                      ruff, mypy, sqlfluff, dbt parse
#   make fuzz [ARGS=100000]                                         fuzz the positions file reader, ARGS files
#   make bench [ARGS=...]                                           benchmarks (tests/benchmarks/README.md)
#   make soak [ARGS="--minutes 10"]                                 load test of the API, with publications and restarts
#   make drills [ARGS="--only kills --minutes 2"]                   fault drills: kills, restarts, damage (docs/reliability.md)
#   make wheel                                                      build dist/sigmasight-*.whl
#   make pins [ARGS="--upgrade python3.11 python3.13"]              pin what pyproject.toml requires, with hashes
#   make stop                                                       stop the embedded database
#   make clean                                                      remove build output; the warehouse stays
#   make distclean                                                  clean, and remove the virtual environment
#   make erase CONFIRM=yes                                          remove the warehouse in .warehouse: portfolios, users,
#                                                                   history and keys

PYTHON ?= python3
SOURCE ?= simulated
PRICES ?=
ARGS ?=
CONFIRM ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BROWSER := $(VENV)/.browser

export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# compiled modules and rewritten tests are kept: making them again takes ten seconds of each process
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all test-server check fuzz bench soak drills wheel pins stop clean distclean erase
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

install: $(READY)
	@$(BIN)/sigmasight --version

demo: $(READY)
	@$(BIN)/sigmasight demo --source $(SOURCE) $(if $(PRICES),--prices "$(PRICES)")

# Three processes, because tests often wait; each file runs in one of them, files with builds first.
PYTEST := $(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder

test: $(READY)
	@$(PYTEST) -m 'not long' $(ARGS)

test-all: $(READY) $(BROWSER)
	@$(PYTEST) --hypothesis-profile long $(ARGS)

# DATABASE_URL of the command line is in the environment.
test-server: $(READY)
	@$(BIN)/python -m tests.servers.on_server $(ARGS)

# mypy runs in parallel: it takes as long as the others together.
check: $(READY)
	@set -e; step() { log="$(VENV)/check $$1.log"; start=$$(date +%s); name=$$1; shift; \
	    "$$@" > "$$log" 2>&1 || { printf '  %-13sfailed\n' "$$name"; cat "$$log"; exit 1; }; \
	    printf '  %-13sok   %s s\n' "$$name" $$(( $$(date +%s) - start )); }; \
	step 'mypy' $(BIN)/mypy & mypy=$$!; trap 'kill $$mypy 2>/dev/null || true' EXIT; \
	step 'ruff' $(BIN)/ruff check .; \
	step 'format' $(BIN)/ruff format --check .; \
	step 'dbt parse' $(BIN)/sigmasight dbt --warn-error parse; \
	step 'sqlfluff' sh -c 'eval "$$($(BIN)/sigmasight dbt-env)" && exec $(BIN)/python .ci/lint_sql.py lint --disable-progress-bar dbt_project'; \
	step 'sqlfluff api' sh -c 'cd api/queries && exec ../../$(BIN)/python ../../.ci/lint_sql.py lint --disable-progress-bar .'; \
	step 'sqlfluff chat' sh -c 'cd api/chat/tools && exec ../../../$(BIN)/python ../../../.ci/lint_sql.py lint --config ../../queries/.sqlfluff --disable-progress-bar .'; \
	wait $$mypy

fuzz: $(READY)
	@$(BIN)/python -m tests.fuzz_positions $(ARGS)

bench: $(READY)
	@$(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(READY)
	@$(BIN)/python -m tests.soak $(ARGS)

drills: $(READY)
	@$(BIN)/python -m tests.drills $(ARGS)

wheel: $(READY)
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist . && ls dist/sigmasight-*.whl

pins: $(READY)
	@$(BIN)/python .ci/constraints.py $(ARGS)

stop:
	@if [ -x $(BIN)/sigmasight ]; then $(BIN)/sigmasight stop; fi

clean: stop
	@rm -rf dist dbt_project/target dbt_project/logs logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean
	@rm -rf $(VENV) *.egg-info

erase:
	@if [ "$(CONFIRM)" != yes ]; then \
		echo 'This removes .warehouse: all portfolios, users, history and keys. make erase CONFIRM=yes does it.' >&2; \
		exit 1; \
	fi
	@$(MAKE) --no-print-directory stop && rm -rf .warehouse

# The environment is updated when the dependencies or their pinned versions change. The stamp is written last, so an
# interrupted setup is continued by the next run. Where constraints-hashes.txt has the files (Linux, x86_64), pip installs
# no other ones, and the project is built with the pinned hatchling; elsewhere the versions are pinned. The list is complete,
# so nothing is resolved (with dependencies, pip refuses a package that one of them asks for with an extra).
HASHED := $(filter Linux-x86_64,$(shell uname -sm | tr ' ' '-'))
PIP := $(BIN)/python -m pip install --quiet
# The driver of Chromium is large, and only some tests need it.
WITHOUT_BROWSER := sed '/playwright/d' constraints-hashes.txt > $(VENV)/hashes.txt

$(READY): pyproject.toml constraints.txt constraints-hashes.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else \
	    "SigmaSight needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is %d.%d: choose another, as in make PYTHON=python3.12 $(MAKECMDGOALS)" % v[:2])'
	@start=$$(date +%s); trap 'kill $$beat 2>/dev/null' EXIT; \
	echo 'Setting up $(VENV): this takes some minutes, the first time only'; \
	(while sleep 20 >/dev/null 2>&1; do echo "  ... $$(( $$(date +%s) - start )) s"; done) & beat=$$!; \
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || exit 1; \
	{ $(if $(HASHED),$(WITHOUT_BROWSER) && $(PIP) --require-hashes --no-deps --requirement $(VENV)/hashes.txt && \
	    $(PIP) --no-deps --no-build-isolation --editable .,$(PIP) --constraint constraints.txt --editable '.[dev,mcp,pdf]'); } || { \
	    echo 'The packages could not be installed: fix the error above (network? disk?) and run make again.'; exit 1; }; \
	touch $@; echo "  set up     $$(( $$(date +%s) - start )) s"

# Tests of the page drive a Chromium that the system has; without one they are skipped.
$(BROWSER): $(READY)
	@$(PIP) $(if $(HASHED),--require-hashes --no-deps --requirement constraints-hashes.txt,--constraint constraints.txt --editable '.[browser]') \
	    && touch $@
