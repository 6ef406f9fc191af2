"""Download all of a visitor's drawings as one file."""

import base64
import json
import tempfile
import threading
from typing import IO, Any, Final, cast

from django.conf import settings
from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.views import APIView

from recognizer.accounts import ownership
from recognizer.api import exceptions, heavy_work, throttling
from recognizer.api.serializers import SubmissionWithStrokesSerializer
from recognizer.models import Scope, Submission

CHUNK_SIZE: Final = 50  # rows in memory, with their images
# The estimate of the processor time. The limit is less than the quota, which would otherwise refuse
# every download of very many drawings.
MILLISECONDS_PER_ROW: Final = 1
MAX_MILLISECONDS: Final = 5000
RETRY_SECONDS: Final = 10

# The clients with a running download. Each can have one, because its file takes room on the disk
# until the client has received it.
_clients: Final = set[str]()
_lock: Final = threading.Lock()


class Download(FileResponse):
    """A file for one client, which may start another download after this one is closed."""

    def __init__(self, client: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = client

    def close(self) -> None:
        """Close and delete the file."""
        super().close()
        _clients.discard(self._client)


class DownloadView(APIView):
    """Send the visitor's drawings as NDJSON: one line of JSON for each, oldest first.

    The fields are those of the API, but `image` contains the image instead of its URL. The view is
    part of REST framework so that it counts against the quotas.
    """

    accepted_scopes = (Scope.READ,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> FileResponse:
        client = throttling.client_name(request)
        with _lock:
            if client in _clients:
                raise Throttled(RETRY_SECONDS)
            _clients.add(client)
        name = f"digitsite-{timezone.now():%Y-%m-%d}.ndjson"
        try:
            file = _temporary_file(request)
        except BaseException as error:
            _clients.discard(client)
            if isinstance(error, OSError):  # for example, because the disk is full
                raise exceptions.Unavailable from error
            raise
        return Download(
            client, file, as_attachment=True, filename=name, content_type="application/x-ndjson"
        )


def _temporary_file(request: Request) -> IO[bytes]:
    """Return a file with the visitor's drawings. Raises `OSError` if it cannot be written.

    A slow client occupies no thread and no database connection while a file is sent. The file has
    no name, so it vanishes when it is closed.
    """
    file = cast(IO[bytes], tempfile.TemporaryFile(dir=settings.DATA_DIR))  # noqa: SIM115
    try:
        _write(request, file)
        file.seek(0)  # also writes what is still in memory
    except BaseException:
        file.close()
        raise
    return file


def _write(request: Request, file: IO[bytes]) -> None:
    owner = ownership.current_owner(request)
    if owner is None:
        return
    rows = Submission.objects.owned_by(owner).select_related("model_version").with_learned_in()
    serializer = SubmissionWithStrokesSerializer(context={"request": request})
    milliseconds = min(MILLISECONDS_PER_ROW * rows.count(), MAX_MILLISECONDS)
    with heavy_work.admitted_for(request, milliseconds):
        oldest_first = rows.defer("model_version__card").oldest_first()
        for row in oldest_first.iterator(chunk_size=CHUNK_SIZE):
            image = "data:image/png;base64," + base64.b64encode(row.image).decode()
            drawing = serializer.to_representation(row) | {"image": image}
            file.write(json.dumps(drawing).encode() + b"\n")
