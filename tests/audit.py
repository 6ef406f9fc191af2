"""`python tests/audit.py`: known holes in what requirements.txt pins; status 1 where one is mended.

Where no service that knows them can be reached, it says so, and nothing fails.
"""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"
SOCKET_SECONDS, SECONDS = 5, 120


class UnreachableError(Exception):
    """Nobody can be asked; the message says what happened."""


def main():
    try:
        with TemporaryDirectory() as folder:
            # One alone first: who does not know Django knows nothing, and is asked no more.
            one = Path(folder) / "one.txt"
            one.write_text(f"django=={version('django')}\n")
            ask(one, "--no-deps")
        report = ask(REQUIREMENTS)
    except UnreachableError as error:
        print(f"Left out: known holes in the dependencies. {error}")
        return 0
    return tell(report)


def tell(report):
    """In words; 1 where a newer version is without a hole."""
    holes = list(found(report))
    print(
        "\n".join([*map(in_words, holes), f"{len(report)} dependencies, {len(holes)} known holes"])
    )
    return int(any(mended for *_, mended in holes))


def ask(requirements, *options):
    """What is known of each dependency, as pip-audit reports it."""
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
        raise UnreachableError("The service knows none of them.")
    return report


def found(report):
    """Name, version, the hole's id, and the versions without it."""
    for each in report:
        for hole in each.get("vulns", []):
            yield each["name"], each["version"], hole["id"], hole["fix_versions"]


def in_words(hole):
    name, at, identity, mended = hole
    return f"{name} {at}: {identity}, mended in {', '.join(mended) or 'no version yet'}"


if __name__ == "__main__":
    sys.exit(main())
