# `make run` serves the site. `make test` runs the linters and the tests. Both install what they need.

# The first Python on this machine with a supported version.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# One more than there are processors, because many tests wait for a browser or for another process.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
# Many tests start processes. They load much faster if Python may write its bytecode.
unexport PYTHONDONTWRITEBYTECODE

# Tests create their own PostgreSQL databases, and delete everything in the Redis databases that they
# use: by default, the test worker n uses the Redis database 15 - n.
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/postgres
REDIS_URL ?= redis://127.0.0.1:6379/15

.PHONY: run test test-quick test-services test-poisoning test-kills test-endurance fuzz fuzz-images \
	audit lint lint-scripts format browser base messages bench profile bench-soak bench-recognition \
	bench-learning bench-personal bench-numbers bench-pictures bench-million bench-retrain-million \
	bench-export-million bench-flood bench-latency bench-slow-clients bench-ledger-million \
	bench-guessing lock

# Serve the site, with the settings of the environment and of .env. The worker executes the training runs
# that are started in the admin. It exits with the server.
run: .venv/installed
	@$(BIN)/python manage.py migrate --no-input --verbosity 0
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@nice $(BIN)/python manage.py worker --parent $$$$ & exec $(BIN)/python manage.py serve --welcome

# Run the linters and tests. The fuzz tests and the long versions of some tests have their own targets.
test: .venv/installed lint audit browser
	@$(PYTEST) -n $(WORKERS)
	@$(MAKE) --no-print-directory test-services

# Run the tests that need no browser, no real training and no server processes (two minutes).
test-quick: .venv/installed
	@$(PYTEST) -n $(WORKERS) -m "not browser and not training and not slow"

# Run the tests with the marker `database` on PostgreSQL and Redis, if both are running.
test-services: export DATABASE_URL := $(POSTGRES_URL)
test-services: export CACHE_URL := $(REDIS_URL)
test-services: .venv/installed
	@! $(BIN)/python -m tests.support.check_services || $(PYTEST) -n $(WORKERS) -m database

# Send generated requests to the API: on SQLite, and on PostgreSQL if it is running (half an hour).
# CASES is the number of requests per operation.
CASES ?= 1000
fuzz: .venv/installed
	@echo "On SQLite. The log of the site is in var/fuzz.log."; mkdir -p var
	@$(BIN)/python -m tests.fuzz.run $(CASES) 2>var/fuzz.log
	@! DATABASE_URL=$(POSTGRES_URL) CACHE_URL=$(REDIS_URL) $(BIN)/python -m tests.support.check_services \
		|| DATABASE_URL=$(POSTGRES_URL) $(BIN)/python -m tests.fuzz.run $(CASES) 2>var/fuzz.log

# Decode random image files. Files that crash the decoder are written to var/fuzz/ (half an hour).
SECONDS ?= 1800
fuzz-images: .venv/installed
	@$(BIN)/python -m tests.fuzz.images $(SECONDS)

# The next three targets run the long versions of tests that `make test` runs in a short version.
# Wrong corrections must not make the model worse.
test-poisoning: .venv/installed
	@RUNS=5 $(PYTEST) -v -rP tests/training/test_poisoning.py

# Killing the server or a command at any moment must lose nothing and leave no change without its audit
# entry: 100 kills on SQLite, and 100 on PostgreSQL if it is running (half an hour).
test-kills: .venv/installed
	@KILLS=100 $(PYTEST) -v -rP -n 2 -o faulthandler_timeout=0 tests/integration/test_kills.py

# Writing for a minute must lose nothing, while the live version changes 100 times. Promotions and
# prunings at the same moment must leave one live version with its files, also on PostgreSQL if it is
# running.
RACES := tests/training/test_promotion_races.py
test-endurance: .venv/installed
	@WRITING=60 SWAPS=100 ROUNDS=100 $(PYTEST) -v -rP tests/integration/test_concurrency.py $(RACES)
	@export DATABASE_URL=$(POSTGRES_URL) CACHE_URL=$(REDIS_URL); \
		! $(BIN)/python -m tests.support.check_services || ROUNDS=100 $(PYTEST) -v $(RACES)

# Run the linters, formatters and type checks of .pre-commit-config.yaml, and those of the scripts.
lint: .venv/installed lint-scripts
	@$(BIN)/pre-commit run --all-files

# Check the scripts in static/ with ESLint and the TypeScript compiler.
lint-scripts:
	@command -v npm >/dev/null \
		&& $(MAKE) --no-print-directory node_modules/installed && npm run --silent lint \
		|| { ! command -v npm >/dev/null && echo "Node is not installed: skipping the checks of static/."; }

node_modules/installed: package-lock.json
	@npm ci --silent
	@touch $@

# Report known vulnerabilities of the pinned dependencies, if the vulnerability service is reachable.
audit: .venv/installed
	@$(BIN)/python -m tests.support.audit_dependencies

# Make sure that there is a browser for the tests. If none is installed, install Debian's Chromium
# (as root) or Playwright's. With Debian's chromium-headless-shell, the tests are faster.
browser: .venv/installed
	@$(BIN)/python -m tests.browser.chromium >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
			apt-get install -y -qq chromium chromium-headless-shell; } \
		|| $(BIN)/playwright install chromium

# Train the base version, on one core (up to half an hour).
base: .venv/installed
	@$(BIN)/python -m ml.training.train_base $(or $(MNIST_PATH),var/mnist.npz)

# Train and score three seeds and a baseline, and write docs/model-card.md (an hour). REAL_DATA is a
# folder with pen strokes. See benchmarks/README.md. With REUSE=--reuse, the networks of the last run
# are scored again, and nothing is trained.
bench-recognition: .venv/installed browser
	@$(BIN)/python -m benchmarks.recognition \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)" var/bench $(REUSE)

# Measure how corrections improve the model, and write docs/learning.md (half an hour).
bench-learning: .venv/installed
	@$(BIN)/python -m benchmarks.learning \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)"

# Measure how corrections help their author, and write docs/personal-memory.md (ten minutes).
bench-personal: .venv/installed
	@$(BIN)/python -m benchmarks.personal_memory \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)"

# Measure the accuracy on multi-digit numbers and on pages (five minutes).
bench-numbers: .venv/installed
	@$(BIN)/python -m benchmarks.numbers "$(REAL_DATA)"

# Measure the accuracy on pictures as people bring them, by kind (ten minutes).
bench-pictures: .venv/installed
	@$(BIN)/python -m benchmarks.brought_pictures "$(REAL_DATA)"

# Measure the time from the end of a stroke to the prediction on the page (a minute).
bench-latency: .venv/installed browser
	@$(BIN)/python -m benchmarks.latency

# Measure how much eight guessers of passwords slow down other people (ten minutes).
bench-guessing: .venv/installed
	@$(BIN)/python -m benchmarks.password_guessing

# Measure other visitors' response times while 200 slow clients are connected (five minutes).
bench-slow-clients: .venv/installed
	@$(BIN)/python -m benchmarks.slow_clients

# Measure the requests per second, compared with a no-op view and a Flask baseline (five minutes).
bench bench-soak: export WEB_PYTHON := .venv-web/bin/python
bench: .venv/installed .venv-web/installed
	@$(BIN)/python -m benchmarks.serving

# Measure the time of each step of one submission (ten seconds).
profile: .venv/installed
	@$(BIN)/python -m benchmarks.profile

# Serve half of the maximum load, and check memory, errors and stored submissions (half an hour).
bench-soak: .venv/installed .venv-web/installed
	@$(BIN)/python -m benchmarks.soak

# Compare the response time of each page with 1,000,000 drawings and with 1,000, on SQLite. FEW and
# MANY set other numbers. The first run takes half an hour, and 3 GB in var/million.
FEW ?= 1000
MANY ?= 1000000
bench-million: .venv/installed
	@$(BIN)/python -m benchmarks.million $(FEW) $(MANY)

# Measure the memory and the time of retraining on 1,000,000 labels. It stops as soon as the duration
# can be estimated. With WHOLE=--whole, it trains a whole epoch. LABELS sets another number. The first
# run takes half an hour, and 4 GB in var/retrain-million.
LABELS ?= 1000000
bench-retrain-million: .venv/installed
	@$(BIN)/python -m benchmarks.retrain_million $(LABELS) $(WHOLE)

# Compare the memory of an export of 1,000,000 drawings and of 10,000 (half an hour). This uses
# var/retrain-million, too.
bench-export-million: .venv/installed
	@$(BIN)/python -m benchmarks.export_million

# Measure the training ledger with 1,000,000 entries. This uses var/retrain-million, too.
bench-ledger-million: .venv/installed
	@$(BIN)/python -m benchmarks.ledger_million $(LABELS)

# Measure the response times while one address floods the site (15 minutes).
bench-flood: .venv/installed
	@$(BIN)/python -m benchmarks.flood

# Collect the UI strings in locale/, and compile the translations. This needs gettext (on Debian:
# apt-get install gettext).
messages: .venv/installed
	@$(BIN)/python manage.py makemessages --all --add-location file --no-obsolete --ignore var
	@$(BIN)/python manage.py compilemessages --ignore '.venv*'

# Fix what Ruff can fix, and format Python and templates.
format: .venv/installed
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet
	@$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

# Pin all dependencies. requirements-web.txt gets the same versions as requirements.txt.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"
lock: .venv/installed
	@$(BIN)/pip install --quiet uv
	@$(LOCK) requirements.in --output-file requirements.txt
	@$(LOCK) requirements-web.in --constraint requirements.txt --output-file requirements-web.txt

.venv/installed: requirements.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 is required and was not found."; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" || { \
		echo "Python lacks its venv module (on Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Installing into .venv (the first time this takes a few minutes) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

# The virtual environment of a web host. It has neither TensorFlow nor the test tools.
.venv-web/installed: requirements-web.txt
	@$(PYTHON) -m venv .venv-web
	@.venv-web/bin/pip install --quiet --disable-pip-version-check --requirement requirements-web.txt
	@touch $@
