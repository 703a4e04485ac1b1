"""What looks like a secret: by the name of a variable, by the form of a value. Values are never repeated."""

from __future__ import annotations

import re
from enum import StrEnum

MAX_VALUE = 4096
"""Longer values are looked at up to here."""


class Looks(StrEnum):
    """What a value looks like."""

    SECRET = "secret"  # noqa: S105 - a word
    PLACEHOLDER = "placeholder"  # "changeme": a secret that everybody knows, or none at all
    NOTHING = ""


_NAME = re.compile(
    r"(?:^|[_.-])(?:PASS(?:WORD|WD|PHRASE|CODE)?|PWD|SECRETS?|TOKEN|CREDENTIALS?|"
    r"(?:API|ACCESS|PRIVATE|SECRET|ENCRYPTION|SIGNING|MASTER|AUTH|APP|SESSION|JWT|SSH|LICENSE)_?KEY|APIKEY|JWT|PAT)"
    r"(?:[_.-]?(?:\d+|HASH|BASE64|B64|VALUE|ROOT|ADMIN|USER|KEY|BASE))*$|[a-z](?:Password|Secret|Token|ApiKey)$"
    r"|(?:^|_)[A-Z]*(?:PASSWORD|PASSWD|SECRET)$",
    re.IGNORECASE,
)
_NOT_NAME = re.compile(
    r"(?:_FILE|_PATH|_DIR|_NAME|_ID|_URL|_URI|_HOST|_TTL|_EXPIR\w*|_LENGTH|_TIMEOUT|_HEADER|_TYPE|_ISSUER|_ALGORITHM|"
    r"_ENABLED?|_REQUIRED|_POLICY|_MIN|_MAX|_AGE|_ROUNDS|_PUBLIC_KEY)$|^(?:ALLOW|ENABLE|DISABLE|NO|USE|REQUIRE)_|^PWD$|^OLDPWD$"
    r"|ALLOW_EMPTY|RANDOM_(?:ROOT_)?PASSWORD|PUBLIC_?KEY",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"^(?:<.*>|\{\{.*\}\}|\[.*\]|x{3,}|\*{3,}|\.{3,}|(?:please[-_ ]?)?change[-_ ]?(?:me|this|it)\w*|"
    r"your[-_ ].*|replace[-_ ]?.*|todo|example|dummy|placeholder|secret|password|passwd|pass|test|none|default|"
    r"unset|undefined|empty)!?$",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"^(?:true|false|yes|no|on|off|null|none|\d{1,3}|/.*|\./.*|file:.*|https?://[^@]*|vault:.*|env:.*|"
    r"[\w-]+\.(?:sh|py|pl|sql|txt|json|ya?ml|conf|cfg|ini|env|pem|crt|cer|key|jks|p12|pfx|properties))$",
    re.IGNORECASE,
)
_FORMS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}|"
    r"\bgithub_pat_[A-Za-z0-9_]{40,}|\bglpat-[A-Za-z0-9_-]{20,}|\bxox[abpros]-[A-Za-z0-9-]{20,}|"
    r"\b(?:sk|rk)_live_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{32,}|\bAIza[0-9A-Za-z_-]{35}|\bnpm_[A-Za-z0-9]{36}|"
    r"\bpypi-[A-Za-z0-9_-]{50,}|\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}|\bdckr_pat_[A-Za-z0-9_-]{20,}"
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@'\"]*:(?P<password>[^\s/@'\"]{1,200})@", re.IGNORECASE)
_VARIABLE = re.compile(r"^\$\$?(?:\{[^}]*\}|\w+|\(.*\))$")
_DEFAULT = re.compile(r"^\$\{\w+:?-(?P<default>.+)\}$", re.DOTALL)


def named_like_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return bool(_NAME.search(name)) and not _NOT_NAME.search(name)


def has_form(value: str) -> bool:
    """Whether a value has the form of a key that some service gives out, or of a private key."""
    return bool(_FORMS.search(value[:MAX_VALUE]))


def password_in_url(value: str) -> bool:
    """Whether a URL in `value` carries a password that is written out."""
    return any(looks_like(found["password"]) for found in _URL.finditer(value[:MAX_VALUE]))


def looks_like(raw: str) -> Looks:
    """What the value of a variable with a secret's name is; `raw` is as the file says, variables not put in."""
    value = raw.strip().strip("'\"")[:MAX_VALUE]
    default = _DEFAULT.match(value)
    if default:
        value = default["default"].strip("'\"")
    if not value or _VARIABLE.match(value) or _NO_SECRET.match(value):
        return Looks.NOTHING
    return Looks.PLACEHOLDER if _PLACEHOLDER.match(value) else Looks.SECRET
