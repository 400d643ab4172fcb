"""`{sku}`, `{gtin}`, `{username}` and `{password}`: plain replacements from a closed list, no template language."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from runners.protocol import gtin

PRODUCT: Final = frozenset({"sku", "gtin"})
SECRET: Final = frozenset({"username", "password"})

_TOKEN: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LITERAL_OR_TOKEN: Final = re.compile(r"\"[^\"]*\"|'[^']*'|" + _TOKEN.pattern)


class TokenMissing(LookupError):  # noqa: N818
    """A template names a token that has no value here: an unknown name, no login, or a SKU that is no GTIN."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{name}}} has no value here")
        self.name = name


def named_in(template: str) -> frozenset[str]:
    """The names in braces, known or not."""
    return frozenset(_TOKEN.findall(template))


@dataclass(frozen=True)
class Tokens:
    """The values for one unit. Every method raises TokenMissing where the template names one without a value."""

    sku: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def gtin(self) -> str | None:
        """The SKU when it is a valid GTIN (11 digits padded to 12), else None."""
        return gtin.read(self.sku) if self.sku.isdigit() else None

    def text(self, template: str) -> str:
        """The template with its values as they are."""
        return _TOKEN.sub(lambda found: self._value(found[1]), template)

    def url(self, template: str) -> str:
        """The template with its values percent-encoded, slashes included."""
        return _TOKEN.sub(lambda found: quote(self._value(found[1]), safe=""), template)

    def xpath(self, expression: str) -> str:
        """The XPath with each value as a quoted literal, whether the token stands alone or inside quotes."""
        return self._quoted(expression, _xpath_literal)

    def css(self, selector: str) -> str:
        """The selector with each value as a quoted CSS string, whether the token stands alone or inside quotes."""
        return self._quoted(selector, _css_string)

    def _value(self, name: str) -> str:
        value = {"sku": self.sku, "gtin": self.gtin, "username": self.username, "password": self.password}.get(name)
        if value is None:
            raise TokenMissing(name)
        return value

    def _quoted(self, expression: str, quoted: Callable[[str], str]) -> str:
        def replace(found: re.Match[str]) -> str:
            if found[1]:
                return quoted(self._value(found[1]))
            return quoted(self.text(found[0][1:-1])) if named_in(found[0]) else found[0]

        return _LITERAL_OR_TOKEN.sub(replace, expression)


def _xpath_literal(text: str) -> str:
    """XPath 1.0 has no escapes: a text with both kinds of quotes is a concat() of its pieces."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    pieces = ', "\'", '.join(f"'{piece}'" for piece in text.split("'"))
    return f"concat({pieces})"


def _css_string(text: str) -> str:
    """cssselect unescapes a string twice, so a backslash must survive both rounds."""
    escaped = text.replace("\\", r"\5c\5c ").replace('"', r"\22 ")
    return f'"{escaped}"'
