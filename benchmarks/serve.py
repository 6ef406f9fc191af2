"""`python -m benchmarks.serve MODULE:NAME`: serve a WSGI application as the site is served."""

import os
import pkgutil
import sys

from recognizer.ops import http_server

if __name__ == "__main__":
    application = pkgutil.resolve_name(sys.argv[1])
    listener = http_server.listen("127.0.0.1", int(os.environ["PORT"]))
    if sys.argv[1].startswith("digitsite"):
        from recognizer.accounts.client_ip import network_of_connection

        http_server.serve(application, listener, network_of_connection)
    else:
        http_server.serve(application, listener)
