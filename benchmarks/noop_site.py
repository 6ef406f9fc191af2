"""Our site with one more view that does nothing.

No view on this server, with this framework and these settings, can be faster.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
settings.ROOT_URLCONF = "benchmarks.noop_urls"
application = get_wsgi_application()
