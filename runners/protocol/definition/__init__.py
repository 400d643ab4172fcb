"""What a scraper may say: one JSON document, parsed, checked and frozen."""

from runners.protocol.definition.marks import Mark, Marks
from runners.protocol.definition.problem import DefinitionError, Problem
from runners.protocol.definition.reading import json_schema, parse
from runners.protocol.definition.rules import From, Rule, Table
from runners.protocol.definition.site import (
    Hosts,
    Login,
    LoginForm,
    Pick,
    Politeness,
    ProductPage,
    Requirement,
    Search,
    Structured,
)
from runners.protocol.definition.steps import Step
from runners.protocol.definition.whole import SCHEMA_VERSION, Definition, Example, Expectation
from runners.protocol.definition.writing import write

__all__ = [
    "SCHEMA_VERSION",
    "Definition",
    "DefinitionError",
    "Example",
    "Expectation",
    "From",
    "Hosts",
    "Login",
    "LoginForm",
    "Mark",
    "Marks",
    "Pick",
    "Politeness",
    "Problem",
    "ProductPage",
    "Requirement",
    "Rule",
    "Search",
    "Step",
    "Structured",
    "Table",
    "json_schema",
    "parse",
    "write",
]
