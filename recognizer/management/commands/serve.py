"""`manage.py serve`: serve the site."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import get_internal_wsgi_application

from recognizer.accounts import client_ip
from recognizer.ops import http_server


class Command(BaseCommand):
    help = "Serve the site at BIND and PORT until Ctrl-C or SIGTERM."

    def handle(self, **options: Any) -> None:
        application = get_internal_wsgi_application()
        try:
            listener = http_server.listen(settings.BIND, settings.PORT)
        except OSError as error:
            address = f"{settings.BIND}, port {settings.PORT}"
            raise CommandError(f"Cannot listen on {address}: {error}") from error
        http_server.serve(application, listener, client_ip.network_of_connection)
