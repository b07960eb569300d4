"""One POST to an address that somebody else named: HTTPS to public addresses alone, no redirects, a few seconds at most.

The name is resolved once, all its addresses are judged, and the connection goes to the one judged: a name that changes its mind
in between (DNS rebinding) reaches nothing.
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from tianping.errors import TianpingError

SECONDS = 5.0
"""For everything together, from the first packet to the status line."""
MOST_URL = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_INWARD = tuple(map(ipaddress.ip_network, ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10")))
"""Of IPv6, for IPv4 addresses or one's own site (RFC 4291, 2765, 8215, 3879); the standard library takes them for global."""


class UrlRefused(TianpingError):
    """An address that nothing is sent to."""


class Told(NamedTuple):
    """What came back: the status, or 0 and why there was none."""

    status: int
    said: str

    @property
    def arrived(self) -> bool:
        return 200 <= self.status < 300


def require(url: str, allowed: Collection[str]) -> SplitResult:
    """The parts of an address that may be called. Raises UrlRefused. `allowed`: `host:port`, which may be private, and without
    TLS."""
    try:
        parts = urlsplit(url)
        host, listed = parts.hostname or "", place(parts) in allowed
    except ValueError:
        raise UrlRefused("this is no address; write https://example.com/path") from None
    if len(url) > MOST_URL or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlRefused("this is no address; write https://example.com/path, in at most 2000 plain characters")
    if parts.username is not None or parts.fragment:
        raise UrlRefused("an address holds neither a user nor a fragment; leave them out")
    if parts.scheme != "https" and not (parts.scheme == "http" and listed):
        raise UrlRefused("only https is called; give an https address")
    if not listed and (host == "localhost" or _private_literal(host)):
        raise UrlRefused(f"{host} is a private address; whoever runs this home can allow it: tianping webhooks allow HOST:PORT")
    return parts


def place(parts: SplitResult) -> str:
    """`host:port` of an address. Raises ValueError for a port that is none."""
    return f"{parts.hostname or ''}:{_port(parts)}"


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _private_literal(host: str) -> bool:
    try:
        return not public(host)
    except ValueError:
        return False


def public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where another is wrapped in it. Raises ValueError for none."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        inner += [ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)] if found in _NAT64 else []
        inside = any(found in each for each in _INWARD)
        if inside or not all(each.is_global for each in inner if each is not None):
            return False
    return found.is_global and not found.is_multicast


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: Collection[str], seconds: float = SECONDS) -> Told:
    """Send, and say what came back. Whatever goes wrong outside is told, not raised."""
    try:
        return _post(require(url, allowed), body, headers, allowed, seconds)
    except (OSError, HTTPException, UrlRefused, ValueError) as error:
        return Told(0, f"{type(error).__name__}: {error}"[:200])


def _post(parts: SplitResult, body: bytes, headers: Mapping[str, str], allowed: Collection[str], seconds: float) -> Told:
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    address = _address(host, _port(parts), listed=place(parts) in allowed)
    connection = HTTPConnection(host, address[1], timeout=seconds)
    connection.sock = _dial(host, address, secure=secure, seconds=seconds)
    ending = threading.Timer(seconds, _hang_up, [connection.sock])
    ending.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {**headers, "Host": parts.netloc, "Connection": "close"})
        status = connection.getresponse().status
    finally:
        ending.cancel()
        connection.close()
    return Told(status, f"HTTP {status}" + (", and redirects are not followed" if 300 <= status < 400 else ""))


def _address(host: str, port: int, *, listed: bool) -> tuple[str, int]:
    """Where a name leads. Raises UrlRefused where any of its addresses is not public, in the same words as where there is no
    such name: which names a house has inside is nobody's business."""
    try:
        found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        found = []
    if not found or not (listed or all(public(address) for address in found)):
        raise UrlRefused(f"{host} leads to no public address")
    return found[0], port


def _dial(host: str, address: tuple[str, int], *, secure: bool, seconds: float) -> socket.socket:
    dialled = socket.create_connection(address, timeout=seconds)
    try:
        return ssl.create_default_context().wrap_socket(dialled, server_hostname=host) if secure else dialled
    except BaseException:
        dialled.close()
        raise


def _hang_up(line: socket.socket) -> None:
    """Who answers one byte at a time is not waited for."""
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        line.close()
