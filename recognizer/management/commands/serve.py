"""`manage.py serve`: serve the site."""

import errno
import logging
from argparse import ArgumentParser
from socket import socket
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import connection

from recognizer.accounts import client_ip
from recognizer.management import shared
from recognizer.management.welcome import welcome
from recognizer.ops import http_server
from recognizer.serving.model_registry import DATABASE_OUTAGES

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serve the site at BIND and PORT until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--welcome",
            action="store_true",
            help="print the address of the site and how to create an admin account",
        )

    def handle(self, **options: Any) -> None:
        application = get_internal_wsgi_application()
        listener = listen()
        check_static_files()
        check_database()
        if options["welcome"]:
            self.stdout.write(welcome(show_qr_code=self.stdout.isatty()))
        http_server.serve(application, listener, client_ip.network_of_connection)


def check_static_files() -> None:
    """Raise `CommandError` if the static files have not been collected."""
    try:
        staticfiles_storage.url("base.css")
    except ValueError as error:
        message = "The static files are missing. Run: manage.py collectstatic"
        raise CommandError(message) from error


def check_database() -> None:
    """Raise `CommandError` if a migration is missing. During an outage, do not check."""
    try:
        shared.check_migrations()
    except DATABASE_OUTAGES as error:
        log.warning("The migrations were not checked: %s", error)
    finally:
        connection.close()


def listen() -> socket:
    """Return a socket that listens at BIND and PORT. Raises `CommandError` if that fails."""
    host, port = settings.BIND, settings.PORT
    try:
        return http_server.listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else 8000
            message = f"Port {port} is in use. Try PORT={other}."
        elif error.errno == errno.EACCES:
            message = f"Only root may use port {port}. Try PORT=8000."
        else:
            message = f"Cannot listen on {host}, port {port}: {error}. Correct BIND."
        raise CommandError(message) from error
    except TypeError as error:  # a host name that cannot be encoded
        raise CommandError(f"Cannot listen on {host}: {error}. Correct BIND.") from error
