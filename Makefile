# `make` lists the targets. CI calls the same ones.
PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
DECIDES := src/watchfloor/core tests/core tests/workflows tests/stories tests/entrypoints/http_ingest tests/entrypoints/mqtt/test_ingest.py tests/entrypoints/api/test_floor.py $(wildcard tests/entrypoints/console/pages/test_*_pages.py)
OFFLINE := --disable-socket --allow-hosts=127.0.0.1,localhost,::1 --allow-unix-socket
export WATCHFLOOR_HOME ?= $(CURDIR)/watchfloor-data

.DEFAULT_GOAL := help
.PHONY: help setup run run-full smoke test coverage test-core test-slow test-stories lint fix check peers bench measure docs lock shell db-reset

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@touch $@

$(PEERS)/.ready: benchmarks/peers/requirements.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime

setup: $(VENV)/.ready ## Create the environment with everything development needs

run: $(VENV)/.runtime ## Set up, then run everything live in one process, with demo data
	@PYTHONPATH=src $(BIN)/python -m watchfloor up --demo

run-full: $(VENV)/.runtime ## The same against PostgreSQL, Redis, RabbitMQ and an MQTT broker
	@: $${WATCHFLOOR_DATABASE_URL:?name your PostgreSQL} $${WATCHFLOOR_REDIS_URL:?name your Redis}
	@: $${WATCHFLOOR_BROKER_URL:?name your RabbitMQ} $${WATCHFLOOR_MQTT_URL:?name your MQTT broker}
	@PYTHONPATH=src $(BIN)/python -m watchfloor up --demo

test: $(VENV)/.ready ## The test suite: behaviour, exactness, stories; under five minutes
	$(BIN)/python -m pytest -m "not slow and not services and not browser" -n 2 --dist loadfile $(OFFLINE)

coverage: $(VENV)/.ready ## Branch coverage of core and workflows, which stays at 95 % or more
	$(BIN)/python -m pytest $(DECIDES) -m "not slow and not services and not browser" -n 2 --dist loadfile $(OFFLINE) -q --cov --cov-report=term:skip-covered

test-core: $(VENV)/.ready ## The pure core alone, in seconds
	$(BIN)/python -m pytest tests/core src/watchfloor/core -m "not slow" -q

test-slow: $(VENV)/.ready ## Statistics, load and kill tests
	$(BIN)/python -m pytest -m "slow and not services" -n 2 --dist loadgroup

test-stories: $(VENV)/.ready ## The stories on PostgreSQL, Redis, RabbitMQ and Mosquitto
	WATCHFLOOR_DATABASE_URL=$${STORIES_DATABASE_URL:-postgres://postgres@127.0.0.1:5432/watchfloor} \
	WATCHFLOOR_REDIS_URL=$${STORIES_REDIS_URL:-redis://127.0.0.1:6379/5} \
	WATCHFLOOR_BROKER_URL=$${STORIES_BROKER_URL:-amqp://guest:guest@127.0.0.1:5672//} \
	$(BIN)/python -m pytest tests/stories tests/workflows tests/services tests/entrypoints/mqtt $(wildcard tests/entrypoints/cli) -m "not browser"

smoke: $(VENV)/.ready ## Start the demo, sign in with a browser, see the wall move
	$(BIN)/python -m tools.smoke

lint: $(VENV)/.ready ## Format, lint, types, the law of imports, spelling, missing migrations
	$(BIN)/ruff format --check src tests tools benchmarks
	$(BIN)/ruff check src tests tools benchmarks
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/codespell src tests docs tools benchmarks README.md CONTRIBUTING.md CHANGELOG.md
	$(BIN)/python -m watchfloor manage makemigrations --check --dry-run

fix: $(VENV)/.ready ## Format and mend what can be mended by itself
	$(BIN)/ruff format src tests tools benchmarks
	$(BIN)/ruff check --fix src tests tools benchmarks

check: lint test ## Lint, then test: what CI does first

peers: $(PEERS)/.ready ## The environment of the libraries that the benchmarks compare with

bench: $(PEERS)/.ready ## Benchmarks beside the peers as ratios, compared with the stored run
	PYTHONPATH=src $(PEERS)/bin/python -m benchmarks.uncertainty
	PYTHONPATH=src $(BIN)/python -m benchmarks.thresholds
	@PYTHONPATH=src $(PEERS)/bin/python -m benchmarks.drift.label_event; one=$$?; \
	PYTHONPATH=src OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.drift && exit $$one

measure: $(VENV)/.ready $(PEERS)/.ready ## The figures in docs/measured, by hand
	$(BIN)/python -m tools.measure

docs: $(VENV)/.ready ## Write the reference pages that are read out of the code
	@$(BIN)/python -m tools.generate_reference

lock: ## Write the hashed requirements anew from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras --extra replay pyproject.toml -o requirements/runtime.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras --extra replay --extra fast --group dev pyproject.toml -o requirements/dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras --override benchmarks/peers/overrides.txt benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt

shell: $(VENV)/.ready ## A Python shell with everything set up
	$(BIN)/python -m watchfloor manage shell

db-reset: ## Forget everything in the data directory
	rm -rf "$(WATCHFLOOR_HOME)"
