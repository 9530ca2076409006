"""Django's settings, read from the environment only. `regulars doctor` explains each."""

import os
from pathlib import Path

from regulars.interfaces.console.unfold import UNFOLD as UNFOLD
from regulars.kernel import environment, home, logs, postgres
from regulars.kernel.errors import Invalid

IS_PRODUCTION = not home.is_embedded()
try:
    SECRET_KEY = home.secret("REGULARS_SECRET_KEY", file="secret", size=32).hex()
    MASTER_KEY = home.secret("REGULARS_MASTER_KEY", file="master", size=32)
    LOG_FORM = environment.choice("REGULARS_LOG", ("json", "console"), "json" if IS_PRODUCTION else "console")
    LOG_LEVEL = environment.choice("REGULARS_LOG_LEVEL", ("debug", "info", "warning", "error"), "info").upper()
    ALLOWED_HOSTS = environment.hosts("REGULARS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    IS_BEHIND_PROXY = environment.switch("REGULARS_BEHIND_PROXY", False)
    POOL_MAX = environment.whole("REGULARS_POOL_MAX", 4, least=1, most=200)
    # both are set by `regulars serve` for its workers
    SERVES = environment.switch("REGULARS_SERVING", False)
    SERVING_THREADS = environment.whole("REGULARS_SERVING_THREADS", 200, least=1, most=200)
    REGULARS_REQUIRE_2FA = environment.switch("REGULARS_REQUIRE_2FA", IS_PRODUCTION)
    globals().update(environment.email("REGULARS_EMAIL_URL"))
    DATABASES = {"default": postgres.database_settings()}
except Invalid as error:
    home.fail(error)

if SERVES:
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # a request gives its connection back to the pool
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": POOL_MAX, "timeout": 5, "max_idle": 300}
if os.environ.get("REGULARS_TEST_DB"):
    DATABASES["default"]["TEST"] = {"NAME": f"test_{os.environ['REGULARS_TEST_DB']}"}

LOGGING = logs.configure(LOG_FORM, level=LOG_LEVEL)

DEBUG = False
ROOT_URLCONF = "regulars.urls"
WSGI_APPLICATION = "regulars.wsgi.application"
AUTH_USER_MODEL = "staff.StaffUser"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

# Behind TLS in production; on one's own machine the demo speaks plain HTTP.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "regulars_session"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "regulars_csrf"
CSRF_TRUSTED_ORIGINS = [f"https://{'*' if h.startswith('.') else ''}{h}" for h in ALLOWED_HOSTS if h != "*"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if IS_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # tries at log-in are counted by caller, not by proxy
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

CONTEXTS = [
    "regulars.kernel",
    "regulars.people.programs",
    "regulars.people.staff",
    "regulars.people.members",
    "regulars.people.consent",
    "regulars.people.events",
    "regulars.people.audiences",
    "regulars.people.agreements",
    "regulars.people.care",
    "regulars.value.ledger",
    "regulars.value.catalog",
    "regulars.value.tiers",
    "regulars.value.coupons",
    "regulars.value.rewards",
    "regulars.value.benefits",
    "regulars.value.promotions",
    "regulars.value.orders",
    "regulars.value.subscriptions",
    "regulars.value.checkout",
    "regulars.value.allowances",
    "regulars.governance.identity",
    "regulars.governance.publishing",
    "regulars.governance.assurance",
    "regulars.interfaces.http_api",
    "regulars.interfaces.console",
    "regulars.interfaces.imports",
]
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "ninja",  # the API's page of documentation comes from here, not from a stranger's server
    *CONTEXTS,
]
# The API is asked by machines: no cookies, languages or forms. `wsgi.py` serves it with these only.
API_MIDDLEWARE = [
    "regulars.interfaces.health.Witness",
    "django.middleware.security.SecurityMiddleware",
    "regulars.interfaces.http_api.manners.Manners",
]
MIDDLEWARE = [
    *API_MIDDLEWARE,
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "regulars.people.staff.middleware.StaffMiddleware",
    "regulars.interfaces.console.middleware.StaffLanguage",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "interfaces" / "console" / "templates"],  # ours before the frame's own
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
# Staff log in with e-mail, password and a second factor; nobody signs herself up.
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/console/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

# staff log-in
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "regulars.people.staff.backends.GrantsBackend",
]
ACCOUNT_ADAPTER = "regulars.people.staff.adapters.AccountAdapter"
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key"}
MFA_ADAPTER = "regulars.people.staff.adapters.MfaAdapter"
MFA_TOTP_TOLERANCE = 1
# one counter of log-in tries for all processes
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "staff_throttle"}}
# end of staff log-in

PROCRASTINATE_IMPORT_PATHS = ["regulars.clockwork", "regulars.interfaces.console.jobs"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [str(Path(__file__).parent / "locale")]
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = str(home.folder() / "static")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # TLS ends at the proxy, which also redirects
