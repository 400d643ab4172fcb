"""Host names in one spelling, so that a comparison of two is a comparison of two strings."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

import idna

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def normalise(host: str) -> str:
    """`host` or `host:port` in lower-case ASCII (IDNA), without trailing dot and without port 80 or 443.

    Raises ValueError with a sentence where it is no host.
    """
    if any(mark in host for mark in "/@?#\\{}") or host != host.strip():
        raise ValueError("write the host alone, like www.acme.test or www.acme.test:8443")
    return _spell(_split(f"//{host}"), default_ports=set(_DEFAULT_PORTS.values()))


def of(url: str) -> str:
    """The normalised host of an http or https URL. Raises ValueError with a sentence where it has none."""
    parts = _split(url.strip())
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("only http and https addresses are fetched")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address must not carry a user name or password")
    return _spell(parts, default_ports={_DEFAULT_PORTS[parts.scheme]})


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    if any(ord(character) < 32 for character in url) or any(character in " \\" for character in parts.netloc):
        raise ValueError("a host holds no spaces, control characters or backslashes")
    return parts


def _spell(parts: SplitResult, *, default_ports: set[int]) -> str:
    name, port = parts.hostname, parts.port
    if not name:
        raise ValueError("the host is missing")
    ascii_name = _ascii(name)
    return ascii_name if port is None or port in default_ports else f"{ascii_name}:{port}"


def _ascii(name: str) -> str:
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        pass
    try:
        encoded = idna.encode(name.rstrip("."), uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError(f"{name} is not a host name") from None
    if encoded.rpartition(".")[2].isdigit():
        raise ValueError(f"{name} is neither a host name nor a whole IPv4 address")
    return encoded
