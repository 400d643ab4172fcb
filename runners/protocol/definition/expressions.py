"""What staff type as selectors and patterns, compiled: at save to refuse what cannot work, in a runner to use it.

Regular expressions run in RE2, whose time grows with the text alone: none can hang a runner. XPath gets no namespaces,
so that the backtracking `re:` functions of EXSLT cannot be reached by another door.
"""

import re
from functools import lru_cache
from typing import Annotated, Any, Final

import jmespath
import re2
from cssselect import SelectorError
from jmespath.exceptions import JMESPathError
from lxml import etree
from parsel.csstranslator import HTMLTranslator
from pydantic import AfterValidator, StringConstraints

from runners.protocol import tokens

# Something of everything that expressions ask for, so that their predicates are evaluated, too.
_TAGS: Final = (
    *("main", "article", "section", "div", "header", "nav", "footer", "form", "table", "tbody", "tr", "th", "td", "ul"),
    *("li", "dl", "dt", "dd", "h1", "h2", "h3", "p", "span", "a", "b", "strong", "em", "img", "script", "meta"),
)
_ANY_PAGE: Final = etree.fromstring(
    "<html><head/><body>" + "".join(f"<{tag}>" for tag in _TAGS) + "".join(f"</{tag}>" for tag in reversed(_TAGS))
    + "".join(f"<{tag}>7</{tag}>" for tag in _TAGS) + "</body></html>"
)  # fmt: skip
_SAMPLE: Final = tokens.Tokens("036000291452")
_LITERALS: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_PREFIX: Final = re.compile(r"(?<!:):(?!:)")
_CALL: Final = re.compile(r"(?<![\w.$-])([A-Za-z][\w.-]*)\s*\(")
# The functions of XPath 1.0, its node tests, and the operators that may stand before a bracket.
_CALLABLE: Final = frozenset(
    {"last", "position", "count", "id", "local-name", "namespace-uri", "name", "string", "concat", "starts-with"}
    | {"contains", "substring-before", "substring-after", "substring", "string-length", "normalize-space", "translate"}
    | {"boolean", "not", "true", "false", "lang", "number", "sum", "floor", "ceiling", "round"}
    | {"text", "node", "comment", "processing-instruction"}
    | {"and", "or", "div", "mod"}
)

_RE2_OPTIONS: Final = re2.Options()
_RE2_OPTIONS.log_errors = False


@lru_cache(maxsize=1024)
def css(selector: str) -> etree.XPath:
    """A CSS selector (parsel's, with `::text` and `::attr(name)`) ready to call on an element. Raises ValueError."""
    try:
        return etree.XPath(HTMLTranslator().css_to_xpath(selector), smart_strings=False, regexp=False)
    except (SelectorError, etree.XPathError) as error:
        raise ValueError(f"not a CSS selector: {error}") from None
    except RecursionError:
        raise ValueError("this CSS selector is nested too deeply") from None


@lru_cache(maxsize=1024)
def xpath(expression: str) -> etree.XPath:
    """An XPath 1.0 expression without any prefix, ready to call on an element. Raises ValueError."""
    bare = _LITERALS.sub("''", expression)
    if _PREFIX.search(bare):
        raise ValueError("prefixes such as re: are refused; use the transform regex_extract")
    for name in _CALL.findall(bare):
        if name not in _CALLABLE:
            raise ValueError(f"{name}() is no function of XPath 1.0")
    if "$" in bare:
        raise ValueError("variables are not known here")
    try:
        return etree.XPath(expression, smart_strings=False, regexp=False)
    except etree.XPathError as error:
        raise ValueError(f"not an XPath expression: {error}") from None


@lru_cache(maxsize=1024)
def json_path(expression: str) -> Any:
    """A JMESPath expression, ready to `search`. Raises ValueError."""
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise ValueError(f"not a JMESPath expression: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ValueError("this JMESPath expression is nested too deeply") from None


@lru_cache(maxsize=1024)
def pattern(expression: str) -> Any:
    """A regular expression of RE2 (no backreferences, no lookaround), ready to `search`. Raises ValueError."""
    try:
        return re2.compile(expression, _RE2_OPTIONS)
    except re2.error as error:
        raise ValueError(f"not a regular expression RE2 can run: {_said(error)}") from None


def _said(error: Exception) -> str:
    """RE2 speaks bytes."""
    return b"".join(error.args).decode("utf-8", "replace")


def _check_css(selector: str) -> str:
    _allow(selector, tokens.PRODUCT)
    _try(css(_SAMPLE.css(selector)))
    return selector


def _check_xpath(expression: str) -> str:
    _allow(expression, tokens.PRODUCT)
    _try(xpath(_SAMPLE.xpath(expression)))
    return expression


def _try(compiled: etree.XPath) -> None:
    """Unknown functions, variables and prefixes compile; only a call tells them."""
    try:
        compiled(_ANY_PAGE)
    except etree.XPathError as error:
        raise ValueError(f"this expression cannot be evaluated: {error}") from None


def _check_json_path(expression: str) -> str:
    json_path(expression)
    return expression


def _check_pattern(expression: str) -> str:
    pattern(expression)
    return expression


def _check_product_template(template: str) -> str:
    _allow(template, tokens.PRODUCT)
    return template


def _check_secret_template(template: str) -> str:
    _allow(template, tokens.SECRET)
    return template


def _allow(template: str, allowed: frozenset[str]) -> None:
    for name in sorted(tokens.named_in(template) - allowed):
        choice = " and ".join(f"{{{token}}}" for token in sorted(allowed))
        raise ValueError(f"{{{name}}} is not known here; only {choice} are")


_Typed = Annotated[str, StringConstraints(min_length=1, max_length=2000)]

Css = Annotated[_Typed, AfterValidator(_check_css)]
XPath = Annotated[_Typed, AfterValidator(_check_xpath)]
JsonPath = Annotated[_Typed, AfterValidator(_check_json_path)]
Pattern = Annotated[_Typed, AfterValidator(_check_pattern)]
ProductTemplate = Annotated[_Typed, AfterValidator(_check_product_template)]
SecretTemplate = Annotated[_Typed, AfterValidator(_check_secret_template)]
Words = _Typed
