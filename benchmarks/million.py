"""`make bench-million`: does each page take as long with a million drawings as with a thousand?

Both databases are made and measured in the same run, on SQLite.
"""

import json
import os
import re
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import django

TIMES: Final = 7  # each page is asked for; the least counts: what else runs here only adds
LIMIT: Final = 2.0  # times as long as with few rows is the most that is fine
ANY: Final = "page_size=3"  # so many there are also of a thousand
LONGER: Final = 1.3  # times as many bytes: there was less to show than fits on a page

Measured = tuple[float, int]  # seconds, bytes


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("few", type=int, nargs="?", default=1000)
    parser.add_argument("many", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("var/million"))
    parser.add_argument("--measure", action="store_true", help="the database of DATA_DIR, as JSON")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure()))
        return 0
    few, many = (timed(options.folder / str(count), count) for count in (options.few, options.many))
    print(table(few, many, options.few, options.many))
    return 0


def timed(folder: Path, count: int) -> dict[str, Measured]:
    """Of each page time and length, in a process of its own, with a database of so many rows."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"DATA_DIR": str(folder), "RATE_LIMITS": "off", "DATABASE_URL": ""}
    if not (folder / "seeded").exists():  # an earlier run's is as good
        print(f"Storing {count:,} submissions in {folder} ...", file=sys.stderr)
        seed = [sys.executable, "-m", "benchmarks.seed", str(count)]
        subprocess.run(seed, env=environment, stdout=subprocess.DEVNULL, check=True)
        (folder / "seeded").touch()
    measure = [sys.executable, "-m", "benchmarks.million", "--measure"]
    done = subprocess.run(measure, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Measured] = json.loads(done.stdout)
    return found


def measure() -> dict[str, Measured]:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "digitsite.settings", "DEBUG": "off"}
    os.environ["ALLOWED_HOSTS"] = "localhost"
    django.setup()
    from django.conf import settings

    # As with DEBUG: which files are hashed how is no question here.
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    return {name: _measured(ask) for name, ask in pages()}


def _measured(ask: Callable[[], Any]) -> Measured:
    """Seconds and bytes; the first time is for warming up."""
    times = []
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        response = ask()
        times.append(time.perf_counter() - started)
        if response.status_code != 200:
            raise RuntimeError(f"{response.status_code}: {response.content[:500]!r}")
    return min(times[1:]), len(response.content)


def pages() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Their names, and how each is asked for."""
    from django.contrib.auth.models import User
    from django.test import Client

    from benchmarks.seed import BUSY
    from recognizer import owners

    visitor, staff = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    session = visitor.session
    session[owners.KEY] = str(BUSY)
    session.save()
    staff.force_login(User.objects.get(username="rosa"))

    def getting(client: Client, path: str) -> Callable[[], Any]:
        return lambda: client.get(path)

    for name, path in visitors_pages(visitor):
        yield name, getting(visitor, path)
    for name, path in (*staffs_lists(staff), *staffs_pages()):
        yield name, getting(staff, path)
    yield "desk: the queue's next handful", lambda: staff.post("/desk/take/")


def visitors_pages(visitor: Any) -> Iterator[tuple[str, str]]:
    """Of one who has drawn every tenth drawing."""
    api = "/api/v1/submissions/"
    yield "history", "/mine/"
    older = re.search(r'href="([^"]+)" rel="next"', visitor.get("/mine/").content.decode())
    assert older
    yield "history, the next page", older[1]
    yield "API: own submissions", api
    yield "API: own submissions, the next page", visitor.get(api).json()["next"]
    for choice in ("digit=7", "review=approved", "disagrees=true", "label=3"):
        yield f"API: own submissions, {choice}", f"{api}?{choice}&{ANY}"


def staffs_lists(staff: Any) -> Iterator[tuple[str, str]]:
    api, admin = "/api/v1/submissions/", "/admin/recognizer/submission/"
    for choice in (
        "",
        "digit=7",
        "corrected_digit=7",
        "label=null",
        "review=pending",
        "source=upload",
        "model_version=1",
        "disagrees=true",
        "disagrees=false",
        "review=approved&label=3&source=api",
        "review=rejected&digit=5&disagrees=true",
        "created_before=2100-01-01T00:00:00Z&digit=1",
        "created_after=2100-01-01T00:00:00Z",
    ):
        yield f"API: everybody's submissions, {choice or 'all'}", f"{api}?{choice}&{ANY}"
    one = staff.get(api).json()["results"][0]["id"]
    yield "API: one submission", f"{api}{one}/"
    for choice in (
        "",
        "p=2",
        "review__exact=pending",
        "disagreement=yes",
        "predicted_digit__exact=7",
        "corrected_digit__exact=7&predicted_digit__exact=8",
        "label__exact=3",
        "source__exact=api",
        "model_version__id__exact=1",
        "review__exact=approved&label__exact=10",
    ):
        yield f"admin: submissions, {choice or 'all'}", f"{admin}?{choice}"
    yield "admin: submissions, by id", f"{admin}?q={one}"
    yield "admin: one submission", f"{admin}{one}/change/"


def staffs_pages() -> Iterator[tuple[str, str]]:
    from recognizer import registry

    live = registry.live_version()
    yield "API: model versions", "/api/v1/models/"
    yield "admin: index", "/admin/"
    yield "admin: model versions", "/admin/recognizer/modelversion/"
    yield "admin: the live version", f"/admin/recognizer/modelversion/{live.pk}/change/"
    yield "admin: training runs", "/admin/recognizer/trainingrun/"
    yield "admin: start a retraining", "/admin/recognizer/trainingrun/add/"
    yield "admin: audit trail", "/admin/admin/logentry/"
    yield "desk: grid", "/desk/grid/7/"
    yield "desk: overview", "/desk/overview/"
    yield "desk: what the next training would learn", "/desk/overview/next-training/"
    yield "desk: quality", "/desk/quality/"
    yield "metrics", "/metrics/"


def table(few: dict[str, Measured], many: dict[str, Measured], *counts: int) -> str:
    """For people: milliseconds and their ratio, the worst ones marked."""
    width = max(map(len, few))
    lines = [f"{'':<{width}} {counts[0]:>11,} {counts[1]:>11,}   ratio"]
    for page in few:
        (short, bytes_), (long, more) = few[page], many[page]
        mark = "  <<<" if long > LIMIT * short else ""
        if more > LONGER * bytes_:
            mark += f"  (the answer is {more / bytes_:.1f} times as long)"
        lines.append(
            f"{page:<{width}} {1000 * short:>8.1f} ms {1000 * long:>8.1f} ms"
            f" {long / short:>7.1f}{mark}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
