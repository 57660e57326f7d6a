"""The two netlink requests for which no tool is needed then: forget all connections, make a named accounting object."""
import errno
import os
import socket
import struct

from problem import Problem

_NETLINK_NETFILTER = 12
_SUBSYSTEM_CONNTRACK, _SUBSYSTEM_ACCOUNTING = 1, 7
_CONNTRACK_DELETE, _ACCOUNTING_NEW = 2, 0
_ATTRIBUTE_NAME = 1
_REQUEST, _ACKNOWLEDGE, _CREATE = 1, 4, 0x400
_ERROR = 2


def forget_connections(namespace):
    """Empties the namespace's conntrack table."""
    _request(namespace, _SUBSYSTEM_CONNTRACK, _CONNTRACK_DELETE, 0, b"")


def make_accounting_object(namespace, name):
    """What `-m nfacct --nfacct-name` refers to."""
    value = name.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(value), _ATTRIBUTE_NAME) + value
    _request(namespace, _SUBSYSTEM_ACCOUNTING, _ACCOUNTING_NEW, _CREATE, attribute + b"\0" * (-len(attribute) % 4), allowed=errno.EBUSY)


def _request(namespace, subsystem, message, flags, attributes, allowed=0):
    generic = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
    length = 16 + len(generic) + len(attributes)
    head = struct.pack("=IHHII", length, subsystem << 8 | message, _REQUEST | _ACKNOWLEDGE | flags, 1, 0)
    with namespace.inside(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
        netlink.settimeout(10)
        netlink.send(head + generic + attributes)
        answer = netlink.recv(65536)
    kind, (code,) = struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)
    if kind != _ERROR or (code != 0 and -code != allowed):
        raise Problem("netlink", f"netfilter refuses request {subsystem}/{message}: {os.strerror(-code)}")
