"""`make profile`: measure how long each step of a submission takes, in one process.

The time of a step does not include the steps inside it. Measuring adds about a
microsecond per step.
"""

import importlib
import io
import os
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.load_generator import BOUNDARY, multipart
from benchmarks.servers import SQLITE, BenchmarkSite

PATH: Final = "/api/v1/submissions/"
REQUESTS_PER_ADDRESS: Final = 400  # below the rate limits
# The function or property of each step, as "module:name".
STEPS: Final = {
    "middleware, routing, JSON": "django.core.handlers.wsgi:WSGIHandler.__call__",
    "owner, permissions, rate limit": "rest_framework.views:APIView.initial",
    "parse the form": "rest_framework.request:Request._parse",
    "validate the form": "recognizer.api.request_serializers:NewSubmissionSerializer.is_valid",
    "decode": "recognizer.serving.prediction:decode",
    "normalize": "recognizer.serving.prediction:normalize",
    "network": "ml.runtime:Recognizer.predict",
    "rest of the prediction": "recognizer.serving.prediction:predict_image",
    "compress PNG files": "recognizer.serving.storage:encode_png",
    "store the row": "recognizer.serving.storage:store",
    "build the response": "recognizer.api.submission_serializers:SubmissionSerializer.data",
    "rest of the view": "recognizer.api.submissions:SubmissionViewSet.create",
}


class Profiler:
    """Measures wrapped functions. `seconds` is the time of each step, without inner steps."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        # For each running step, the seconds of the steps inside it.
        self._inner: list[float] = [0.0]

    def wrap(self, label: str, target: str) -> None:
        """Replace the function or property `target`, "module:name", with a measured one."""
        module, _, name = target.partition(":")
        owner: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        found = getattr(owner, last)
        if isinstance(found, property):
            assert found.fget
            setattr(owner, last, property(self._measured(label, found.fget)))
        else:
            setattr(owner, last, self._measured(label, found))

    def _measured(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **keywords: Any) -> Any:
            started = time.perf_counter()
            self._inner.append(0.0)
            try:
                return function(*arguments, **keywords)
            finally:
                total = time.perf_counter() - started
                self.seconds[label] += total - self._inner.pop()
                self._inner[-1] += total

        return measured


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=900)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        site = BenchmarkSite(Path(folder) / "site", SQLITE)
        site.prepare()
        os.environ |= site.environment | {"RATE_LIMITS": "on"}
        from digitsite.wsgi import application

        bodies = [multipart(path.read_bytes()) for path in site.pictures.glob("*.png")]
        warmup = len(bodies) - options.requests
        cookies = SimpleCookie()
        for number, body in enumerate(bodies[:warmup]):
            send(application, body, cookies, number)
        profiler = Profiler()
        for label, target in STEPS.items():
            profiler.wrap(label, target)
        for number, body in enumerate(bodies[warmup:]):
            send(application, body, cookies, number)
    print(table(profiler.seconds, options.requests))


def send(application: Any, body: bytes, cookies: SimpleCookie, number: int) -> None:
    """Send one submission to the WSGI application. Store the cookies of the response."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_X_FORWARDED_FOR": f"10.0.0.{number // REQUESTS_PER_ADDRESS}",
        "HTTP_COOKIE": "; ".join(f"{name}={one.value}" for name, one in cookies.items()),
        "HTTP_X_CSRFTOKEN": cookies["csrftoken"].value if cookies else "",
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
    }

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        assert status == "201 Created", status
        for name, value in headers:
            if name == "Set-Cookie":
                cookies.load(value)

    application(environ, start_response).close()


def table(seconds: dict[str, float], requests: int) -> str:
    """Return a table of the time per submission and the share of each step, slowest first."""
    total = sum(seconds.values())
    lines = [f"{'':<28} {'ms':>6} {'share':>6}"]
    for label, sum_ in sorted(seconds.items(), key=lambda item: -item[1]):
        lines.append(f"{label:<28} {1000 * sum_ / requests:>6.3f} {sum_ / total:>6.0%}")
    return "\n".join([*lines, f"{'one submission':<28} {1000 * total / requests:>6.3f}"])


if __name__ == "__main__":
    main()
