# The developer's commands; `make help` lists them. scripts/setup.sh finds a Python and keeps
# .venv up to date, so none of them needs anything but make and a Python.

VENV := .venv
BIN := $(VENV)/bin
CORE_FLOOR := 100
SEEDS := 20
# Tests of one xdist_group run one after another, in one of the workers. There are two groups that
# mostly wait for processes, and two workers have all else to do; two cores are enough for them.
IN_PARALLEL := -n 4 --dist loadgroup

# Tests and commands start hundreds of processes of ours; each would compile the whole package.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-all check quick matrix lint format coverage fuzz properties sim chaos hostile \
	docs audit autobahn bench soak deploy-tools constraints metrics changelog release clean setup

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'

run: ## run a mesh of four hubs and watch it; OPTIONS="--hubs 8 --port 4000" for another
	@sh scripts/setup.sh run
	@exec $(BIN)/peerpigeon network $(OPTIONS)

test: setup ## tests of every kind, in about five minutes; STRICT=1 lets none of them be skipped
	@$(BIN)/python -m pytest $(IN_PARALLEL) -m "not thorough" $(OPTIONS)

test-all: setup ## all tests, in some twenty minutes; STRICT=1 lets none of them be skipped
	@$(BIN)/python -m pytest $(IN_PARALLEL) $(OPTIONS)

check: lint quick ## what to run before each commit: lint, and the tests that need little time

quick: setup ## the tests that need little time
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadgroup -m "not slow and not thorough and not node and not browser" $(OPTIONS)

lint: setup ## look at format, style and types
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy
	@found=$$($(BIN)/lint-imports --no-logo --no-cache) || { echo "$$found"; exit 1; }

format: setup ## put the code into the one format
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

coverage: setup ## which branches of the core its own tests reach
	@$(BIN)/coverage erase --data-file=.coverage.core
	@$(BIN)/coverage run --data-file=.coverage.core -m pytest -q -n auto --maxprocesses 4 tests/core
	@$(BIN)/coverage combine --data-file=.coverage.core --quiet
	@$(BIN)/coverage report --data-file=.coverage.core --include='src/peerpigeon/core/*' --show-missing --skip-covered \
		--fail-under=$(CORE_FLOOR)

fuzz: ## let a fuzzer look for inputs that stop a parser or hubs (ten minutes); OPTIONS="--seconds 600 websocket"
	@sh scripts/setup.sh fuzz
	@$(BIN)/python -m tests.fuzz $(OPTIONS)

properties: setup ## try many more generated inputs on every parser and table of the core
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -q -n auto -m hypothesis tests/core $(OPTIONS)

sim: setup ## play the large scenes of the simulator with many seeds (long)
	@status=0; for network in "" --rough; do \
		$(BIN)/python -m peerpigeon.sim.campaign --size large --seeds $(SEEDS) $$network $(OPTIONS) || status=1; \
	done; exit $$status

chaos: setup ## play runs of real hub processes under faults (minutes); OPTIONS="--seed 7 --minutes 5"
	@$(BIN)/python -m chaos --runs 3 $(OPTIONS)

hostile: setup ## attack hubs at length beside honest clients (long); OPTIONS="empty_pongs" for one attack
	@$(BIN)/python -m tests.hostile $(OPTIONS)

soak: setup ## three hubs for an hour while clients and links come and go: is memory flat; OPTIONS="--minutes 10"
	@$(BIN)/python -m benchmarks.soak $(OPTIONS)

autobahn: setup ## the Autobahn Testsuite against our WebSockets, both ends (one minute; Python 2.7)
	@$(BIN)/python -m conformance $(OPTIONS)

bench: setup ## how fast a hub is, beside the npm package's (long); OPTIONS="--quick" for a try
	@$(BIN)/python -m benchmarks.suite $(OPTIONS)

matrix: check ## check, and the quick tests on each other supported Python that is present
	@$(BIN)/python scripts/matrix.py

changelog: setup ## show what the fragments in changes/ add to CHANGELOG.md
	@$(BIN)/towncrier build --draft --version next

docs: ## build the documentation site in build/site; a warning is an error
	@sh scripts/setup.sh docs
	@$(BIN)/python scripts/site.py

audit: setup ## look for published faults in the versions of constraints.txt
	@$(BIN)/python scripts/audit.py

deploy-tools: setup ## install what checks the files in deploy/ (Helm, hadolint and others) into .venv-deploy
	@$(BIN)/python scripts/deploy_tools.py

constraints: setup ## renew constraints.txt and requirements-ci.txt, the versions that .ci/run installs
	@$(BIN)/python scripts/constraints.py

metrics: setup ## renew what docs/metrics.md and deploy/grafana have from the code
	@$(BIN)/python scripts/metrics.py

release: setup ## build both archives in dist/ and try them out; uploads nothing
	@$(BIN)/python scripts/release.py

setup: ## make or renew .venv with all that the commands above need
	@sh scripts/setup.sh dev

clean: ## remove what these commands made, .venv too
	rm -rf $(VENV) .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
	rm -rf build dist tests/e2e/node_modules .autobahn
	find src tests benchmarks chaos conformance scripts -name __pycache__ -type d -prune -exec rm -rf {} +
