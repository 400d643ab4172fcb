"""Links on a page as addresses that can be fetched."""

from urllib.parse import urljoin


def absolute(base_url: str, link: str) -> str:
    """The http or https address of a link; empty for `data:`, `javascript:` and what is no address at all."""
    try:
        address = urljoin(base_url, link.strip())
    except ValueError:
        return ""
    return address if address.startswith(("http://", "https://")) else ""
