"""Injects the packets of flows where they begin and attributes every arrival, answer and refusal to its connection.

Packets enter at the clients' or pods' end of their veth, or leave the node's own IP layer, each through a raw socket with its whole
header written here. Taps: packet sockets at both ends, raw sockets in the node (behind its INPUT chains). One packet is sent after the
other from one processor, so they meet the rules in the order of the flows.
"""
import errno
import functools
import os
import resource
import select
import socket
import struct
import time

import wire
from problem import Problem

PLACES = ("external", "pod", "node")
_BURST = 128
_QUIET_MS = 30
_PACKET_INFO = struct.Struct("16sI")
_SO_RCVBUFFORCE = 33
_ANSWER_SEQUENCE = 0x10000


class Connection:
    """One 5-tuple as its sender writes it. A TCP stream outlives the send that began it."""
    __slots__ = ("flow", "origin", "source", "source_port", "destination", "destination_port", "protocol", "stream", "arrivals", "answers", "refusal")


class Traffic:
    def __init__(self, world, deadline):
        self._node, self._deadline = world.node, deadline
        self._injectors, self._taps, self._poller = {}, {}, select.poll()
        self._streams, self._connections, self._next_id, self._by_tuple = {}, {}, 0, {}
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[os.getpid() % len(processors)]})
        for place, namespace, device in (("external", world.clients, "c0"), ("pod", world.pods, "b0"), ("node", world.node, None)):
            with namespace.inside():
                for family in (socket.AF_INET, socket.AF_INET6):
                    self._injectors[place, family] = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
                for tap, read in (_packet_taps(device) if device else _raw_taps()):
                    tap.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 28)
                    tap.setblocking(False)
                    self._taps[tap.fileno()] = (place, tap, read)
                    self._poller.register(tap, select.POLLIN)

    def send(self, flows):
        """Sends the flows one after the other; per flow its connections, each with what came of it."""
        self._connections, self._by_tuple, since_drain = {}, {}, 0
        sent = [self._open(flow) for flow in flows]
        with _listening_udp(self._node, sent):
            for flow, connections in zip(flows, sent):
                self._wait(flow["delay_ms"])
                for packet in range(flow["packets"]):
                    if packet > 0:
                        self._wait(flow["gap_ms"])
                    for number, connection in connections:
                        self._emit(number, connection, packet)
                        since_drain += 1
                        if since_drain >= _BURST:
                            self._drain(0)
                            since_drain = 0
                    self._drain(0)
            self._drain(_QUIET_MS)
        return [{"connections": [_report(c) for _, c in connections]} for connections in sent]

    def _wait(self, wait_ms):
        if wait_ms > 0:
            self._drain(0)
            time.sleep(wait_ms / 1000)

    def _open(self, flow):
        opened, first = [], int.from_bytes(_packed(flow["source"]), "big")
        length = len(_packed(flow["source"]))
        for k in range(flow["connections"]):
            c = Connection()
            c.flow, c.origin, c.protocol = flow, flow["origin"], flow["protocol"]
            c.source = (first + k % flow["sources"]).to_bytes(length, "big")
            c.source_port = flow["source_port"] + k // flow["sources"]
            c.destination, c.destination_port = _packed(flow["destination"]), flow["destination_port"]
            key = (c.protocol, c.source, c.source_port, c.destination, c.destination_port)
            c.stream = self._streams.setdefault(key, [self._next_id * 100_000 + 1, 0])
            c.arrivals, c.answers, c.refusal = [], [], None
            self._connections[self._next_id] = self._by_tuple[key] = c
            opened.append((self._next_id, c))
            self._next_id += 1
        return opened

    def _emit(self, number, c, packet):
        if time.monotonic() > self._deadline:
            raise Problem("time", "the replay takes longer than it may")
        flags = c.flow["flags"][packet] if c.flow["flags"] else "S" if packet == 0 else "PA"
        bits = sum(wire.FLAG_BITS[letter] for letter in flags) if c.protocol == wire.TCP else 0
        acknowledged = c.stream[1] if bits & wire.ACK else 0
        tag = wire.Tag(number, packet, False, c.flow["reply"])
        segment = wire.Segment(c.source, c.destination, c.protocol, c.source_port, c.destination_port, tag, bits, c.stream[0] & 0xFFFFFFFF, acknowledged)
        c.stream[0] += wire.tcp_length(bits)
        refusal = self._inject(c.origin, segment)
        if refusal is not None:
            c.refusal = refusal

    def _inject(self, place, segment):
        """The name of the error with which the kernel refuses the packet, if it does."""
        family = socket.AF_INET if len(segment.source) == 4 else socket.AF_INET6
        address = (_text(segment.destination), 0)
        packet = wire.build(segment)
        while True:
            try:
                self._injectors[place, family].sendto(packet, address)
                return None
            except OSError as error:
                if error.errno != errno.ENOBUFS or time.monotonic() > self._deadline:
                    return errno.errorcode.get(error.errno, str(error.errno))
                time.sleep(0.001)

    def _drain(self, quiet_ms):
        while ready := self._poller.poll(quiet_ms):
            for descriptor, _ in ready:
                place, tap, read = self._taps[descriptor]
                while True:
                    try:
                        arrived = read(tap)
                    except BlockingIOError:
                        break
                    if arrived is not None:
                        self._attribute(place, arrived)

    def _attribute(self, place, arrived):
        if isinstance(arrived, wire.IcmpError):
            c = self._tagged(arrived.about)
            if c is not None and c.origin == place and not arrived.about.tag.is_answer:
                c.answers.append(("icmp", arrived.about.tag.packet, arrived.type, arrived.code, _text(arrived.sender)))
        elif arrived.tag is None:
            # A reset the node's kernel made carries no tag; it comes from where the sender wrote to.
            key = (arrived.protocol, arrived.destination, arrived.destination_port, arrived.source, arrived.source_port)
            c = self._by_tuple.get(key)
            if c is not None and c.origin == place and arrived.tcp_flags & wire.RST:
                c.answers.append(("reset",))
        elif (c := self._tagged(arrived)) is None:
            return
        elif not arrived.tag.is_answer:
            c.arrivals.append((arrived.tag.packet, "uplink" if place == "external" else place, _text(arrived.destination), arrived.destination_port, _text(arrived.source), arrived.source_port))
            if arrived.tag.wants_answer and place != "external":
                self._answer(place, arrived, c)
        elif c.origin == place:
            expected = (c.destination, c.destination_port, c.source, c.source_port)
            came = (arrived.source, arrived.source_port, arrived.destination, arrived.destination_port)
            c.answers.append(("answer", arrived.tag.packet, came == expected))
            c.stream[1] = (arrived.sequence + wire.tcp_length(arrived.tcp_flags)) & 0xFFFFFFFF

    def _tagged(self, segment):
        return None if segment.tag is None else self._connections.get(segment.tag.connection)

    def _answer(self, place, arrived, c):
        flags = (wire.SYN if arrived.tcp_flags & wire.SYN else wire.FLAG_BITS["P"]) | wire.ACK
        sequence = _ANSWER_SEQUENCE if arrived.tcp_flags & wire.SYN else arrived.acknowledgement
        tag = wire.Tag(arrived.tag.connection, arrived.tag.packet, True, False)
        self._inject(place, wire.Segment(
            arrived.destination, arrived.source, arrived.protocol, arrived.destination_port, arrived.source_port, tag,
            flags, sequence, (arrived.sequence + wire.tcp_length(arrived.tcp_flags)) & 0xFFFFFFFF,
        ))


def _report(c):
    """Per arrival: packet, place, destination, port, source, port. Per answer: kind and, but for resets, packet and more."""
    report = {"source": _text(c.source), "source_port": c.source_port, "arrivals": c.arrivals}
    if c.answers:
        report["answers"] = c.answers
    if c.refusal is not None:
        report["refusal"] = c.refusal
    return report


def _packet_taps(device):
    for protocol in (0x0800, 0x86DD):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
        tap.bind((device, protocol))
        yield tap, lambda t: wire.parse(t.recv(2048))


def _raw_taps():
    for protocol in (wire.TCP, wire.UDP, wire.SCTP, wire.ICMP):
        yield socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol), lambda t: wire.parse(t.recv(2048))
    for protocol in (wire.TCP, wire.UDP, wire.SCTP, wire.ICMPV6):
        tap = socket.socket(socket.AF_INET6, socket.SOCK_RAW, protocol)
        tap.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        yield tap, functools.partial(_receive_ipv6, protocol)


def _receive_ipv6(protocol, tap):
    """An IPv6 raw socket hands over what follows the header; the addresses come beside it."""
    body, ancillary, _, sender = tap.recvmsg(2048, socket.CMSG_SPACE(_PACKET_INFO.size))
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return wire.parse_body(_packed(sender[0].partition("%")[0]), _PACKET_INFO.unpack(data)[0], protocol, body)
    return None


class _listening_udp:
    """Sockets on the source ports of the node's own UDP flows that are answered: else the node would refuse the answers."""

    def __init__(self, node, sent):
        self._node = node
        self._wanted = {(len(c.source), c.source_port) for connections in sent for _, c in connections if c.origin == "node" and c.protocol == wire.UDP and c.flow["reply"]}
        self._sockets = []

    def __enter__(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if len(self._wanted) + 100 > most:
            raise Problem("flows", f"{len(self._wanted)} source ports of the node's answered UDP flows are more than the {most} open files allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        with self._node.inside():
            for length, port in sorted(self._wanted):
                family = socket.AF_INET if length == 4 else socket.AF_INET6
                listener = socket.socket(family, socket.SOCK_DGRAM)
                self._sockets.append(listener)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind(("", port))

    def __exit__(self, *_):
        for listener in self._sockets:
            listener.close()


@functools.lru_cache(maxsize=65536)
def _text(address):
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


@functools.lru_cache(maxsize=65536)
def _packed(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
