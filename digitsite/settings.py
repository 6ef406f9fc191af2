"""The only settings file. What an operator may change comes from the environment (see README)."""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from digitsite import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "var")

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret_key(kept_in=DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")

# How many proxies of yours stand in front; visitors are told apart by the address they add.
NUM_PROXIES = env.whole_number("NUM_PROXIES", default=0)
# Whether visitors come by https, which a proxy in front or the server unpacks.
HTTPS = env.flag("HTTPS", default=False)
RATE_LIMITS = env.flag("RATE_LIMITS", default=True)
# With it a program may read /metrics/; without one only staff may, logged in.
METRICS_TOKEN = env.token("METRICS_TOKEN")
MNIST_PATH = Path(os.environ.get("MNIST_PATH") or DATA_DIR / "mnist.npz")
# The SHA-256 of another set of digits in MNIST's form; empty for MNIST itself.
MNIST_SHA256 = os.environ.get("MNIST_SHA256", "")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "django_tasks_db",
    "axes",
    "recognizer",
]
MIDDLEWARE = [
    "digitsite.logs.RequestId",
    "recognizer.metrics.CountRequests",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "digitsite.urls"
WSGI_APPLICATION = "digitsite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", kept_in=DATA_DIR)}
# Every worker process counts requests in it: see recognizer/api/throttles.py.
CACHES = {"default": env.cache("CACHE_URL", kept_in=DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Who is wrong too often about one name's password waits: see recognizer/logins.py.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "recognizer.logins.Handler"
AXES_CLIENT_IP_CALLABLE = "recognizer.logins.scrambled_address"
AXES_LOCKOUT_CALLABLE = "recognizer.logins.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
# What else it would keep, log and show.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = AXES_ENABLE_ADMIN = False

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "keys"
LOGOUT_REDIRECT_URL = "draw"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Spanish"), ("fr", "French"), ("zh-hans", "Chinese")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "digitsite.static.HashedStorage"},
}
# With DEBUG, files are served as they are in the folders, without collectstatic.
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

# A visitor's drawings are theirs for as long as the browser keeps this cookie.
SESSION_COOKIE_AGE = LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"

# A page loads nothing from elsewhere, and runs and styles nothing that stands in itself.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SECURE_REDIRECT_EXEMPT = [
        "^(healthz|readyz|metrics)/$"
    ]  # asked for from beside, past the proxy
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    if NUM_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# We cannot speak for the other names of the operator's domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# The largest body in bytes: a phone photo fits, also as base64.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "recognizer.api.parsers.MultiPartParser",
    ],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "recognizer.api.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # Everybody may, but of the keys only those with the scope.
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.AllowAny",
        "recognizer.api.authentication.HasScope",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "recognizer.api.errors.handle",
    "NUM_PROXIES": NUM_PROXIES,
    "DEFAULT_THROTTLE_CLASSES": ["recognizer.api.throttles.Quota"],
}
# Requests (images, of several in one request) a minute for each key and for each visitor's
# address: wide enough for a class of thirty behind one.
QUOTAS = {"recognize": 3000, "submit": 600, "correct": 600, "read": 3000} if RATE_LIMITS else {}
# Keys of the API: see recognizer/keys.py. Our model replaces the package's.
KNOX_TOKEN_MODEL = "recognizer.Key"
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "digitsite",
    "DESCRIPTION": "Reads handwritten digits and learns from corrections. A visitor is known by "
    "the session cookie, a program by its [key](/keys/): `Authorization: Bearer dgs_...`.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # With `?fields=` any of them may be left out.
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "ENUM_NAME_OVERRIDES": {
        "SourceEnum": "recognizer.models.Source",
        "SentSourceEnum": "recognizer.api.serializers.SENT",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "recognizer.api.schema.add_errors",
    ],
}

# What a web process starts and `manage.py worker` does: see recognizer/tasks.py.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

LOGGING = logs.config(env.one_of("LOG_FORMAT", *logs.FORMATS))
