"""Which addresses may be connected to: public ones, and the private ones this host's operator named."""

import ipaddress
import re
import socket
import weakref
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from runners.agent.trouble import Trouble
from runners.protocol.definition import hosts
from runners.protocol.words import Outcome

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORT: Final = re.compile(r":\d+$")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Can this address be reached by everyone? IPv4 wrapped in IPv6 is judged by what is inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class PrivateHosts:
    """The names, addresses and networks of BAYSTATE_ALLOW_PRIVATE_HOSTS, separated by commas or spaces.

    A name lets its host have a private address; an address or network lets any allowed host be there. Ports play no
    part. Raises ValueError for what is neither.
    """

    def __init__(self, text: str = "") -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for word in text.replace(",", " ").split():
            self._add(word.strip("[]"))

    def _add(self, word: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            self._names.add(_PORT.sub("", hosts.normalise(word)))

    def allows(self, host: str, address: Address) -> bool:
        """May `host` be at this private address?"""
        return host.lower().rstrip(".") in self._names or any(address in network for network in self._networks)


class PeerAdapter(HTTPAdapter):
    """Looks at the address a connection really reached, before a byte is sent: DNS may say one thing now, another then.

    Keeps hold of its open sockets, so that a step whose time is over can be ended from outside.
    """

    def __init__(self, private: PrivateHosts) -> None:
        self._private = private
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        pool = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        pool.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self),
        }
        self.poolmanager = pool

    def check(self, host: str, connected: socket.socket) -> None:
        """Raise Trouble, and hang up, if `connected` leads to an address that may not be talked to."""
        address = ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])
        if not is_public(address) and not self._private.allows(host, address):
            connected.close()
            raise Trouble(Outcome.POLICY_DENIED, f"{host} leads to {address}, which is not a public address")

    def keep(self, connected: socket.socket) -> None:
        self._sockets.add(connected)

    def hang_up(self) -> None:
        """End whatever is being read or written, from any thread; the reader sees the connection close."""
        for open_socket in list(self._sockets):
            try:
                # Not SSLSocket.shutdown: it takes the cipher away from a thread that is reading.
                socket.socket.shutdown(open_socket, socket.SHUT_RDWR)
            except OSError:
                continue


def _pool(pool: Any, connection: Any, adapter: PeerAdapter) -> Any:
    """urllib3's pool class, making connections that `adapter` looks at."""

    def new_conn(self: Any) -> socket.socket:
        connected: socket.socket = connection._new_conn(self)
        adapter.check(self.host, connected)
        return connected

    def connect(self: Any) -> None:
        connection.connect(self)
        adapter.keep(self.sock)

    checked = type("Checked", (connection,), {"_new_conn": new_conn, "connect": connect})
    return type("CheckedPool", (pool,), {"ConnectionCls": checked})
