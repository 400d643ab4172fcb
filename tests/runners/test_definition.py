"""A scraper's definition: what may be written, and where a mistake is said to be."""

import json
import runpy
from typing import Any

import jsonschema
import pytest

from runners.protocol.definition import DefinitionError, From, Problem, json_schema, parse
from runners.protocol.fields import Field
from tests import make

COMPLETE: dict[str, Any] = {
    "schema_version": 1,
    "slug": "acme",
    "engine": "http",
    "hosts": {"allowed": ["www.acme.test", "cdn.acme.test"]},
    "politeness": {"delay_s": 1.0, "max_parallel": 1, "timeout_s": 20, "max_bytes": 10000000},
    "login": {
        "form": {"url": "https://www.acme.test/login", "fields": {"user": "{username}", "pass": "{password}"}},
        "logged_in": {"any": [{"css": "a.logout"}]},
        "failed": {"any": [{"text": "invalid password"}]},
    },
    "search": {
        "url": "https://www.acme.test/search?q={sku}",
        "no_result": {"any": [{"css": ".empty"}, {"text": "0 results"}, {"status": [404, 410]}]},
    },
    "pick": {
        "rows": ".results .item",
        "link": "a::attr(href)",
        "require": [{"css": ".item-no", "equals": "{sku}"}],
        "on_many": "ambiguous",
    },
    "product": {"marker": {"css": "h1.product"}, "scope": "main", "exclude": [".related", ".upsell"]},
    "structured": {"use": ["jsonld", "microdata", "opengraph"], "role": "fallback_and_check"},
    "fields": {
        "name": {"from": [{"css": "h1.product"}, {"ld": "name"}], "required": True, "transform": ["text"]},
        "gtin": {"from": [{"label": "UPC"}, {"ld": "gtin13"}], "transform": ["digits", "gtin"]},
        "price": {
            "from": [{"css": ".your-price"}, {"ld": "offers.price"}],
            "kind": "cost",
            "transform": [{"price": {"currency": "USD"}}],
        },
        "images": {
            "many": True,
            "from": [{"css": ".gallery img", "attr": "srcset|data-zoom|src"}],
            "transform": ["srcset_largest", "absolute", {"replace": ["/thumb/", "/large/"]}, "dedupe"],
        },
        "attributes": {"table": {"rows": "table.specs tr", "key": "th", "value": "td"}},
    },
    "tests": [
        {
            "sku": "072705115310",
            "expect": {"name": {"contains": "Gold"}, "price": {"between": ["1", "500"]}, "images": {"min": 1}},
        },
        {"sku": "zzzzqqqq9999", "expect_outcome": "not_found"},
    ],
}


def problems(**changes: Any) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        parse(make.definition_document(**changes))
    return caught.value.problems


def paths(**changes: Any) -> list[str]:
    return [problem.path for problem in problems(**changes)]


def source(**entry: Any) -> dict[str, Any]:
    return {"price": {"from": [entry]}}


def steps(*transform: Any) -> dict[str, Any]:
    return {"price": {"from": [{"css": "b"}], "transform": list(transform)}}


def test_it_reads_a_complete_document() -> None:
    definition = parse(COMPLETE)
    assert definition.hosts.allowed == ("www.acme.test", "cdn.acme.test")
    assert [(entry.kind, entry.argument) for entry in definition.fields[Field.GTIN].from_] == [
        ("label", "UPC"),
        ("ld", "gtin13"),
    ]
    assert [step.kind for step in definition.fields[Field.IMAGES].transform][2:] == ["replace", "dedupe"]
    assert [mark.css for mark in definition.product.marker.either] == ["h1.product"]  # type: ignore[union-attr]


def test_it_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(COMPLETE).slug = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"css": "..price"}, "fields.price.from[0].css"),
        ({"css": "re|b"}, "fields.price.from[0].css"),
        ({"css": ":is(" * 400 + "b" + ")" * 400}, "fields.price.from[0].css"),
        ({"xpath": "//td[1"}, "fields.price.from[0].xpath"),
        ({"xpath": "//td[re:test(., '^a')]"}, "fields.price.from[0].xpath"),
        ({"xpath": "//td[matches(., '^a')]"}, "fields.price.from[0].xpath"),
        ({"xpath": "//td[$x]"}, "fields.price.from[0].xpath"),
        ({"xpath": "//table//td[contains(.)]"}, "fields.price.from[0].xpath"),
        ({"json": "offers[0"}, "fields.price.from[0].json"),
        ({"css": "b", "ld": "name"}, "fields.price.from[0]"),
        ({}, "fields.price.from[0]"),
        ({"ld": "name", "attr": "src"}, "fields.price.from[0]"),
        ({"csss": "b"}, "fields.price.from[0].csss"),
        ({"const": "{password}"}, "fields.price.from[0].const"),
        ({"const": "{env}"}, "fields.price.from[0].const"),
    ],
)
def test_a_mistake_in_a_from_entry_is_named_by_its_path(entry: dict[str, Any], path: str) -> None:
    assert path in paths(fields=source(**entry))


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ("shout", "fields.price.transform[0]"),
        ("join", "fields.price.transform[0]"),
        ({"regex_extract": r"(a)\1"}, "fields.price.transform[0].regex_extract.pattern"),
        ({"regex_extract": "(?=a)"}, "fields.price.transform[0].regex_extract.pattern"),
        ({"price": {"currency": "dollar"}}, "fields.price.transform[0].price.currency"),
        ({"replace": ["", "x"]}, "fields.price.transform[0].replace[0]"),
        ({"limit": 0}, "fields.price.transform[0].limit"),
        ({"text": True, "upper": True}, "fields.price.transform[0]"),
        ({"regex_extract": {"pattern": "(a)", "group": 2}}, "fields.price.transform[0].regex_extract"),
        ({"regex_extract": {"pattern": "(a)", "group": -1}}, "fields.price.transform[0].regex_extract"),
        ({"regex_extract": {"pattern": "(a)", "group": "b"}}, "fields.price.transform[0].regex_extract"),
        ({"unit": "stone"}, "fields.price.transform[0].unit"),
    ],
)
def test_a_mistake_in_a_transform_is_named_by_its_path(step: Any, path: str) -> None:
    assert paths(fields=steps(step)) == [path]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"engine": "browser"}, "engine"),
        ({"schema_version": 2}, "schema_version"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"extra": 1}, "extra"),
        ({"fields": {"colour": {"from": [{"css": "b"}]}}}, "fields.colour"),
        ({"fields": {"name": {}}}, "fields.name"),
        ({"fields": {"name": {"many": True, "from": [{"css": "b"}]}}}, "fields.name.many"),
        ({"fields": {"name": {"kind": "map", "from": [{"css": "b"}]}}}, "fields.name.kind"),
        ({"fields": {"attributes": {"from": [{"css": "b"}]}}}, "fields.attributes.from"),
        ({"hosts": {"allowed": ["https://www.acme.test/"]}}, "hosts.allowed[0]"),
        ({"search": {"url": "https://elsewhere.test/?q={sku}"}}, "search.url"),
        ({"search": {"url": "https://{sku}/"}}, "search.url"),
        ({"search": {"url": "https://www.acme.test/?p={password}"}}, "search.url"),
        ({"search": {"url": "file:///etc/passwd"}}, "search.url"),
        ({"pick": {"rows": "li", "link": "a", "require": [{"css": "b"}]}}, "pick.require[0]"),
        ({"product": {"marker": {"any": []}}}, "product.marker"),
        ({"product": {"marker": {"any": [{"css": "["}]}}}, "product.marker.any[0].css"),
        ({"product": {"marker": {"any": [{"css": "b"}], "text": "b"}}}, "product.marker"),
        ({"politeness": {"delay_s": float("inf")}}, ""),
        ({"politeness": {"delay_s": -1}}, "politeness.delay_s"),
        ({"slug": "a\x00"}, ""),
        ({"slug": "a\ud800"}, ""),
    ],
)
def test_other_mistakes_are_named_by_their_path(changes: dict[str, Any], path: str) -> None:
    assert paths(**changes) == [path]


def test_a_bare_transform_that_needs_an_argument_says_so() -> None:
    assert "needs an argument" in problems(fields=steps("join"))[0].message
    assert "only text, html" in problems(fields=steps("shout"))[0].message


def test_a_group_of_the_pattern_may_be_named_or_counted() -> None:
    named = {"regex_extract": {"pattern": "(?P<b>a)", "group": "b"}}
    parse(make.definition_document(fields=steps(named, {"regex_extract": {"pattern": "(a)", "group": 1}})))


def test_it_says_all_problems_at_once() -> None:
    assert paths(engine="browser", slug="No!", extra=1) == ["slug", "engine", "extra"]


def test_it_refuses_more_than_64_kilobytes() -> None:
    assert "65,536" in problems(slug="a" * 65_536)[0].message


def test_it_refuses_the_fifty_first_step() -> None:
    parse(make.definition_document(fields=steps(*["text"] * 50)))
    assert paths(fields=steps(*["text"] * 51)) == ["fields.price.transform"]


def test_it_refuses_the_hundred_and_first_selector() -> None:
    parse(make.definition_document(fields={"name": {"from": [{"css": "b"}] * 100}}))
    assert "101 selectors" in problems(fields={"name": {"from": [{"css": "b"}] * 101}})[0].message


def test_a_document_nested_without_end_is_a_problem() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert problems(extra=deep)[0].path == ""


@pytest.mark.parametrize("document", [None, [], "x", 5, {}])
def test_anything_but_a_definition_is_a_problem(document: object) -> None:
    with pytest.raises(DefinitionError):
        parse(document)


def test_a_runner_passes_over_what_a_newer_version_added() -> None:
    fields = {"name": {"from": [{"css": "h1"}], "confidence": 1}, "colour": {"from": [{"smell": "b"}]}}
    newer = make.definition_document(schema_version=2, canary={"a": 1}, fields=fields)
    assert set(parse(newer, strict=False).fields) == {Field.NAME}


def test_a_runner_refuses_a_newer_way_of_looking() -> None:
    with pytest.raises(DefinitionError):
        parse(make.definition_document(fields={"name": {"from": [{"smell": "b"}]}}), strict=False)


def test_hosts_are_compared_in_one_spelling() -> None:
    definition = parse(
        make.definition_document(hosts={"allowed": ["WWW.Acme.Test.:443", "bücher.test", "127.0.0.1:8001"]})
    )
    assert definition.hosts.allowed == ("www.acme.test", "xn--bcher-kva.test", "127.0.0.1:8001")
    for url in (
        "https://www.ACME.test./x",
        "http://www.acme.test:80/",
        " https://www.acme.test/a b?c\\d ",
        "https://Bücher.test/",
        "http://127.0.0.1:8001",
    ):
        assert definition.allows(url)
    for url in (
        "https://www.acme.test:8443/",
        "http://127.0.0.1:8002/",
        "ftp://www.acme.test/",
        "https://www.acme.test@evil.test/",
        "https://u:p@www.acme.test/",
        "https://u@www.acme.test/",
        "https://:p@www.acme.test/",
        "https://www.acme.test\\.evil.test/",
        "https://www.acme.test /",
        "https://www.ac\nme.test/",
        "https://evil.test\\@www.acme.test/",
        "https://www.acme.test.evil.test/",
        "//www.acme.test/",
        "",
    ):
        assert not definition.allows(url)


def test_what_is_accepted_fits_the_exported_schema() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(COMPLETE, schema)


@pytest.mark.parametrize(
    "changes",
    [{"extra": 1}, {"fields": source(css="b", ld="x")}, {"fields": steps("shout")}, {"fields": {"colour": {}}}],
)
def test_what_is_refused_fails_the_exported_schema(changes: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(make.definition_document(**changes))


def test_the_schema_can_be_written_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("runners.protocol.definition", run_name="__main__")
    assert json.loads(capsys.readouterr().out) == json_schema()


def test_json_is_a_kind_like_the_others() -> None:
    assert From.model_validate({"json": "state.price"}).kind == "json"
