"""Dockerfile, compose.yaml and the workflow fit the code: nothing here can run them."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml
from site_under_test import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
ELSEWHERE = re.compile("PYTHON|PIP_|POSTGRES_")  # what Python, pip and PostgreSQL's image read


@pytest.fixture(scope="module")
def knobs():
    """What the code reads from the environment."""
    files = ("digitsite/settings.py", "digitsite/env.py", "gunicorn.conf.py")
    text = "".join((ROOT / name).read_text() for name in files)
    read = set(re.findall(r"(?:env\.\w+|environ\.get)\(\s*['\"]([A-Z][A-Z0-9_]+)", text))
    return read | {"WEB_CONCURRENCY"}  # gunicorn itself reads it


def test_the_readme_has_every_knob(knobs):
    section = (ROOT / "README.md").read_text().partition("## Configure it")[2]
    table = re.findall(r"^\| (`[A-Z].*?) \|", section, re.MULTILINE)
    documented = {name for cell in table for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}
    assert documented == knobs


def test_every_variable_is_a_knob(knobs):
    named = {
        name
        for line in re.findall(r"^ENV (.*)", DOCKERFILE, re.MULTILINE)
        for name in re.findall(r"([A-Z_]+)=", line)
    }
    for service in OURS.values():
        named |= set(service["environment"])
    named |= set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    assert "DATABASE_URL" in named
    assert {name for name in named if not ELSEWHERE.match(name)} <= knobs


@pytest.mark.parametrize("service", OURS)
def test_its_settings_are_accepted(service, tmp_path):
    given = {"POSTGRES_PASSWORD": "secret", "SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": "a.example"}

    def filled(match):
        return given.get(match[1]) or (match[3] if match[2] == ":-" else pytest.fail(match[0]))

    pattern = r"\$\{([A-Z_]+)(:-|:\?)([^}]*)\}"
    set_ = {
        name: re.sub(pattern, filled, str(value))
        for name, value in OURS[service]["environment"].items()
    }
    done = subprocess.run(
        [sys.executable, "-c", "from digitsite import settings; print(settings.ALLOWED_HOSTS)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **set_},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if service == "web":
        assert done.stdout == "['127.0.0.1', 'localhost', 'a.example', 'web']\n"


def test_the_web_image_has_no_tensorflow():
    images = dict(re.findall(r"^FROM base AS (\w+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.S | re.M))
    assert set(images) == {"web", "trainer"}
    assert "--requirement requirements-web.txt" in images["web"]
    assert "--requirement requirements.txt" in images["trainer"]
    assert all(
        "USER digitsite" in image and "--require-hashes" in image for image in images.values()
    )
    assert {service["build"]["target"] for service in OURS.values()} == set(images)
    assert OURS["worker"]["build"]["target"] == "trainer"


def test_the_python_is_one_we_support():
    version = re.search(r"^FROM python:(3\.\d+)-slim AS base$", DOCKERFILE, re.MULTILINE)[1]
    (job,) = (job for job in WORKFLOW["jobs"].values() if "strategy" in job)
    assert version in job["strategy"]["matrix"]["python"]
    assert (
        f"{job['strategy']['matrix']['python'][0]},<3.14" in (ROOT / "pyproject.toml").read_text()
    )
    assert job["strategy"]["matrix"]["python"][-1] == "3.13"


def commands():
    for line in re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE):
        yield yaml.safe_load(line)
    for service in OURS.values():
        if "command" in service:
            yield service["command"]


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_the_command_exists(command):
    if command[0] == "gunicorn":
        assert command == ["gunicorn", "digitsite.wsgi"]
        assert (ROOT / "digitsite" / "wsgi.py").exists()
        return
    assert command[:2] == ["python", "manage.py"]
    ask = [sys.executable, *command[1:3], "--help"]
    done = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(option in done.stdout for option in command[3:])


def test_who_waits_for_whom():
    for service in COMPOSE["services"].values():
        for name, waits in service.get("depends_on", {}).items():
            other = COMPOSE["services"][name]
            if waits["condition"] == "service_healthy":
                assert "test" in other["healthcheck"]
            else:
                assert waits["condition"] == "service_completed_successfully"
                assert "restart" not in other
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]


def test_the_health_check_asks_what_is_there(visitor):
    check = OURS["web"]["healthcheck"]["test"][-1]
    assert visitor.get(re.search(r"127\.0\.0\.1:8000(/\w+/)", check)[1]).status_code == 200
    compile(check, "healthcheck", "exec")
    assert OURS["web"]["ports"][0].endswith(":8000")
    assert "PORT" not in OURS["web"]["environment"]


def test_an_image_has_what_the_site_runs_with(tmp_path):
    """Copy what .dockerignore lets through, and do there what the Dockerfile does."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    for name in (line[1:] for line in lines if line.startswith("!")):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for name in re.findall(r"^COPY (\S+\.txt) \.$", DOCKERFILE, re.MULTILINE):
        assert (tmp_path / name).exists()
    (build,) = re.findall(r"^RUN (SECRET_KEY=.*)$", DOCKERFILE, re.MULTILINE)
    python = f"{shlex.quote(sys.executable)} manage.py"
    for line in (build, "python manage.py migrate -v0", "python manage.py models verify"):
        done = subprocess.run(
            ["sh", "-euc", line.replace("python manage.py", python)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if line is build:
            assert not (tmp_path / "data" / "secret_key").exists()
    assert (tmp_path / "data" / "static" / "staticfiles.json").exists()


def test_the_workflow_runs_what_contributors_run():
    steps = [step.get("run", "") for step in WORKFLOW["jobs"]["test"]["steps"]]
    assert any(step.startswith("make test") for step in steps)
    makefile = (ROOT / "Makefile").read_text()
    services = WORKFLOW["jobs"]["test"]["services"]
    for url, service in re.findall(
        r"^(POSTGRES|REDIS)_URL \?= \w+://\S*?127.0.0.1:(\d+)/", makefile, re.M
    ):
        assert services[url.lower()]["ports"] == [f"{service}:{service}"]
