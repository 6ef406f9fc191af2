"""`make profile`: where the time of one submission goes, in one process that does nothing else.

Each step without the steps in it; what is left is the framework around them. A step that is timed
costs about a microsecond more.
"""

import importlib
import io
import os
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.load import BOUNDARY, multipart
from benchmarks.servers import SQLITE, Place

PATH: Final = "/api/v1/submissions/"
ALL: Final = "middleware, routing, JSON"
STEPS: Final = {
    ALL: "django.core.handlers.wsgi:WSGIHandler.__call__",
    "session, rights, quota": "rest_framework.views:APIView.initial",
    "parsing the form": "rest_framework.request:Request._parse",
    "checking the form": "recognizer.api.serializers:NewSubmissionSerializer.is_valid",
    "decode": "recognizer.recognition:decode",
    "normalize": "recognizer.recognition:normalize",
    "the network": "ml.runtime:Recognizer.read",
    "the rest of reading": "recognizer.recognition:recognize",
    "packing PNGs": "recognizer.recognition:encode_png",
    "storing": "recognizer.recognition:store",
    "putting the answer together": "recognizer.api.serializers:SubmissionSerializer.data",
    "the rest of the view": "recognizer.api.submissions:SubmissionViewSet.create",
}


class Watch:
    """Times what it has wrapped: `seconds` of each step, without the steps in it."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inside: list[float] = [0.0]

    def wrap(self, label: str, place: str) -> None:
        module, _, name = place.partition(":")
        owner: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        found = getattr(owner, last)
        if isinstance(found, property):
            assert found.fget
            setattr(owner, last, property(self._timed(label, found.fget)))
        else:
            setattr(owner, last, self._timed(label, found))

    def _timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            self._inside.append(0.0)
            try:
                return function(*arguments, **named)
            finally:
                whole = time.perf_counter() - started
                self.seconds[label] += whole - self._inside.pop()
                self._inside[-1] += whole

        return timed


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=900)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = Place(Path(folder) / "site", SQLITE)
        place.prepare()
        os.environ |= place.environment | {"RATE_LIMITS": "on"}
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        from digitsite.wsgi import application

        bodies = [multipart(path.read_bytes()) for path in place.pictures.glob("*.png")]
        few = len(bodies) - options.requests
        cookie = ""
        for number, body in enumerate(bodies[:few]):  # until all is warm
            cookie = send(application, body, cookie, number)
        watch = Watch()
        for label, where in STEPS.items():
            watch.wrap(label, where)
        for number, body in enumerate(bodies[few:]):
            send(application, body, cookie, number)
    print(table(watch.seconds, options.requests))


def send(application: Any, body: bytes, cookie: str, number: int) -> str:
    """One submission through all of Django; returns the visitor's cookie."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_X_FORWARDED_FOR": f"10.0.0.{number // 400}",
        "HTTP_COOKIE": cookie,
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
    }
    answered: dict[str, str] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        assert status == "201 Created", status
        answered.update(headers)

    application(environ, start_response).close()
    return answered.get("Set-Cookie", cookie).partition(";")[0]


def table(seconds: dict[str, float], requests: int) -> str:
    whole = sum(seconds.values())
    lines = [f"{'':<28} {'ms':>6} {'share':>6}"]
    for label, sum_ in sorted(seconds.items(), key=lambda item: -item[1]):
        lines.append(f"{label:<28} {1000 * sum_ / requests:>6.3f} {sum_ / whole:>6.0%}")
    return "\n".join([*lines, f"{'one submission':<28} {1000 * whole / requests:>6.3f}"])


if __name__ == "__main__":
    main()
