"""Prices and numbers in text, read with the separators people use."""

import re
from decimal import Decimal
from typing import Final

from price_parser import Price

_LONGEST: Final = 200  # a longer text is a paragraph that mentions numbers
_LEAST_ABSURD: Final = Decimal(10) ** 12
_SIGN: Final = r"(?:[$€£¥₹₪₩₺₽₴฿]|\bzł|\bkr\b|\b[A-Z]{3}\b)"
_NUMBER: Final = r"\d[\d\s.,']*"
_BESIDE_A_SIGN: Final = re.compile(rf"{_SIGN}\s*[.]?{_NUMBER}|{_NUMBER}\s*{_SIGN}")
_NO_PRICE: Final = re.compile(rf"(?:^|[\s$€£])-\s*{_SIGN}?\s*\d|\d\s*(?:/|\bfor\b)\s*{_SIGN}", re.IGNORECASE)
_CODES: Final = {"€": "EUR", "£": "GBP", "₹": "INR", "₪": "ILS", "₩": "KRW", "₺": "TRY", "₽": "RUB", "₴": "UAH"}
_CODE: Final = re.compile(r"\b[A-Z]{3}\b")
_ISO: Final = frozenset(
    {"AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD"}
    | {"HUF", "IDR", "ILS", "INR", "JPY", "KRW", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN"}
    | {"QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR"}
)
_FIRST_NUMBER: Final = re.compile(r"[-−]?\d[\d\s.,']*")


def price(text: str, *, currency: str | None = None, decimal: str | None = None) -> Decimal | None:
    """The amount in a text like `$1,234.50`, `1.234,50 €` or `Your price: 12`, preferring one beside a currency sign.

    None where there is none: words alone, zero, a negative amount, several for one price (`2/$5`), another currency
    than `currency`, or a million millions and more.
    """
    short = text[:_LONGEST]
    if _NO_PRICE.search(short) or (currency and currencies(short) - {currency}):
        return None
    beside = _BESIDE_A_SIGN.search(short)
    amount = Price.fromstring(short[beside.start() if beside else 0 :], decimal_separator=decimal).amount
    return amount if amount and amount < _LEAST_ABSURD else None


def currencies(text: str) -> set[str]:
    """The ISO codes that a text names, by code or by a sign that belongs to one currency alone."""
    named = {code for code in _CODE.findall(text) if code in _ISO}
    return named | {code for sign, code in _CODES.items() if sign in text}


def number(text: str, *, decimal: str | None = None) -> Decimal | None:
    """The first number in a text, negative ones included."""
    found = _FIRST_NUMBER.search(text[:_LONGEST])
    if not found:
        return None
    amount = Price.fromstring(found[0].lstrip("-−"), decimal_separator=decimal).amount
    return -amount if amount is not None and found[0][0] in "-−" else amount


def money(amount: Decimal) -> str:
    """An amount in digits, with two decimals or as many as it has."""
    plain = amount.normalize()
    places = max(2, -int(plain.as_tuple().exponent))
    return f"{plain:.{places}f}"


def plain(amount: Decimal) -> str:
    """A number in digits, without trailing zeros and without an exponent."""
    return f"{amount.normalize():f}"
