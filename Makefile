# `make run` serves the site, `make test` runs every test. Both set up all they need.

PORT ?= 8000
BIND ?= 127.0.0.1
export BIND PORT

# The first of these that is a Python we support.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
BIN := .venv/bin

# Where `make test` looks for them; the tests make a database of their own beside the one that is
# named, and empty the Redis database.
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/postgres
REDIS_URL ?= redis://127.0.0.1:6379/15
# What depends on the database, and trains nothing.
DATABASE_TESTS := $(addprefix tests/test_, $(addsuffix .py, admin_review admin_put_live \
	admin_versions cache correct deleting fate idempotent_submit keys keys_page logins many_labels \
	metrics million own_submissions rate_limits ready registry review_by_api schema submit two_hosts))

.PHONY: run test test-services test-poisoning test-kills test-endurance fuzz fuzz-images audit lint format browser base \
	messages bench profile bench-soak bench-recognition bench-learning bench-numbers bench-million \
	bench-retrain-million bench-export-million bench-latency lock

# The worker does the retrainings that are started in the admin; it ends when the server does.
run: .venv/installed
	@$(BIN)/python manage.py migrate --no-input --verbosity 0
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@echo
	@echo "  The site:            http://$(BIND):$(PORT)"
	@echo "  An admin account:    $(BIN)/python manage.py createsuperuser"
	@echo
	@nice $(BIN)/python manage.py worker --parent $$$$ & exec $(BIN)/gunicorn digitsite.wsgi

# A test that hangs ends after ten minutes, and its stack says where.
PATIENCE := -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true

test: .venv/installed lint audit browser
	@$(BIN)/python -m pytest -n auto --maxschedchunk=1 $(PATIENCE)
	@$(MAKE) --no-print-directory test-services

# The same site on PostgreSQL and Redis, where they answer.
test-services: export DATABASE_URL := $(POSTGRES_URL)
test-services: export CACHE_URL := $(REDIS_URL)
test-services: .venv/installed
	@! $(BIN)/python tests/services.py || $(BIN)/python -m pytest $(PATIENCE) $(DATABASE_TESTS)

# Ever stranger requests, on SQLite and, where it answers, on PostgreSQL (half an hour).
CASES ?= 1000
fuzz: export PYTHONPATH := .:tests
fuzz: .venv/installed
	@echo "On SQLite; the site's log is in var/fuzz.log"; mkdir -p var
	@$(BIN)/python tests/fuzz/run.py $(CASES) 2>var/fuzz.log
	@! DATABASE_URL=$(POSTGRES_URL) CACHE_URL=$(REDIS_URL) $(BIN)/python tests/services.py \
		|| DATABASE_URL=$(POSTGRES_URL) $(BIN)/python tests/fuzz/run.py $(CASES) 2>var/fuzz.log

# Ever stranger files for the image decoder; what it finds is left in var/fuzz/ (half an hour).
SECONDS ?= 1800
fuzz-images: .venv/installed
	@PYTHONPATH=.:tests/fuzz $(BIN)/python tests/fuzz/images.py $(SECONDS)

# The long forms of three tests.
test-poisoning: .venv/installed
	@RUNS=5 $(BIN)/python -m pytest -v -rP tests/test_poisoning.py

test-kills: .venv/installed
	@KILLS=100 $(BIN)/python -m pytest -v tests/test_killed.py

test-endurance: .venv/installed
	@WRITING=60 SWAPS=100 $(BIN)/python -m pytest -v -rP tests/test_endurance.py

lint: .venv/installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy

# Known holes in what requirements.txt pins, where somebody who knows them can be reached.
audit: .venv/installed
	@$(BIN)/python tests/audit.py

# A browser for the tests: the machine's own, or Debian's, or the one that Playwright brings.
browser: .venv/installed
	@$(BIN)/python tests/browser/chromium.py >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium; } \
		|| $(BIN)/playwright install chromium

# The version that ships with the code, trained anew on one core (up to half an hour).
base: .venv/installed
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m ml.make_base $(or $(MNIST_PATH),var/mnist.npz)

# Three seeds and the usual baseline, scored side by side; writes docs/model-card.md (an hour).
# REAL_DATA: a folder with the pen strokes, see benchmarks/README.md. REUSE=--reuse trains nothing.
bench-recognition: .venv/installed browser
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m benchmarks.recognition \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)" var/bench $(REUSE)

# What corrections are worth; writes docs/learning.md (half an hour). REAL_DATA as above.
bench-learning: .venv/installed
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m benchmarks.learning \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)"

# How well two digits side by side are read as a number (two minutes). REAL_DATA as above.
bench-numbers: .venv/installed
	@$(BIN)/python -m benchmarks.numbers "$(REAL_DATA)"

# How soon after a stroke the page says what it sees (a minute).
bench-latency: .venv/installed browser
	@$(BIN)/python -m benchmarks.latency

# Requests per second, against Flask with model.predict and a view that does nothing (five minutes).
bench bench-soak: export WEB_PYTHON := .venv-web/bin/python
bench: .venv/installed .venv-web/installed
	@$(BIN)/python -m benchmarks.serving

# Where the time of one submission goes (ten seconds).
profile: .venv/installed
	@$(BIN)/python -m benchmarks.profile

# Half an hour at half of what the site can bear: memory, errors, and whether all is stored.
bench-soak: .venv/installed .venv-web/installed
	@$(BIN)/python -m benchmarks.soak

# Each page with 1,000,000 drawings against 1,000, on SQLite; other numbers: FEW, MANY (the first
# time half an hour, and 3 GB in var/million).
FEW ?= 1000
MANY ?= 1000000
bench-million: .venv/installed
	@$(BIN)/python -m benchmarks.million $(FEW) $(MANY)

# What a retraining on 1,000,000 approved labels needs, until it says how long it will take (the
# first time half an hour, and 4 GB in var/retrain-million); other numbers: LABELS. WHOLE=--whole
# trains an epoch to its end.
LABELS ?= 1000000
bench-retrain-million: .venv/installed
	@$(BIN)/python -m benchmarks.retrain_million $(LABELS) $(WHOLE)

# The memory of an export of 1,000,000 drawings, against 10,000 (half an hour; the same folder).
bench-export-million: .venv/installed
	@$(BIN)/python -m benchmarks.export_million

# The sentences that are marked for translation, into locale/ and from there to what the site reads
# (needs gettext: on Debian apt-get install gettext).
messages: .venv/installed
	@$(BIN)/python manage.py makemessages --all --add-location file --no-obsolete --ignore var
	@$(BIN)/python manage.py compilemessages --ignore '.venv*'

format: .venv/installed
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

# The second has what of the first a web host needs, with the same pins.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"
lock: .venv/installed
	@$(BIN)/pip install --quiet uv
	@$(LOCK) requirements.in --output-file requirements.txt
	@$(LOCK) requirements-web.in --constraint requirements.txt --output-file requirements-web.txt

.venv/installed: requirements.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 is needed and not found."; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" || { \
		echo "Python lacks its venv module (on Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Installing into .venv (the first time this takes a few minutes) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

# What a web host has: no TensorFlow, and nothing that only tests need.
.venv-web/installed: requirements-web.txt
	@$(PYTHON) -m venv .venv-web
	@.venv-web/bin/pip install --quiet --disable-pip-version-check --requirement requirements-web.txt
	@touch $@
