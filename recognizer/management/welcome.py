"""The text that `make run` prints: where the site is, and how to create an admin account."""

import os
import shlex
import sys
from io import StringIO
from typing import Final
from urllib.parse import urlsplit

import segno
from django.conf import settings

# The variables without which a command would use another site.
SITE_VARIABLES: Final = ("DATA_DIR", "DATABASE_URL")


def welcome(show_qr_code: bool) -> str:
    """Return the addresses of the site, and commands that can be copied as they are."""
    host = "127.0.0.1" if settings.LAN_ADDRESSES else settings.BIND
    lines = ["", f"  The site:            {site_url(host)}"]
    urls = [site_url(address) for address in settings.LAN_ADDRESSES]
    lines += [f"  In your network:     {url}" for url in urls]
    lines += [f"  An admin account:    {command('createsuperuser')}", ""]
    if urls and show_qr_code:
        lines.append(qr_code(urls[0]))
    return "\n".join(lines)


def qr_code(text: str) -> str:
    """Return a QR code for the terminal."""
    out = StringIO()
    segno.make_qr(text).terminal(out, compact=True)
    return out.getvalue()


def site_url(host: str) -> str:
    """Return the address of the site's server at a host name or address."""
    host = host.strip("[]")
    prefix = settings.FORCE_SCRIPT_NAME
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}{prefix}/"


def command(name: str) -> str:
    """Return the line for the shell that runs a command of manage.py for the same site."""
    variables = [
        f"{name}={shlex.quote(_without_password(os.environ[name]))}"
        for name in SITE_VARIABLES
        if os.environ.get(name)
    ]
    return " ".join([*variables, shlex.quote(sys.orig_argv[0]), shlex.quote(sys.argv[0]), name])


def _without_password(value: str) -> str:
    """Replace the password of a URL, which must not appear on the terminal or in a log."""
    password = urlsplit(value).password
    return value.replace(f":{password}@", ":PASSWORD@") if password else value
