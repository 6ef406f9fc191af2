"""`python -m tests.support.audit_dependencies`: check requirements.txt for vulnerabilities.

The exit status is 1 if a newer version fixes a vulnerability. If the vulnerability service cannot
be reached, the check is skipped.
"""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"
SOCKET_SECONDS, SECONDS = 5, 120


class UnreachableError(Exception):
    """The vulnerability service cannot be reached. The message says why."""


def main():
    try:
        with TemporaryDirectory() as folder:
            # First, audit Django alone. A service that does not know Django is of no use.
            django = Path(folder) / "django.txt"
            django.write_text(f"django=={version('django')}\n")
            run_pip_audit(django, "--no-deps")
        report = run_pip_audit(REQUIREMENTS)
    except UnreachableError as error:
        print(f"Skipped the check for vulnerabilities. {error}")
        return 0
    return print_report(report)


def print_report(report):
    """Print all vulnerabilities. Return 1 if one of them has a fix."""
    found = list(vulnerabilities(report))
    summary = f"{len(report)} dependencies, {len(found)} known vulnerabilities"
    print("\n".join([*map(describe, found), summary]))
    return int(any(fixes for *_, fixes in found))


def run_pip_audit(requirements, *options):
    """Return pip-audit's report on each dependency."""
    command = [sys.executable, "-m", "pip_audit", "-r", requirements, "--disable-pip", *options]
    quiet = ["--format", "json", "--progress-spinner", "off", "--timeout", str(SOCKET_SECONDS)]
    try:
        done = subprocess.run(
            [*command, *quiet], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        report = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired as error:
        raise UnreachableError(f"No answer within {SECONDS} seconds.") from error
    except ValueError as error:
        raise UnreachableError(done.stderr.strip().rpartition("\n")[2]) from error
    if all("skip_reason" in each for each in report):
        raise UnreachableError("The service knows none of the dependencies.")
    return report


def vulnerabilities(report):
    """Yield (name, version, id, fixed versions) of each vulnerability."""
    for dependency in report:
        for found in dependency.get("vulns", []):
            yield dependency["name"], dependency["version"], found["id"], found["fix_versions"]


def describe(vulnerability):
    name, installed, identity, fixes = vulnerability
    return f"{name} {installed}: {identity}, fixed in {', '.join(fixes) or 'no version yet'}"


if __name__ == "__main__":
    sys.exit(main())
