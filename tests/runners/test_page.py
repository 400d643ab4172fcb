"""Bytes become pages: by the encoding they declare, whatever they are."""

import pytest

from tests.runners.pages import page


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<p>Café</p>".encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
        ("<p>Café</p>".encode("utf-16"), "text/html"),
        ("<p>Café</p>".encode("cp1252"), "text/html; charset=ISO-8859-1"),
        (b'<meta charset="latin1"><p>Caf\xe9</p>', "text/html"),
        (b"<meta http-equiv=content-type content='text/html; charset=windows-1252'><p>Caf\xe9</p>", ""),
        (b'<meta charset="utf-16"><p>Caf\xc3\xa9</p>', ""),
        ("<meta charset=latin1><p>Café</p>".encode(), 'text/html; charset="UTF-8"'),
        ("<p>Café</p>".encode(), "text/html; charset=unknown-8"),
        ("<p>Café</p>".encode(), "text/html; charset=utf-7"),
        ("<p>Café</p>".encode(), "text/html"),
    ],
)
def test_the_encoding_comes_from_bom_then_header_then_meta_then_is_utf8(body: bytes, content_type: str) -> None:
    assert page(body, content_type=content_type).words == "café"


def test_latin1_is_never_guessed() -> None:
    assert page(b"<p>Caf\xe9</p>").words == "caf\ufffd"


@pytest.mark.parametrize("body", [b"", b"  ", b"\x00", b"<", b"<!--", b"<!-- -->", b"\xff\xfe", b"<?xml?>", b"words"])
def test_no_page_is_too_broken_to_have_a_tree(body: bytes) -> None:
    assert page(body).root.tag == "html"


def test_nul_and_surrogates_are_replaced() -> None:
    read = page(b"<p>a\x00b&#xD800;c&#0;d\xed\xa0\x80e</p>")
    assert "\x00" not in read.text
    assert read.words.startswith("a\ufffdb")
    assert not any("\ud800" <= character <= "\udfff" or character == "\x00" for character in read.words)


def test_hidden_words_scripts_and_styles_are_not_seen() -> None:
    assert page("<style>a</style><script>b</script><p hidden>c</p><p style='display: none'>d</p><p>E</p>").words == "e"


def test_blocks_part_words_and_inline_elements_join_them() -> None:
    assert page("<div>Blue<b>berry</b></div><div>Jam<br>Jar</div>").words == "blueberry jam jar"


def test_links_are_relative_to_its_base() -> None:
    assert page("<base href='/shop/'>").base_url == "https://www.acme.test/shop/"
    assert page("").base_url == "https://www.acme.test/items/7?colour=red"
    assert page("<base href='http://[broken'>").base_url == "https://www.acme.test/items/7?colour=red"


def test_a_json_answer_has_data() -> None:
    assert page('{"price": 5}').data == {"price": 5}
    assert page("<p>{</p>").data is None
    assert page("{broken").data is None
