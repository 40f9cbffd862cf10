# Needs Python 3.11 or newer and make; everything else goes into .venv, nothing onto the machine.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

SUPPORTED := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)

VENV := .venv
BENCH_VENV := .cache/venv-bench
ENV := $(VENV)/.installed
BENCH_ENV := $(BENCH_VENV)/.installed
BIN := $(VENV)/bin

# What to hand to pytest or to the bench, as in: make test ARGS="-k ledger"
ARGS ?=

# How many examples hypothesis tries: `dev` is quick, `ci` thorough.
PROFILE ?= dev

# Each process of a parallel run starts servers of its own; the tests of a file stay together.
# Much of a test is waiting for a server, so two cores carry three.
PROCESSES ?= 3
PARALLEL = -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# Whatever the caller's shell points at, the code under test is the one of this directory.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# Each of the hundreds of processes of a run would compile every module.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env demo check test test-recipes test-faults soak test-kafka test-all bench lint format render clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(ENV)  ## install the package and its tools into .venv

demo: $(ENV)  ## run the whole thing here: broker, store, worker, exporter and simulated events
	@exec $(BIN)/stream-app demo $(ARGS)

check: lint  ## check what can be checked within a minute: style, types, architecture, words, pages, worked examples, rendered files
	@$(BIN)/stream-app render --check
	@exec $(BIN)/python -m pytest -q --hypothesis-profile=dev tests/test_architecture.py \
		tests/test_words.py tests/shipping/test_documents.py tests/shipping/test_automation.py tests/examples --ignore=tests/examples/test_identities.py

test: $(ENV)  ## run the tests, in three processes (PROCESSES=1 for one; PROFILE=ci as before a change lands)
	@exec $(BIN)/python -m pytest $(PARALLEL) --hypothesis-profile=$(PROFILE) -m "not slow" --ignore=tests/recipes --ignore=tests/faults $(ARGS)

test-recipes: $(ENV)  ## follow the recipes of CONTRIBUTING.md in copies of the repository
	@exec $(BIN)/python -m pytest $(PARALLEL) tests/recipes $(ARGS)

# Their deadlines are real.
test-faults: PROCESSES = 2
test-faults: $(ENV)  ## run the slow tests, most of them of faults, in two processes (PROCESSES=1 for one)
	@exec $(BIN)/python -m pytest $(PARALLEL) -m slow $(ARGS)

soak: $(ENV)  ## let things fail one after another for ten minutes, and compare every number (SOAK_MINUTES, SOAK_SEED)
	@SOAK_MINUTES="$${SOAK_MINUTES:-10}" exec $(BIN)/python -m pytest tests/faults/test_soak.py -o log_cli=true --log-cli-level=INFO $(ARGS)

test-kafka: $(ENV)  ## run the tests that need a broker on a real Apache Kafka (needs Java 17 and Maven)
	@exec $(BIN)/python -m pytest --broker=kafka --ignore=tests/faults $(ARGS)

test-all: check test test-recipes test-faults test-kafka  ## run everything

bench: $(BENCH_ENV)  ## measure, and compare with Quix Streams, and with Kafka Streams where Java 17 and Maven are
	@exec $(BENCH_VENV)/bin/python -m bench $(ARGS)

lint: $(ENV)  ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/biome format
	@$(BIN)/sqruff lint stream_app
	@$(call stylua,--check)

format: $(ENV)  ## put the code into the house's style
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/biome format --write
	@$(BIN)/sqruff fix stream_app
	@$(call stylua,)

render: $(ENV)  ## write schemas, dashboards, rules and tables anew
	@exec $(BIN)/stream-app render $(ARGS)

clean:  ## remove what make, the tools and the tests have left behind
	rm -rf $(VENV) .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# StyLua comes from npm alone; where that is missing or does not answer, Lua is left as it is.
STYLUA := npm exec --yes --package=@johnnymorganz/stylua-bin@2.5.2 -- stylua
define stylua
if $(STYLUA) --version >/dev/null 2>&1; then $(STYLUA) $(1) stream_app; else echo "no StyLua: Lua was left out"; fi
endef

$(ENV): pyproject.toml
	$(call install,$(VENV),dev)

$(BENCH_ENV): pyproject.toml
	$(call install,$(BENCH_VENV),bench)

# A virtual environment may have outlived its Python, and dependency groups need a newer pip than Python 3.11 brings.
define install
	@python="$(PYTHON)"; set -eu; \
	[ -n "$$python" ] || { echo "no Python 3.11 or newer on the PATH; say where: make PYTHON=/path/to/python3" >&2; exit 1; }; \
	"$$python" -c '$(SUPPORTED)' || { echo "$$python is not a Python 3.11 or newer" >&2; exit 1; }; \
	echo "installing into $(1) with $$("$$python" --version)"; \
	$(1)/bin/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear $(1); \
	$(1)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'; \
	PYTHONWARNINGS=ignore $(1)/bin/python -m pip install --quiet --editable '.[demo,report]' --group $(2); \
	touch $@
endef
