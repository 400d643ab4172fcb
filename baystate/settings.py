"""Settings of the application, read from the environment. docs/configuration.md lists every name."""

import os
import re
from pathlib import Path

import django_stubs_ext

from baystate import env
from baystate.database import databases

django_stubs_ext.monkeypatch()  # generic classes may be written with their parameters

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.path("BAYSTATE_VAR", default=BASE_DIR / "var")

DEBUG = env.boolean("BAYSTATE_DEBUG", default=False)
SECRET_KEY = env.secret(
    "BAYSTATE_SECRET_KEY", default="not secret: for debugging only" if DEBUG else env.MISSING, at_least=50
)

# who may speak to us, and from where
ALLOWED_HOSTS = env.listed(
    "BAYSTATE_HOSTS",
    default=["127.0.0.1", "localhost", "[::1]"],
    like=re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9A-Fa-f:.]+\]"),
    of="host names such as shop.example, without https:// and port",
)
CSRF_TRUSTED_ORIGINS = env.listed(
    "BAYSTATE_CSRF_ORIGINS",
    default=[],
    like=re.compile(r"https?://[^/\s]+"),
    of="origins such as https://shop.example, without a path",
)
BIND_ADDRESS = env.text("BAYSTATE_BIND", default="127.0.0.1")
PORT = env.integer("BAYSTATE_PORT", default=8000, minimum=1, maximum=65535)
SECURE = env.boolean("BAYSTATE_HTTPS", default=not DEBUG)
PROXY_HEADER = env.text(
    "BAYSTATE_PROXY_HEADER",
    default="",
    like=re.compile(r"[A-Za-z0-9-]+"),
    of="a header's name such as X-Forwarded-Proto",
)
if PROXY_HEADER:
    SECURE_PROXY_SSL_HEADER = ("HTTP_" + PROXY_HEADER.upper().replace("-", "_"), "https")
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = env.integer("BAYSTATE_HSTS_SECONDS", default=31_536_000 if SECURE else 0, minimum=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "daphne",
    "baystate",
    "baystate.demo",
    "pipeline",
    "scraping",
    "runners",
    "baystate.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "baystate.middleware.ProbesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "baystate.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "baystate.middleware.NonsenseMiddleware",
]

ROOT_URLCONF = "baystate.urls"
ASGI_APPLICATION = "baystate.asgi.application"
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
            ]
        },
    }
]

DATABASES = databases(os.environ)
DATABASE_ROUTERS: list[str] = []
PROCRASTINATE_DATABASE_ALIAS = "direct"
# a chore is only a nudge: what it did is in our own tables
PROCRASTINATE_WORKER_DEFAULTS = {"delete_jobs": "successful"}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.time_zone("BAYSTATE_TIME_ZONE", default="UTC")
USE_I18N = USE_TZ = True
LOGIN_URL = "admin:login"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_240
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["scraping.api.authentication.RunnerKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["scraping.api.authentication.IsRunner"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["scraping.api.parsers.StrictJSONParser"],
    "EXCEPTION_HANDLER": "scraping.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "scraping.api.schema.Named",
    # behind a proxy the last address in X-Forwarded-For is the one that the proxy saw
    "NUM_PROXIES": 1 if PROXY_HEADER else 0,
}
# requests a minute, counted in each web process
API_PER_MINUTE = env.integer("BAYSTATE_API_PER_MINUTE", default=12_000, minimum=1)
API_STRANGERS_PER_MINUTE = env.integer("BAYSTATE_API_STRANGERS_PER_MINUTE", default=60, minimum=1)
SPECTACULAR_SETTINGS = {
    "TITLE": "BayState: the runner API",
    "DESCRIPTION": "What a runner and the server say to each other; docs/protocol.md tells the story. Unknown keys are "
    "ignored; what has a default may be left out, or be null.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": [],
}

# durations in seconds; the runners are told theirs with every job
LEASE_SECONDS = env.integer("BAYSTATE_LEASE_SECONDS", default=45, minimum=1)
HEARTBEAT_SECONDS = env.integer("BAYSTATE_HEARTBEAT_SECONDS", default=10, minimum=1)
ACKNOWLEDGE_SECONDS = env.integer("BAYSTATE_ACKNOWLEDGE_SECONDS", default=15, minimum=1)
PLAIN_LEASE_SECONDS = env.integer("BAYSTATE_PLAIN_LEASE_SECONDS", default=600, minimum=1)
PLAIN_ACKNOWLEDGE_SECONDS = env.integer("BAYSTATE_PLAIN_ACKNOWLEDGE_SECONDS", default=60, minimum=1)
SWEEP_SECONDS = env.integer("BAYSTATE_SWEEP_SECONDS", default=5, minimum=0)  # 0: this process does not sweep
PROGRESS_SECONDS = env.integer("BAYSTATE_PROGRESS_SECONDS", default=600, minimum=1)
OUTAGE_SECONDS = env.integer("BAYSTATE_OUTAGE_SECONDS", default=15, minimum=1)
MAX_ATTEMPTS = env.integer("BAYSTATE_MAX_ATTEMPTS", default=3, minimum=1)
MAX_CHAIN = env.integer("BAYSTATE_MAX_CHAIN", default=20, minimum=1)
RETRY_SECONDS = env.integer("BAYSTATE_RETRY_SECONDS", default=5, minimum=0)
RETRY_LONGEST_SECONDS = env.integer("BAYSTATE_RETRY_LONGEST_SECONDS", default=600, minimum=0)
RUNNER_OFFLINE_SECONDS = env.integer("BAYSTATE_RUNNER_OFFLINE_SECONDS", default=60, minimum=1)
RUNNER_MAX_WORKERS = env.integer("BAYSTATE_RUNNER_MAX_WORKERS", default=3, minimum=1, maximum=64)

# lines of jobs that ended so many days ago are removed; their warnings and errors stay
LOG_DAYS = env.integer("BAYSTATE_LOG_DAYS", default=30, minimum=1)

# live pages: sockets and watches that are served, and how often what no bell tells is looked up, in seconds
LIVE_SOCKETS = env.integer("BAYSTATE_LIVE_SOCKETS", default=500, minimum=0)
LIVE_SOCKETS_PER_USER = env.integer("BAYSTATE_LIVE_SOCKETS_PER_USER", default=20, minimum=1)
LIVE_WATCHES = env.integer("BAYSTATE_LIVE_WATCHES", default=20, minimum=1)
LIVE_POLL_SECONDS = env.duration("BAYSTATE_LIVE_POLL_SECONDS", default=5.0, minimum=0.5, maximum=60)
LIVE_PING_SECONDS = env.duration("BAYSTATE_LIVE_PING_SECONDS", default=5.0, minimum=0.5, maximum=60)
LIVE_ECHO_SECONDS = env.duration("BAYSTATE_LIVE_ECHO_SECONDS", default=3.0, minimum=0.5, maximum=60)
LIVE_RECHECK_SECONDS = env.duration("BAYSTATE_LIVE_RECHECK_SECONDS", default=60.0, minimum=1, maximum=3600)

# newest first; the first one encrypts, all of them decrypt
CREDENTIAL_KEYS = env.listed(
    "BAYSTATE_CREDENTIAL_KEYS",
    default=[],
    like=re.compile(r"[A-Za-z0-9_-]{43}="),
    of="Fernet keys (44 characters each, from cryptography.fernet.Fernet.generate_key())",
    hidden=True,
)

# who hears of trouble, and who may read the metrics
METRICS_TOKEN = env.secret("BAYSTATE_METRICS_TOKEN", default="", at_least=16)
PUBLIC_URL = env.url("BAYSTATE_PUBLIC_URL", default="")
ALERT_MAIL = env.listed("BAYSTATE_ALERT_MAIL", default=[], like=re.compile(r"[^@\s]+@[^@\s]+"), of="mail addresses")
ALERT_WEBHOOK = env.url("BAYSTATE_ALERT_WEBHOOK", default="")
DEFAULT_FROM_EMAIL = env.text("BAYSTATE_MAIL_FROM", default="baystate@localhost")
EMAIL_HOST = env.text("BAYSTATE_SMTP_HOST", default="localhost")
EMAIL_PORT = env.integer("BAYSTATE_SMTP_PORT", default=25, minimum=1, maximum=65535)
EMAIL_HOST_USER = env.text("BAYSTATE_SMTP_USER", default="")
EMAIL_HOST_PASSWORD = env.secret("BAYSTATE_SMTP_PASSWORD", default="")
SMTP_SECURITY = env.text("BAYSTATE_SMTP_SECURITY", default="none", choices=("none", "starttls", "tls"))
EMAIL_USE_TLS, EMAIL_USE_SSL = SMTP_SECURITY == "starttls", SMTP_SECURITY == "tls"
EMAIL_TIMEOUT = 10

IMPORT_MAX_BYTES = env.integer("BAYSTATE_IMPORT_MAX_MB", default=20, minimum=1) * 1024 * 1024
IMPORT_MAX_ROWS = env.integer("BAYSTATE_IMPORT_MAX_ROWS", default=100_000, minimum=1)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {"procrastinate": {"level": "WARNING"}},
    "root": {
        "handlers": ["console"],
        "level": env.text(
            "BAYSTATE_LOG_LEVEL", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        ),
    },
}
