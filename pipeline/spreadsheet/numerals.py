"""What a spreadsheet program shows of a whole number: a code's leading zeros may live in its number format alone."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

_MARK = re.compile(r'\[[^\]]*\]|"[^"]*"|\\.|_.|\*.|[0#?]|.', re.DOTALL)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip


class Shown(NamedTuple):
    """`digits` is the number with the zeros that are shown; `text` all that is shown, letters and dashes included."""

    digits: str
    text: str


def shown(number: int, number_format: str) -> Shown:
    """What a number format shows of a whole number that is not negative: (42, "00000") → 00042.

    Formats that scale or spell a number (percent, thousands, fractions, exponents, General) give its plain digits.
    """
    plain = Shown(str(number), str(number))
    marks = _marks(_section(number_format, number))
    if marks is None:
        return plain
    digits, text = _fill(marks, str(number))
    extra = text.replace(" ", "")
    if extra.isdecimal() and extra.isascii():  # a literal zero in the format is a zero on the screen
        return Shown(extra, extra)
    return Shown(digits or plain.digits, text.strip())


def _section(number_format: str, number: int) -> str:
    """The part between semicolons that applies: the first without a condition, or whose condition holds."""
    sections = _split(number_format)
    for section in sections:
        condition = _CONDITION.search(section)
        if condition is None or _COMPARE[condition[1]](number, float(condition[2])):
            return section
    return sections[-1]


def _split(number_format: str) -> list[str]:
    sections = [""]
    for mark in _MARK.findall(number_format):
        if mark == ";":
            sections.append("")
        else:
            sections[-1] += mark
    return sections


@lru_cache(maxsize=256)
def _marks(section: str) -> tuple[str, ...] | None:
    """The whole-number part of a section: placeholders and literals; None where its digits are not the number's."""
    kept: list[str] = []
    for mark in _MARK.findall(section):
        if mark in "%/@" or mark in "Ee" or mark == "G":
            return None
        if mark == ".":
            break
        if mark[0] not in "[_*" or len(mark) == 1:
            kept.append(mark)
    last = max((index for index, mark in enumerate(kept) if mark in "0#?"), default=None)
    if last is None or "," in kept[last:]:
        return None
    return tuple(mark for mark in kept if mark != ",")


def _fill(marks: tuple[str, ...], digits: str) -> tuple[str, str]:
    """Deal the digits into the placeholders from the right; the leftmost takes what is left."""
    left = sum(mark in "0#?" for mark in marks)
    only: list[str] = []
    text: list[str] = []
    for mark in reversed(marks):
        if mark not in "0#?":
            text.append(mark.strip('"') if mark[0] == '"' else mark.removeprefix("\\"))
            continue
        left -= 1
        digit = digits if left == 0 else digits[-1:]
        digits = "" if left == 0 else digits[:-1]
        digit = digit or ("0" if mark == "0" else "")
        only.append(digit)
        text.append(digit)
    return "".join(reversed(only)), "".join(reversed(text))
