"""The closed list of transforms: each takes the texts of a field and gives back texts."""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from runners.agent import addresses, amounts, markup, visible
from runners.agent.graph import Value
from runners.protocol import gtin, units
from runners.protocol.definition import Step, expressions
from runners.protocol.values import clean_text

MOST: Final = 1_000
LONGEST: Final = 200_000

_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--")
# `$metabrand` and `{{ product.sku }}` are templates that nobody filled.
_UNFILLED: Final = re.compile(r"\s*(?:\$[A-Za-z_]\w*|\$?\{[^{}]*\}|\{\{[^{}]*\}\})\s*")
_WORD: Final = re.compile(r"(?<!\d)[^\W\d_]+(?:['’][^\W\d_]+)*")
_SIZE: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)[wxh]")


def apply(steps: Iterable[Step], values: Iterable[Value], *, base_url: str) -> list[str]:
    """The values after each step in turn, as texts; elements become their words unless the first step is `html`.

    Spaces are collapsed in the end (within markup only trimmed), empty texts and unfilled templates left out, NUL and
    lone surrogates replaced. More than MOST texts and what exceeds LONGEST characters are cut off, after each step too,
    so that no chain of steps can grow without end. `base_url` is what `absolute` joins to.
    """
    kinds = [step.kind for step in steps]
    read = markup.inner if kinds[:1] == ["html"] else visible.text
    texts = [clean_text(value[:LONGEST] if isinstance(value, str) else read(value)[:LONGEST]) for value in values]
    texts = [text for text in texts if not _UNFILLED.fullmatch(text)]
    for step in steps:
        made = islice(_STEPS[step.kind](texts, step.argument, base_url), MOST)
        texts = [text[:LONGEST] for text in made if text.strip()]
    kept = [text.strip() if "html" in kinds else visible.collapse(text) for text in texts]
    return [text for text in kept if text]


def _plain(text: str) -> str:
    """Markup as its words; text that is none only loses its entities."""
    if not _TAG.search(text):
        return html.unescape(text)
    return visible.text(markup.tree(text))


def _title(text: str) -> str:
    return _WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), text)


def _extracted(texts: list[str], options: Any) -> Iterator[str]:
    pattern = expressions.pattern(options.pattern)
    for text in texts:
        if found := pattern.search(text):
            groups = [found.group(0)] if not pattern.groups else found.groups()
            said = groups if options.group is None else [found.group(options.group)]
            yield next((group for group in said if group is not None), "")


def _mapped(texts: list[str], table: dict[str, str]) -> list[str]:
    folded = {visible.fold(word): meaning for word, meaning in table.items()}
    return [folded.get(visible.fold(text), text) for text in texts]


def _largest(srcset: str) -> str:
    """The address of the largest candidate; a plain address is one."""
    return max(_candidates(srcset), key=lambda candidate: candidate[1], default=("", Decimal(0)))[0]


def _candidates(srcset: str) -> Iterator[tuple[str, Decimal]]:
    """Addresses and sizes (`300w`, `2x`, or 1); a comma parts them at the end of a word only, addresses have some."""
    url = ""
    for word in srcset.split():
        if url and (size := _SIZE.match(word)):
            yield url, Decimal(size[1])
            url = word[size.end() :].strip(",")
        else:
            if url:
                yield url, Decimal(1)
            url = word.strip(",")
        if url and word.endswith(","):
            yield url, Decimal(1)
            url = ""
    if url:
        yield url, Decimal(1)


def _each(change: Callable[[str], str | None]) -> "Callable[[list[str], Any, str], Iterable[str]]":
    return lambda texts, _, __: (changed for text in texts if (changed := change(text)) is not None)


def _money(text: str, options: Any) -> str | None:
    amount = amounts.price(text, currency=options.currency, decimal=options.decimal)
    return None if amount is None else amounts.money(amount)


def _number(text: str, options: Any) -> str | None:
    amount = amounts.number(text, decimal=options.decimal)
    return None if amount is None else amounts.plain(amount)


_STEPS: Final[dict[str, Callable[[list[str], Any, str], Iterable[str]]]] = {
    "text": _each(_plain),
    "html": _each(str),
    "digits": _each(lambda text: re.sub(r"[^0-9]", "", text)),
    "upper": _each(str.upper),
    "title": _each(_title),
    "gtin": _each(gtin.read),
    "srcset_largest": _each(_largest),
    "strip": lambda texts, characters, _: (text.strip(characters or None) for text in texts),
    "replace": lambda texts, pair, _: (text.replace(pair[0], pair[1]) for text in texts),
    "regex_extract": lambda texts, options, _: _extracted(texts, options),
    "split": lambda texts, separator, _: (part for text in texts for part in text.split(separator)),
    "join": lambda texts, separator, _: [separator.join(texts)],
    "map": lambda texts, table, _: _mapped(texts, table),
    "price": lambda texts, options, _: (money for text in texts if (money := _money(text, options))),
    "number": lambda texts, options, _: (number for text in texts if (number := _number(text, options))),
    "unit": lambda texts, to, _: (quantity for text in texts if (quantity := units.read(text, to=to))),
    "absolute": lambda texts, _, base_url: (addresses.absolute(base_url, text) for text in texts),
    "dedupe": lambda texts, _, __: dict.fromkeys(texts),
    "first": lambda texts, _, __: texts[:1],
    "limit": lambda texts, most, _: texts[:most],
}
