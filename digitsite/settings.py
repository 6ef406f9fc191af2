"""Django settings. docs/configuration.md lists the environment variables that change them."""

from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from environs import validate

from digitsite import request_logging, secret_key, stores
from digitsite.env import (
    BASE_DIR,
    COUNT,
    HOST,
    ORIGIN,
    PORT_NUMBER,
    PREFIX,
    SECRET,
    SHA256,
    TOKEN,
    env,
)
from digitsite.local_network import WILDCARDS, private_addresses

DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "var")

DEBUG = env.switch("DEBUG", default=False)
SECRET_KEY = secret_key.secret_key(path=DATA_DIR / "secret_key")
# Earlier values of SECRET_KEY. Cookies that are signed with them stay valid.
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS", default="", valid=SECRET)

# The address and port of `manage.py serve`.
BIND = env.text("BIND", default="127.0.0.1")
PORT = env.number("PORT", default=8000, valid=PORT_NUMBER)
# The addresses of this machine in its local network, if the site is served there.
LAN_ADDRESSES = private_addresses() if BIND in WILDCARDS else []
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default="", valid=HOST) or [
    *("localhost", "127.0.0.1", "[::1]"),
    *LAN_ADDRESSES,
]
# The path below which a reverse proxy serves the site, such as /digits. It is set even if empty,
# so that no WSGI server takes it from a header of the client.
FORCE_SCRIPT_NAME = env.text("URL_PREFIX", valid=PREFIX)
# Origins of pages of this site that a reverse proxy reports with another host, port or scheme.
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS", default="", valid=ORIGIN)
# The number of reverse proxies in front of the site. They add the client address to a header. The
# rate limits and the login lockout read it from there.
NUM_PROXIES = env.number("NUM_PROXIES", default=0, valid=COUNT)
# Whether visitors use HTTPS. The reverse proxy decrypts it, and forwards plain HTTP to the site.
HTTPS = env.switch("HTTPS", default=False)
RATE_LIMITS = env.switch("RATE_LIMITS", default=True)
# Prometheus reads /metrics/ with this token. If it is empty, only staff can read /metrics/.
METRICS_TOKEN = env.text("METRICS_TOKEN", valid=TOKEN)
MNIST_PATH = env.file("MNIST_PATH", default=DATA_DIR / "mnist.npz")
# The SHA-256 of another dataset in MNIST's format, or an empty string for MNIST itself.
MNIST_SHA256 = env.text("MNIST_SHA256", valid=SHA256)

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
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "recognizer",
]
MIDDLEWARE = [
    "digitsite.request_logging.RequestIdMiddleware",
    "recognizer.metrics.RequestMetricsMiddleware",
    "recognizer.api.throttling.RateLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "digitsite.trusted_types.TrustedTypesMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "recognizer.accounts.middleware.PrivateResponseMiddleware",
    "recognizer.accounts.middleware.OwnerCookieMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "recognizer.accounts.login_lockout.LoginRefusedMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "digitsite.common_middleware.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

DATABASES = {"default": stores.database("DATABASE_URL", kept_in=DATA_DIR)}
# The cache counts requests for the rate limits: see recognizer/api/throttling.py.
CACHES = {"default": stores.cache("CACHE_URL", kept_in=DATA_DIR)}
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

# By default, messages that do not fit into the cookie would create a session for each request.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# Limits failed logins. docs/configuration.md lists the limits.
AUTHENTICATION_BACKENDS = ["recognizer.accounts.login_lockout.ThrottledBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "keys"
LOGOUT_REDIRECT_URL = "draw"

CSRF_FAILURE_VIEW = "recognizer.web.csrf_views.csrf_failure"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Spanish"), ("fr", "French"), ("zh-hans", "Chinese")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "digitsite.storage.HashedStorage"},
}
# With DEBUG, static files are served from their folders, without collectstatic.
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

# Users stay logged in for a year. Visitors without an account have no session: see
# recognizer/accounts/owner_cookie.py.
SESSION_ENGINE = "recognizer.accounts.sessions"
SESSION_COOKIE_AGE = LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{FORCE_SCRIPT_NAME}/"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"

# Pages load everything from this site only, except images, which may also be data URLs. Inline
# scripts and styles are blocked. digitsite/trusted_types.py adds Trusted Types.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
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
    # Monitoring on the same network reads these pages over HTTP, not through the reverse proxy.
    SECURE_REDIRECT_EXEMPT = [r"(^|/)(healthz|readyz|metrics)/$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    if NUM_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SILENCED_SYSTEM_CHECKS = [
    # They demand HSTS settings that affect all subdomains. The operator decides on these.
    "security.W005",
    "security.W021",
    # The settings that they name follow HTTPS: see digitsite.W002 in recognizer/ops/checks.py.
    *("security.W004", "security.W008", "security.W012", "security.W016"),
]

# Bytes. A photo from a phone fits, even if it is encoded in base64.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000
# Uploads are never written to a temporary file, because the disk may be full. Django ignores the
# files of a larger body.
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "recognizer.api.parsers.JSONParser",
        "recognizer.api.parsers.MultiPartParser",
    ],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "recognizer.api.authentication.ApiKeyAuthentication",
        "recognizer.api.authentication.CookieAuthentication",
    ],
    # By default, everybody may use a view of the API. The API key of a request needs the required
    # scope. Views for reviewers and staff require further permissions.
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.AllowAny",
        "recognizer.api.authentication.HasScope",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "recognizer.api.exceptions.handle_exception",
    "NUM_PROXIES": NUM_PROXIES,
    "DEFAULT_THROTTLE_CLASSES": ["recognizer.api.throttling.SlidingWindowThrottle"],
}
# Web pages of these origins may read the API's responses. Their requests carry no cookies.
CORS_ALLOWED_ORIGINS = env.names("CORS_ORIGINS", default="", valid=ORIGIN)
CORS_URLS_REGEX = "^/api/"
CORS_ALLOW_HEADERS = (*default_headers, "idempotency-key")
CORS_EXPOSE_HEADERS = ("Location", "RateLimit", "RateLimit-Policy", "Retry-After")
# Requests per minute for each user of API keys. Requests without a key are counted for each client
# address (for IPv6, for each /64 network). Each image of a batch counts as one request. All limits
# are high enough for thirty pupils behind one address.
QUOTAS = {"recognize": 3000, "submit": 600, "correct": 600, "read": 3000}
# Milliseconds of processor time per minute: a quarter of a processor.
QUOTAS["processor"] = 15_000
# The maximum that an owner and a client address can store in a day.
DAILY_QUOTAS = {
    "owner-rows": 10_000,
    "owner-bytes": 100_000_000,
    "address-rows": 20_000,
    "address-bytes": 400_000_000,
}
if not RATE_LIMITS:
    QUOTAS, DAILY_QUOTAS = {}, {}
# The model in recognizer/models/api_key.py replaces the token model of django-rest-knox.
KNOX_TOKEN_MODEL = "recognizer.ApiKey"
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "digitsite",
    "DESCRIPTION": "Predict handwritten digits and correct the predictions. A cookie identifies a "
    f"visitor. An [API key]({FORCE_SCRIPT_NAME}/keys/) identifies a program: "
    "`Authorization: Bearer dgs_...`.",
    "VERSION": "1",
    "SERVERS": [{"url": FORCE_SCRIPT_NAME}] if FORCE_SCRIPT_NAME else [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "SourceEnum": "recognizer.models.Source",
        "ClientSourceEnum": "recognizer.api.request_serializers.CLIENT_SOURCES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "recognizer.api.schema.require_a_drawing",
        "recognizer.api.schema.add_errors",
    ],
}

LOG_FORMATS = validate.OneOf(request_logging.FORMATS, error="must be plain or json.")
LOGGING = request_logging.logging_config(env.text("LOG_FORMAT", "plain", valid=LOG_FORMATS))
