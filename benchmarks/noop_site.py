"""Our site with an additional view that does nothing.

With this server, framework and settings, no view can be faster.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
settings.ROOT_URLCONF = "benchmarks.noop_urls"
application = get_wsgi_application()
