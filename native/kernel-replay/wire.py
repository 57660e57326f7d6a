"""Packets as bytes: built whole for injection, taken apart where they arrive.

Every injected packet carries a 12-byte tag (connection, packet number, whether it is an answer), in the payload or, for SCTP, in a
parameter of its INIT chunk. So an arrival is attributed exactly, whatever the node's rules did to its addresses and ports.
"""
import struct
from typing import NamedTuple, Optional

TCP, UDP, SCTP, ICMP, ICMPV6 = 6, 17, 132, 1, 58
FLAG_BITS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
SYN, RST, ACK = FLAG_BITS["S"], FLAG_BITS["R"], FLAG_BITS["A"]
MAGIC = b"SVCK"
TAG = struct.Struct("!4sIHBB")


class Tag(NamedTuple):
    connection: int
    packet: int
    is_answer: bool
    wants_answer: bool


class Segment(NamedTuple):
    """A transport segment between two addresses; addresses are 4 or 16 bytes."""
    source: bytes
    destination: bytes
    protocol: int
    source_port: int
    destination_port: int
    tag: Optional[Tag]
    tcp_flags: int = 0
    sequence: int = 0
    acknowledgement: int = 0


class IcmpError(NamedTuple):
    """An ICMP or ICMPv6 error about a segment of ours."""
    sender: bytes
    type: int
    code: int
    about: Segment


def build(segment):
    """The segment as an IP packet with valid checksums: conntrack looks at them."""
    body = _transport(segment)
    if len(segment.source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(body), segment.protocol, 64) + segment.source + segment.destination + body
    # The kernel fills in the checksum of an IPv4 header it is handed.
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, segment.protocol, 0) + segment.source + segment.destination + body


def parse(packet):
    """A Segment, an IcmpError about one, or None for anything else; None also for packets too short to tell."""
    try:
        if packet[0] >> 4 == 4:
            return parse_body(packet[12:16], packet[16:20], packet[9], packet[(packet[0] & 15) * 4:])
        if packet[0] >> 4 == 6:
            return parse_body(packet[8:24], packet[24:40], packet[6], packet[40:])
    except (struct.error, IndexError):
        pass
    return None


def parse_body(source, destination, protocol, body):
    try:
        if (protocol == ICMP and body[0] in (3, 11)) or (protocol == ICMPV6 and body[0] in (1, 3)):
            about = parse(body[8:])
            return IcmpError(source, body[0], body[1], about) if isinstance(about, Segment) else None
        if protocol not in (TCP, UDP, SCTP):
            return None
        source_port, destination_port = struct.unpack_from("!HH", body)
        if protocol == UDP:
            return Segment(source, destination, protocol, source_port, destination_port, _read_tag(body, 8))
        if protocol == SCTP:
            return Segment(source, destination, protocol, source_port, destination_port, _read_tag(body, 36))
        sequence, acknowledgement, offset, flags = struct.unpack_from("!IIBB", body, 4)
        tag = _read_tag(body, (offset >> 4) * 4)
        return Segment(source, destination, protocol, source_port, destination_port, tag, flags, sequence, acknowledgement)
    except (struct.error, IndexError):
        return None


def tcp_length(flags):
    """Sequence numbers that a tagged TCP segment takes."""
    return TAG.size + (1 if flags & (FLAG_BITS["S"] | FLAG_BITS["F"]) else 0)


def _transport(segment):
    tag = TAG.pack(MAGIC, segment.tag.connection, segment.tag.packet, segment.tag.is_answer, segment.tag.wants_answer)
    ports = struct.pack("!HH", segment.source_port, segment.destination_port)
    if segment.protocol == UDP:
        body = ports + struct.pack("!HH", 8 + len(tag), 0) + tag
        return _with_checksum(segment, body, 6)
    if segment.protocol == TCP:
        head = struct.pack("!IIBBHHH", segment.sequence, segment.acknowledgement, 5 << 4, segment.tcp_flags, 65535, 0, 0)
        return _with_checksum(segment, ports + head + tag, 16)
    # INIT, or INIT ACK for an answer, whose verification tag is the initiator's tag.
    verification = segment.tag.connection + 1 if segment.tag.is_answer else 0
    parameter = struct.pack("!HH", 0xC001, 4 + len(tag)) + tag
    chunk = struct.pack("!BBHIIHHI", 2 if segment.tag.is_answer else 1, 0, 20 + len(parameter), segment.tag.connection + 1, 65535, 1, 1, 1)
    body = ports + struct.pack("!II", verification, 0) + chunk + parameter
    return body[:8] + struct.pack("<I", _crc32c(body)) + body[12:]


def _read_tag(body, offset):
    magic, connection, packet, is_answer, wants_answer = TAG.unpack_from(body, offset) if len(body) >= offset + TAG.size else (b"", 0, 0, 0, 0)
    return Tag(connection, packet, bool(is_answer), bool(wants_answer)) if magic == MAGIC else None


def _with_checksum(segment, body, offset):
    pseudo = segment.source + segment.destination + struct.pack("!II", len(body), segment.protocol)
    value = _internet_checksum(pseudo + body) or 0xFFFF
    return body[:offset] + struct.pack("!H", value) + body[offset + 2:]


def _internet_checksum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def _crc32c_table():
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


_CRC32C = tuple(_crc32c_table())


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
