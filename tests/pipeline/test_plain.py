"""Text from strangers is made plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.consolidation import plain

HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from("<>&;ab/pbr\"'=#lt \n\t\x00\u200b\u202e"), st.characters(codec="utf-8")),
    max_size=60,
)


@pytest.mark.parametrize("clean", [plain.line, plain.prose, plain.markup, plain.address])
@given(text=HOSTILE)
def test_it_leaves_its_own_output_alone(clean, text: str) -> None:  # type: ignore[no-untyped-def]
    once = clean(text)
    assert clean(once) == once


def test_a_line_loses_markup_entities_and_invisible_characters() -> None:
    assert plain.line(" Cat &amp;amp; Dog\u200b <b>Food</b>\u202e\x00\n 30\xa0lb ") == "Cat & Dog Food 30 lb"


def test_a_script_goes_with_its_content_however_often_it_is_escaped() -> None:
    assert plain.line("Toy&lt;script&gt;alert(1)&lt;/script&gt;") == "Toy"
    assert plain.line("Toy&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;") == "Toy"


def test_a_tag_hidden_by_an_invisible_character_is_still_a_tag() -> None:
    assert plain.line("Toy <\u200bb>big</b>") == "Toy big"


def test_a_smaller_than_sign_is_kept() -> None:
    assert plain.line("for dogs < 30 lb") == "for dogs < 30 lb"


def test_prose_keeps_its_paragraphs_as_lines() -> None:
    assert plain.prose("<p>One  of</p><p>two<br>three</p>\n\n\n four ") == "One of\ntwo\nthree\nfour"


def test_markup_keeps_structure_and_nothing_else() -> None:
    dirty = (
        '<p onclick="x()" style="color:red">Good <a href="https://acme.test">food</a></p><img src="//acme.test/t.gif">'
    )
    assert plain.markup(dirty + "<script>x()</script><!-- x --><ul><li>one</ul>") == (
        "<p>Good food</p><ul><li>one</li></ul>"
    )


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:image/png;base64,AAAA", "/img/a.jpg", "//acme.test/a.jpg", "https://", "",
             "https://user:secret@acme.test/a.jpg", "https://[::1/a.jpg", "ftp://acme.test/a.jpg"],
)  # fmt: skip
def test_only_plain_web_addresses_are_addresses(text: str) -> None:
    assert plain.address(text) == ""


def test_an_address_loses_its_fragment_and_the_case_of_its_host() -> None:
    assert plain.address(" HTTPS://CDN.Acme.test/A b.jpg?w=1#top ") == "https://cdn.acme.test/A%20b.jpg?w=1"
