"""Parse request bodies within the limits of the API."""

import codecs
import io
import json
from typing import Any, BinaryIO, Final

import multipart
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError

from recognizer.api import heavy_work

# The API needs at most some thousand values. Each takes about a hundred bytes of memory, so a body
# of ten megabytes with a value in every third byte would take several hundred megabytes.
MAX_JSON_VALUES: Final = 100_000
# Of each part of a form. Parsing many long headers would take long.
MAX_PART_HEADERS: Final = 4
MAX_HEADER_BYTES: Final = 1024


class JSONParser(parsers.JSONParser):
    """Reject JSON that has too many values, is nested too deeply, or cannot be encoded in UTF-8.

    DRF's parser fails at deep nesting. It accepts text that an escape such as `\\ud800` (half
    of a surrogate pair) causes, but the database and the response could not store or repeat it.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Parse the body.

        Raises `ParseError`, `RequestDataTooBig` if it is too large, or `Busy`.
        """
        _check_size(parser_context)
        body = stream.read().removeprefix(codecs.BOM_UTF8)  # Windows programs write one.
        if body.count(b",") > MAX_JSON_VALUES:
            raise ParseError(_("The JSON has too many values."))
        try:
            data = super().parse(io.BytesIO(body), media_type, parser_context)
            # The first search is much faster, and few bodies contain a backslash.
            if b"\\" in body and b"\\u" in body:
                json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error
        except UnicodeEncodeError as error:
            raise ParseError(_("The JSON contains half of a surrogate pair.")) from error
        return data


class MultiPartParser(parsers.BaseParser):
    """Parse a form as UTF-8, in memory.

    Django's own parser is slower, and does not count files towards the limit
    `DATA_UPLOAD_MAX_MEMORY_SIZE`.
    """

    media_type = "multipart/form-data"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Parse the form.

        Raises `ParseError`, `RequestDataTooBig` if it is too large, or `Busy`.
        """
        _check_size(parser_context)
        _name, options = multipart.parse_options_header(media_type or "")
        size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        form = multipart.MultipartParser(
            stream,
            options.get("boundary", ""),
            header_limit=MAX_PART_HEADERS,
            headersize_limit=MAX_HEADER_BYTES,
            spool_limit=size,
            memory_limit=size,
        )
        fields = QueryDict(mutable=True)
        files: MultiValueDict[str, BinaryIO] = MultiValueDict()
        try:
            for part in form:
                if part.filename is None:
                    fields.appendlist(part.name, part.raw.decode(errors="replace"))
                elif part.filename:  # A browser sends an empty name if no file is chosen.
                    files.appendlist(part.name, part.file)
        except multipart.MultipartError as error:
            raise ParseError(_("The form is not valid: %(error)s") % {"error": error}) from error
        return parsers.DataAndFiles(fields, files)


def _check_size(parser_context: Any) -> None:
    # Django never reads more than the declared length, so checking that length is enough.
    length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
    if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig
    heavy_work.require_free_thread(length)
