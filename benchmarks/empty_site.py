"""Our site with a view more, which does nothing: no site with this server, framework and these
settings can be faster."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
settings.ROOT_URLCONF = "benchmarks.empty_urls"
application = get_wsgi_application()
