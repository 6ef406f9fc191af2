"""The site as a WSGI application, for `manage.py serve` and other WSGI servers."""

import os
import re
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

CHARSET: Final = re.compile(r";\s*charset\*?\s*=[^;]*", re.IGNORECASE)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
django_application = get_wsgi_application()
# Import all views now, not with the first request: the server excludes all objects that exist when
# it starts from garbage collection.
get_resolver().url_patterns  # noqa: B018


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request whose body and query are in UTF-8, whatever charset it names.

    Django decodes them with any charset of Python. It crashes if that is not one for text, and some
    charsets result in text that UTF-8 cannot encode.

    A reverse proxy may pass on or remove the prefix of the path.
    """
    prefix, path = settings.FORCE_SCRIPT_NAME, environ["PATH_INFO"]
    if prefix and f"{path}/".startswith(f"{prefix}/"):
        environ["PATH_INFO"] = path.removeprefix(prefix) or "/"
    environ["CONTENT_TYPE"] = CHARSET.sub("", environ.get("CONTENT_TYPE", ""))
    return django_application(environ, start_response)
