# Two commands do everything on a fresh machine: `make demo` and `make test`; `make quick` is for every change.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

POOL ?= planted
LIFT ?=
TRIALS ?=
SAMPLE_SIZE ?= all
SEARCH ?= sweep
SEED ?= 1
SIZE ?=
KEEP ?=
K ?=
SINCE ?= HEAD

# Python reads compiled modules: without them each of Airflow's processes compiles for seconds.
unexport PYTHONDONTWRITEBYTECODE

PYTEST := scripts/in-memory $(BIN)/python -m pytest
BOTH := -n 2 --dist loadfile --no-loadscope-reorder
ONE_MORE := -n $(if $(FAULTS),4,3) --dist loadfile --no-loadscope-reorder # servers and schedulers wait much of their time
FAST := not slow and not e2e and not faults and not alone
SLOW := $(if $(FAULTS),(slow or e2e or faults),(slow or e2e) and not faults) and not alone
NO_MATRIX := $(if $(FAULTS),,not faults and)
ALONE_IN := tests/bench tests/integration tests/scorer_airflow tests/scorer_core
COVERED := --cov --cov-report=term

# Compose v2 where it is installed, else Debian's 1.29.
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
EVERY := --profile sim --profile demo --profile tools

.PHONY: demo cluster-trial quick test test-postgresql coverage faults fuzz reliability lint format requirements calibrate bench pictures clean help audit \
	compose-init compose-up compose-demo compose-down compose-backup compose-restore compose-faults

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: $(VENV)/.run ## the whole DAG on four simulated rigs; POOL= SIZE= LIFT= TRIALS= SAMPLE_SIZE= SEARCH= SEED= KEEP=1
	$(BIN)/python -m sim.demo --pool $(POOL) $(if $(TRIALS),--trials $(TRIALS)) --sample-size $(SAMPLE_SIZE) \
		--search $(SEARCH) --seed $(SEED) $(if $(SIZE),--size $(SIZE)) $(if $(LIFT),--lift $(LIFT)) $(if $(KEEP),--keep)

cluster-trial: $(VENV)/.test ## the README's steps "On a real cluster", with four SSH servers and a scheduler of this machine
	$(BIN)/python -m tests.trial

quick: $(VENV)/.test ## lint and types of what changed, and the tests that are not slow; K= to choose, SINCE= a commit
	SINCE="$(SINCE)" scripts/quick "$(K)"

# All commands run, and a failure of any counts. Coverage is taken of the fast tests alone: on all it doubles the time.
test: $(VENV)/.test ## every test but the fault matrix, the runs under a real scheduler among them; COVERAGE=1 measures it, FAULTS=1 adds the matrix
	@failed=0; \
		$(if $(COVERAGE),$(PYTEST) -m "$(FAST)" $(BOTH) $(COVERED) || failed=1;) \
		$(PYTEST) -m "$(if $(COVERAGE),$(SLOW),$(NO_MATRIX) not alone)" $(ONE_MORE) || failed=1; \
		$(PYTEST) $(ALONE_IN) -m "$(NO_MATRIX) alone" || failed=1; exit $$failed

test-postgresql: $(VENV)/.test ## the tests that open a ledger, each on PostgreSQL; FAULTS=1 adds the fault matrix
	@export TEST_DATABASE=postgresql; failed=0; \
		$(PYTEST) -m "$(NO_MATRIX) ledger and not alone" $(ONE_MORE) || failed=1; \
		$(PYTEST) $(ALONE_IN) -m "$(NO_MATRIX) ledger and alone" || failed=1; exit $$failed

coverage: $(VENV)/.test ## branch coverage of the tests that are not slow, which may not fall below what pyproject.toml says
	$(PYTEST) -q -m "$(FAST)" $(BOTH) $(COVERED)

faults: $(VENV)/.test ## the fault matrix: kills, cuts, full disks, restarts, on real servers
	@$(PYTEST) tests/integration -m "faults and not alone" $(ONE_MORE); beside=$$?; \
		$(PYTEST) tests/integration -m "faults and alone" && exit $$beside

fuzz: $(VENV)/.test ## each parser of the boundary against documents that are almost right, SECONDS= (60) a test
	$(PYTEST) tests/fuzz -n 2 --dist load --timeout 0 --fuzz-seconds $(or $(SECONDS),60)

reliability: $(VENV)/.test ## the fault matrix, and its table in docs/reliability.md
	$(PYTEST) -m faults --write-reliability

lint: $(VENV)/.test ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.test ## write the code as ruff wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

requirements: $(VENV)/.test ## compile the pins anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --upgrade pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --upgrade --extra containers -c requirements.txt \
		pyproject.toml -o requirements-containers.txt
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --upgrade --extra test -c requirements-containers.txt \
		pyproject.toml -o requirements-test.txt

calibrate: $(VENV)/.test ## the gate's calibration by simulation (an hour): bench/results/, docs/calibration.md and its figure
	for study in null life peeking power strata words reigns champions samplers table plot; do $(BIN)/python -m bench.calibration $$study || exit 1; done

bench: $(VENV)/.test ## what we claim about speed, measured: bench/results/, docs/performance.md
	$(BIN)/python -m bench.performance

pictures: $(VENV)/.test ## the screenshots of the docs anew, of real runs under a real scheduler
	$(BIN)/python -m tests.e2e.pictures

audit: $(VENV)/.test ## what is known against the pinned packages, and fixed in a later version
	scripts/audit

compose-init: ## write .env and .compose/ for docker-compose.yaml; SSH_KEY= the rigs' key, LOCAL=1 our own base images
	SSH_KEY="$(SSH_KEY)" LOCAL="$(LOCAL)" docker/init

compose-up: ## build the images and start the services of docker-compose.yaml
	$(COMPOSE) build init
	$(COMPOSE) up -d

compose-demo: ## the whole DAG on these services and four rig containers; POOL= LIFT= TRIALS= SAMPLE_SIZE= SEARCH= SEED=
	$(COMPOSE) --profile sim build init rig-head
	$(COMPOSE) --profile sim up -d
	$(COMPOSE) $(EVERY) run --rm demo --pool $(POOL) $(if $(TRIALS),--trials $(TRIALS)) --sample-size $(SAMPLE_SIZE) \
		--search $(SEARCH) --seed $(SEED) $(if $(LIFT),--lift $(LIFT))

compose-down: ## stop and remove the containers; the volumes stay
	$(COMPOSE) $(EVERY) down

compose-backup: ## save ledger, studies, runs, published config and pools; FILE=
	COMPOSE="$(COMPOSE)" docker/backup $(FILE)

compose-restore: ## put back what compose-backup saved; FILE=
	COMPOSE="$(COMPOSE)" docker/restore $(FILE)

compose-faults: $(VENV)/.test ## kills and restarts of containers in mid-run; needs a Docker engine and an hour
	COMPOSE="$(COMPOSE)" $(PYTEST) -m docker --timeout 0

clean: ## remove the environment and what demos left
	rm -rf $(VENV) var

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# uv needs a third of pip's time. Where it reaches no registry, as with a mirror that only pip's settings name, pip does it.
install = $(BIN)/uv pip install --quiet --system-certs --compile-bytecode --python $(BIN)/python $(1) || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(1)

$(VENV)/bin/uv: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements-test.txt uv

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/uv
	$(call install,-r requirements.txt)
	$(call install,--no-deps --editable .)
	@touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.run
	$(call install,-r requirements-test.txt)
	@touch $@
