# `make run` serves the site, `make test` runs every test. Both set up all they need.

PORT ?= 8000
BIND ?= 127.0.0.1
export BIND PORT

# The first of these that is a Python we support.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
BIN := .venv/bin

.PHONY: run test lint format browser base bench-recognition lock

run: .venv/installed
	@$(BIN)/python manage.py migrate --no-input --verbosity 0
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0
	@echo
	@echo "  The site:            http://$(BIND):$(PORT)"
	@echo "  An admin account:    $(BIN)/python manage.py createsuperuser"
	@echo
	@exec $(BIN)/gunicorn digitsite.wsgi

test: .venv/installed lint browser
	@$(BIN)/python -m pytest

lint: .venv/installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy

# A browser for the tests: the machine's own, or Debian's, or the one that Playwright brings.
browser: .venv/installed
	@$(BIN)/python -m tests.browser.chromium >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium; } \
		|| $(BIN)/playwright install chromium

# The version that ships with the code, trained anew (ten minutes on 2 cores).
base: .venv/installed
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m ml.make_base $(or $(MNIST_PATH),var/mnist.npz)

# Three seeds and the usual baseline, scored side by side; writes docs/model-card.md (an hour).
# REAL_DATA: a folder with the pen strokes, see benchmarks/README.md. REUSE=--reuse trains nothing.
bench-recognition: .venv/installed
	@TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m benchmarks.recognition \
		$(or $(MNIST_PATH),var/mnist.npz) "$(REAL_DATA)" var/bench $(REUSE)

format: .venv/installed
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

lock: .venv/installed
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" \
		requirements.in --output-file requirements.txt

.venv/installed: requirements.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 is needed and not found."; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" || { \
		echo "Python lacks its venv module (on Debian: apt-get install python3-venv)."; exit 1; }
	@echo "Installing into .venv (the first time this takes a few minutes) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@
