# `make run` serves the site, `make test` runs all tests. Both install what they need.

PORT ?= 8000
BIND ?= 127.0.0.1
export BIND PORT

# The first supported Python on this machine.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

# The tests create their own PostgreSQL databases and empty the Redis databases. Worker n uses the
# Redis database 15 - n.
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/postgres
REDIS_URL ?= redis://127.0.0.1:6379/15

.PHONY: run test test-quick test-services test-poisoning test-kills test-endurance fuzz fuzz-images \
	audit lint format browser base messages bench profile bench-soak bench-recognition \
	bench-learning bench-numbers bench-million bench-retrain-million bench-export-million \
	bench-latency lock

# The worker runs the retrainings that are started in the admin. It exits with the server.
run: .venv/installed
	@$(BIN)/python manage.py migrate --no-input --verbosity 0
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@echo
	@echo "  The site:            http://$(BIND):$(PORT)"
	@echo "  An admin account:    $(BIN)/python manage.py createsuperuser"
	@echo
	@nice $(BIN)/python manage.py worker --parent $$$$ & exec $(BIN)/gunicorn digitsite.wsgi

test: .venv/installed lint audit browser
	@$(PYTEST) -n auto --maxschedchunk=1
	@$(MAKE) --no-print-directory test-services

# Tests without a browser, a training or server processes (two minutes).
test-quick: .venv/installed
	@$(PYTEST) -n auto -m "not browser and not training and not slow"

# The tests with the marker `database`, on PostgreSQL and Redis if they are running.
test-services: export DATABASE_URL := $(POSTGRES_URL)
test-services: export CACHE_URL := $(REDIS_URL)
test-services: .venv/installed
	@! $(BIN)/python -m tests.support.check_services || $(PYTEST) -n auto -m database

# Property-based API requests, on SQLite and on PostgreSQL if it is running (half an hour).
CASES ?= 1000
fuzz: .venv/installed
	@echo "On SQLite. The log of the site is in var/fuzz.log."; mkdir -p var
	@$(BIN)/python -m tests.fuzz.run $(CASES) 2>var/fuzz.log
	@! DATABASE_URL=$(POSTGRES_URL) CACHE_URL=$(REDIS_URL) $(BIN)/python -m tests.support.check_services \
		|| DATABASE_URL=$(POSTGRES_URL) $(BIN)/python -m tests.fuzz.run $(CASES) 2>var/fuzz.log

# Random files for the image decoder. Files that crash it are written to var/fuzz/ (half an hour).
SECONDS ?= 1800
fuzz-images: .venv/installed
	@$(BIN)/python -m tests.fuzz.images $(SECONDS)

# The long forms of three tests.
test-poisoning: .venv/installed
	@RUNS=5 $(PYTEST) -v -rP tests/training/test_poisoning.py

test-kills: .venv/installed
	@KILLS=100 $(PYTEST) -v tests/training/test_retrain_crash.py

test-endurance: .venv/installed
	@WRITING=60 SWAPS=100 $(PYTEST) -v -rP tests/integration/test_concurrency.py

lint: .venv/installed
	@$(BIN)/pre-commit run --all-files

# Known vulnerabilities of the pinned dependencies, if the vulnerability service can be reached.
audit: .venv/installed
	@$(BIN)/python -m tests.support.audit_dependencies

# A browser for the tests: the installed one, or Debian's, or Playwright's.
browser: .venv/installed
	@$(BIN)/python -m tests.browser.chromium >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium; } \
		|| $(BIN)/playwright install chromium

# Train the base version on one core (up to half an hour).
base: .venv/installed
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m ml.training.train_base $(or $(MNIST_PATH),var/mnist.npz)

# Train and score three seeds and a baseline. Writes docs/model-card.md (an hour).
# REAL_DATA is a folder with pen strokes: see benchmarks/README.md. REUSE=--reuse trains nothing.
bench-recognition: .venv/installed browser
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m benchmarks.recognition \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)" var/bench $(REUSE)

# Measure how corrections improve the model. Writes docs/learning.md (half an hour).
bench-learning: .venv/installed
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m benchmarks.learning \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)"

# Accuracy on two-digit numbers (two minutes).
bench-numbers: .venv/installed
	@$(BIN)/python -m benchmarks.numbers "$(REAL_DATA)"

# Time from the end of a stroke to the prediction on the page (a minute).
bench-latency: .venv/installed browser
	@$(BIN)/python -m benchmarks.latency

# Requests per second, compared with a no-op view and a Flask baseline (five minutes).
bench bench-soak: export WEB_PYTHON := .venv-web/bin/python
bench: .venv/installed .venv-web/installed
	@$(BIN)/python -m benchmarks.serving

# The time of each step of one submission (ten seconds).
profile: .venv/installed
	@$(BIN)/python -m benchmarks.profile

# Half an hour at half of the maximum load: memory, errors and stored submissions.
bench-soak: .venv/installed .venv-web/installed
	@$(BIN)/python -m benchmarks.soak

# Response time of each page with 1,000,000 drawings compared with 1,000, on SQLite. FEW and MANY
# set other numbers. The first run takes half an hour and 3 GB in var/million.
FEW ?= 1000
MANY ?= 1000000
bench-million: .venv/installed
	@$(BIN)/python -m benchmarks.million $(FEW) $(MANY)

# Memory and time of a retraining on 1,000,000 labels, up to the first estimate of its duration.
# LABELS sets another number, WHOLE=--whole trains a whole epoch. The first run takes half an hour and
# 4 GB in var/retrain-million.
LABELS ?= 1000000
bench-retrain-million: .venv/installed
	@$(BIN)/python -m benchmarks.retrain_million $(LABELS) $(WHOLE)

# Memory of an export of 1,000,000 drawings compared with 10,000 (half an hour; the same folder).
bench-export-million: .venv/installed
	@$(BIN)/python -m benchmarks.export_million

# Collect the UI strings in locale/ and compile the translations. This needs gettext; on Debian:
# apt-get install gettext.
messages: .venv/installed
	@$(BIN)/python manage.py makemessages --all --add-location file --no-obsolete --ignore var
	@$(BIN)/python manage.py compilemessages --ignore '.venv*'

format: .venv/installed
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet
	@$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

# requirements-web.txt pins the same versions as requirements.txt.
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

# The environment of a web host, without TensorFlow and without the test tools.
.venv-web/installed: requirements-web.txt
	@$(PYTHON) -m venv .venv-web
	@.venv-web/bin/pip install --quiet --disable-pip-version-check --requirement requirements-web.txt
	@touch $@
