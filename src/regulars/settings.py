"""Django's settings, read from the environment only. `regulars doctor` explains each."""

import os
from pathlib import Path

from regulars.kernel import home, postgres
from regulars.kernel.errors import Invalid

try:
    SECRET_KEY = home.secret("REGULARS_SECRET_KEY", file="secret", size=32).hex()
    MASTER_KEY = home.secret("REGULARS_MASTER_KEY", file="master", size=32)
    DATABASES = {"default": postgres.database_settings()}
except Invalid as error:
    home.fail(error)

if os.environ.get("REGULARS_TEST_DB"):
    DATABASES["default"]["TEST"] = {"NAME": f"test_{os.environ['REGULARS_TEST_DB']}"}

DEBUG = False
ALLOWED_HOSTS = [
    h.strip() for h in os.environ.get("REGULARS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if h.strip()
]
ROOT_URLCONF = "regulars.urls"
WSGI_APPLICATION = "regulars.wsgi.application"
AUTH_USER_MODEL = "staff.StaffUser" if (Path(__file__).parent / "people/staff/models.py").exists() else "auth.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

CONTEXTS = [
    "regulars.kernel",
    "regulars.people.programs",
    "regulars.people.staff",
    "regulars.people.members",
    "regulars.people.consent",
    "regulars.people.events",
    "regulars.value.ledger",
    "regulars.value.tiers",
    "regulars.value.promotions",
    "regulars.value.orders",
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
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    *CONTEXTS,
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [os.path.join(os.path.dirname(__file__), "locale")]
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = str(home.folder() / "static")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
