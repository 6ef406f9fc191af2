"""`make bench-million`: compare each page's response time with 1,000,000 and with 1,000 drawings.

Both databases use SQLite. They are measured in the same run.
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
import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile

from benchmarks.stroke_rendering import draw_at_random
from ml.preprocessing.png import encode_png

REQUESTS_PER_PAGE: Final = 7  # the fastest counts, because other processes can only slow it down
MAX_TIME_RATIO: Final = 2.0  # higher ratios are marked in the table
MAX_SIZE_RATIO: Final = 1.3  # higher ratios are noted: the page with few drawings was not full
PAGE_SIZE: Final = "page_size=3"  # small enough for a thousand drawings to fill the page
SUBMISSIONS: Final = "/api/v1/submissions/"
API_FILTERS: Final = (
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
)
ADMIN_FILTERS: Final = (
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
)

Measurement = tuple[float, int]  # seconds, bytes
SendRequest = Callable[[], Any]


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("few", type=int, nargs="?", default=1000)
    parser.add_argument("many", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("var/million"))
    parser.add_argument("--measure", action="store_true", help="measure the site in DATA_DIR")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure()))
        return 0
    few, many = (
        measure_site(options.folder / str(count), count) for count in (options.few, options.many)
    )
    print(table(few, many, options.few, options.many))
    return 0


def measure_site(folder: Path, count: int) -> dict[str, Measurement]:
    """Measure a site with `count` submissions in a separate process."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"DATA_DIR": str(folder), "RATE_LIMITS": "off", "DATABASE_URL": ""}
    if not (folder / "seeded").exists():  # Otherwise, the database of an earlier run is reused.
        print(f"Storing {count:,} submissions in {folder} ...", file=sys.stderr)
        seed = [sys.executable, "-m", "benchmarks.seed", str(count)]
        subprocess.run(seed, env=environment, stdout=subprocess.DEVNULL, check=True)
        (folder / "seeded").touch()
    measure = [sys.executable, "-m", "benchmarks.million", "--measure"]
    done = subprocess.run(measure, env=environment, stdout=subprocess.PIPE, check=True)
    measured: dict[str, Measurement] = json.loads(done.stdout)
    return measured


def measure() -> dict[str, Measurement]:
    """Measure each page of the site in DATA_DIR."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "digitsite.settings", "DEBUG": "off"}
    os.environ["ALLOWED_HOSTS"] = "localhost"
    django.setup()
    from django.conf import settings

    # This storage does not need `collectstatic`, because it does not hash the file names.
    settings.STORAGES["staticfiles"]["BACKEND"] = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    return {name: _measure(send) for name, send in pages()}


def _measure(send: SendRequest) -> Measurement:
    """Return the shortest time and the response size. The first request only warms up."""
    times = []
    for _ in range(REQUESTS_PER_PAGE + 1):
        started = time.perf_counter()
        response = send()
        times.append(time.perf_counter() - started)
        if response.status_code not in (200, 201):
            raise RuntimeError(f"{response.status_code}: {response.content[:500]!r}")
    return min(times[1:]), len(response.content)


def pages() -> Iterator[tuple[str, SendRequest]]:
    """Yield the name of each page and a function that requests it."""
    from django.contrib.auth.models import User
    from django.test import Client

    from benchmarks.seed import BUSIEST_OWNER, REVIEWERS
    from recognizer.accounts import owner_cookie

    visitor, staff = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    visitor.cookies[owner_cookie.COOKIE_NAME] = owner_cookie.signed(BUSIEST_OWNER)
    staff.force_login(User.objects.get(username=REVIEWERS[0]))

    def get(client: Client, path: str) -> SendRequest:
        return lambda: client.get(path)

    for name, path in visitor_pages(visitor):
        yield name, get(visitor, path)
    for name, path in (*staff_lists(staff), *staff_pages()):
        yield name, get(staff, path)
    yield "review: claim", lambda: staff.post("/review/claim/")
    drawings = iter([_random_drawing() for _ in range(REQUESTS_PER_PAGE + 1)])
    yield "API: store a drawing", lambda: visitor.post(SUBMISSIONS, {"image": next(drawings)})


def _random_drawing() -> SimpleUploadedFile:
    """Return a drawing that nobody has stored."""
    rng = np.random.default_rng()
    strokes = [np.cumsum(rng.normal(0, 20, (12, 2)), axis=0).tolist()]
    return SimpleUploadedFile("drawing.png", encode_png(draw_at_random(strokes, rng)))


def visitor_pages(visitor: Any) -> Iterator[tuple[str, str]]:
    """Yield the pages of the visitor who drew a tenth of all drawings."""
    yield "my drawings", "/mine/"
    next_page = re.search(r'href="([^"]+)" rel="next"', visitor.get("/mine/").content.decode())
    assert next_page
    yield "my drawings, the next page", next_page[1]
    yield "API: own submissions", SUBMISSIONS
    yield "API: own submissions, the next page", visitor.get(SUBMISSIONS).json()["next"]
    for choice in ("digit=7", "review=approved", "disagrees=true", "label=3"):
        yield f"API: own submissions, {choice}", f"{SUBMISSIONS}?{choice}&{PAGE_SIZE}"


def staff_lists(staff: Any) -> Iterator[tuple[str, str]]:
    """Yield the lists of submissions in the API and in the admin, with their filters."""
    for choice in API_FILTERS:
        yield (
            f"API: everybody's submissions, {choice or 'all'}",
            f"{SUBMISSIONS}?{choice}&{PAGE_SIZE}",
        )
    one = staff.get(SUBMISSIONS).json()["results"][0]["id"]
    yield "API: one submission", f"{SUBMISSIONS}{one}/"
    admin = "/admin/recognizer/submission/"
    for choice in ADMIN_FILTERS:
        yield f"admin: submissions, {choice or 'all'}", f"{admin}?{choice}"
    yield "admin: submissions, by id", f"{admin}?q={one}"
    yield "admin: one submission", f"{admin}{one}/change/"


def staff_pages() -> Iterator[tuple[str, str]]:
    """Yield the other staff pages."""
    from recognizer.serving import model_registry

    live = model_registry.live_version()
    yield "API: model versions", "/api/v1/models/"
    yield "admin: index", "/admin/"
    yield "admin: model versions", "/admin/recognizer/modelversion/"
    yield "admin: the live version", f"/admin/recognizer/modelversion/{live.pk}/change/"
    yield "admin: training runs", "/admin/recognizer/trainingrun/"
    yield "admin: start a training run", "/admin/recognizer/trainingrun/add/"
    yield "admin: audit trail", "/admin/admin/logentry/"
    yield "review: bulk review", "/review/bulk/7/"
    yield "review: doubtful labels", "/review/doubtful/"
    yield "review: dashboard", "/review/dashboard/"
    yield "review: next training run", "/review/dashboard/next-training/"
    yield "review: agreement", "/review/agreement/"
    yield "metrics", "/metrics/"


def table(few: dict[str, Measurement], many: dict[str, Measurement], *counts: int) -> str:
    """Return a table of the times and their ratios. High ratios are marked."""
    width = max(map(len, few))
    lines = [f"{'':<{width}} {counts[0]:>11,} {counts[1]:>11,}   ratio"]
    for page in few:
        (short, small), (long, large) = few[page], many[page]
        mark = "  <<<" if long > MAX_TIME_RATIO * short else ""
        if large > MAX_SIZE_RATIO * small:
            mark += f"  (the response is {large / small:.1f} times as large)"
        lines.append(
            f"{page:<{width}} {1000 * short:>8.1f} ms {1000 * long:>8.1f} ms"
            f" {long / short:>7.1f}{mark}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
