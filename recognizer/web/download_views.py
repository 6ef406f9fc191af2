"""Download all of a visitor's drawings as one file."""

import base64
import json
import tempfile
import threading
import uuid
from contextlib import ExitStack
from typing import IO, Any, Final, cast

from django.conf import settings
from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.views import APIView

from recognizer.accounts import ownership
from recognizer.api import exceptions, heavy_work
from recognizer.api.content_negotiation import FileNegotiation
from recognizer.api.submission_serializers import SubmissionWithStrokesSerializer
from recognizer.models import Scope, Submission

CHUNK_SIZE: Final = 50  # rows in memory, with their images
# The estimate of the processor time. The limit is less than the quota, which would otherwise refuse
# every download of very many drawings.
MILLISECONDS_PER_ROW: Final = 1
MAX_MILLISECONDS: Final = 5000
RETRY_SECONDS: Final = 10

# The owners with a running download. Each can have one, because its file takes room on the disk
# until it has been received.
_owners: Final = set[uuid.UUID]()
_lock: Final = threading.Lock()


class Download(FileResponse):
    """A file for one owner, who may start another download after this one is closed."""

    def __init__(self, owner: uuid.UUID, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owner = owner

    def close(self) -> None:
        """Close and delete the file."""
        super().close()
        _owners.discard(self._owner)


class DownloadView(APIView):
    """Send the visitor's drawings as NDJSON: one line of JSON for each, oldest first.

    The fields are those of the API, but `image` contains the image instead of its URL. The view is
    part of REST framework so that it counts against the quotas.
    """

    accepted_scopes = (Scope.READ,)
    content_negotiation_class = FileNegotiation

    @extend_schema(exclude=True)
    def get(self, request: Request) -> FileResponse:
        owner = ownership.current_owner(request) or uuid.uuid4()  # a new one has no drawings
        with _lock:
            if owner in _owners:
                raise Throttled(RETRY_SECONDS)
            _owners.add(owner)
        try:
            with ExitStack() as on_error:
                on_error.callback(_owners.discard, owner)
                file = on_error.enter_context(_temporary_file())
                _write(request, owner, file)
                file.seek(0)  # also writes what is still in memory
                on_error.pop_all()  # Closing the response undoes both.
        except OSError as error:  # for example, because the disk is full
            raise exceptions.Unavailable from error
        name = f"digitsite-{timezone.now():%Y-%m-%d}.ndjson"
        return Download(
            owner, file, as_attachment=True, filename=name, content_type="application/x-ndjson"
        )


def _temporary_file() -> IO[bytes]:
    """Return an empty file. Raises `OSError` if it cannot be created.

    A slow client occupies no thread and no database connection while a file is sent. The file has
    no name, so it vanishes when it is closed.
    """
    return cast(IO[bytes], tempfile.TemporaryFile(dir=settings.DATA_DIR))


def _write(request: Request, owner: uuid.UUID, file: IO[bytes]) -> None:
    rows = Submission.objects.owned_by(owner).select_related("model_version").with_learned_in()
    serializer = SubmissionWithStrokesSerializer(context={"request": request})
    milliseconds = min(MILLISECONDS_PER_ROW * rows.count(), MAX_MILLISECONDS)
    with heavy_work.admitted_download(request, milliseconds):
        oldest_first = rows.defer("model_version__card").oldest_first()
        for row in oldest_first.iterator(chunk_size=CHUNK_SIZE):
            image = "data:image/png;base64," + base64.b64encode(row.image).decode()
            drawing = serializer.to_representation(row) | {"image": image}
            file.write(json.dumps(drawing).encode() + b"\n")
