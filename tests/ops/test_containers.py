"""Dockerfile, compose.yaml and the workflow match the code. These tests do not need Docker."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.support.live_site import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
OUR_SERVICES = {name: each for name, each in COMPOSE["services"].items() if "build" in each}
# Variables of Python, pip and PostgreSQL's image.
FOREIGN_VARIABLES = re.compile("PYTHON|PIP_|POSTGRES_")


@pytest.fixture(scope="module")
def variables():
    """Return the names of the environment variables that the code uses."""
    text = "".join(path.read_text() for path in (ROOT / "digitsite").glob("*.py"))
    return set(re.findall(r"(?:env|stores)\.\w+\(\s*\"([A-Z][A-Z0-9_]+)", text))


def test_configuration_md_lists_every_variable(variables):
    page = (ROOT / "docs" / "configuration.md").read_text()
    section = page.partition("## Environment variables")[2]
    cells = re.findall(r"^\| (`[A-Z].*?) \|", section, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}
    assert documented == variables


def test_containers_set_no_unknown_variable(variables):
    names = {
        name
        for line in re.findall(r"^ENV (.*)", DOCKERFILE, re.MULTILINE)
        for name in re.findall(r"([A-Z_]+)=", line)
    }
    for service in OUR_SERVICES.values():
        names |= set(service["environment"])
    names |= set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    assert "DATABASE_URL" in names
    assert {name for name in names if not FOREIGN_VARIABLES.match(name)} <= variables


@pytest.mark.parametrize("service", OUR_SERVICES)
def test_settings_accept_the_environment_of_the_service(service, tmp_path):
    given = {"POSTGRES_PASSWORD": "secret", "SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": "a.example"}

    def substitute(match):
        return given.get(match[1]) or (match[3] if match[2] == ":-" else pytest.fail(match[0]))

    pattern = r"\$\{([A-Z_]+)(:-|:\?)([^}]*)\}"
    environment = {
        name: re.sub(pattern, substitute, str(value))
        for name, value in OUR_SERVICES[service]["environment"].items()
    }
    done = subprocess.run(
        [sys.executable, "-c", "from digitsite import settings; print(settings.ALLOWED_HOSTS)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if service == "web":
        assert done.stdout == "['127.0.0.1', 'localhost', 'a.example', 'web']\n"


def test_only_the_trainer_image_has_tensorflow():
    images = dict(re.findall(r"^FROM base AS (\w+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.S | re.M))
    assert set(images) == {"web", "trainer"}
    assert "--requirement requirements-web.txt" in images["web"]
    assert "--requirement requirements.txt" in images["trainer"]
    assert all(
        "USER digitsite" in image and "--require-hashes" in image for image in images.values()
    )
    assert {service["build"]["target"] for service in OUR_SERVICES.values()} == set(images)
    assert OUR_SERVICES["worker"]["build"]["target"] == "trainer"


def test_image_uses_a_tested_python_version():
    version = re.search(r"^FROM python:(3\.\d+)-slim AS base$", DOCKERFILE, re.MULTILINE)[1]
    (job,) = (job for job in WORKFLOW["jobs"].values() if "strategy" in job)
    tested = job["strategy"]["matrix"]["python"]
    assert version in tested
    assert f"{tested[0]},<3.14" in (ROOT / "pyproject.toml").read_text()
    assert tested[-1] == "3.13"


def container_commands():
    for line in re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE):
        yield yaml.safe_load(line)
    for service in OUR_SERVICES.values():
        if "command" in service:
            yield service["command"]


@pytest.mark.parametrize("command", list(container_commands()), ids=" ".join)
def test_container_command_exists(command):
    assert command[:2] == ["python", "manage.py"]
    show_help = [sys.executable, *command[1:3], "--help"]
    done = subprocess.run(show_help, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(option in done.stdout for option in command[3:])


def test_services_depend_on_existing_health_checks_and_volumes():
    for service in COMPOSE["services"].values():
        for name, dependency in service.get("depends_on", {}).items():
            other = COMPOSE["services"][name]
            if dependency["condition"] == "service_healthy":
                assert "test" in other["healthcheck"]
            else:
                assert dependency["condition"] == "service_completed_successfully"
                assert "restart" not in other
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]


def test_health_check_requests_an_existing_page(visitor):
    check = OUR_SERVICES["web"]["healthcheck"]["test"][-1]
    assert visitor.get(re.search(r"127\.0\.0\.1:8000(/\w+/)", check)[1]).status_code == 200
    compile(check, "healthcheck", "exec")
    assert OUR_SERVICES["web"]["ports"][0].endswith(":8000")
    assert "PORT" not in OUR_SERVICES["web"]["environment"]


@pytest.mark.slow
def test_image_contains_everything_the_site_needs(tmp_path):
    """Copy what .dockerignore includes, and run the commands of the Dockerfile there."""
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


def test_workflow_runs_make_test_with_its_services():
    steps = [step.get("run", "") for step in WORKFLOW["jobs"]["test"]["steps"]]
    assert any(step.startswith("make test") for step in steps)
    makefile = (ROOT / "Makefile").read_text()
    services = WORKFLOW["jobs"]["test"]["services"]
    urls = re.findall(r"^(POSTGRES|REDIS)_URL \?= \w+://\S*?127.0.0.1:(\d+)/", makefile, re.M)
    assert {name for name, _ in urls} == {"POSTGRES", "REDIS"}
    for name, port in urls:
        assert services[name.lower()]["ports"] == [f"{port}:{port}"]
