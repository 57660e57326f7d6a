"""One case: clients and a node in two namespaces, the node's rules, and frames that enter through the clients' veth.

    clients c0 ===== n0 NODE sink (a device that takes every packet and forgets it)

The whole way of a packet through the node, from the veth's receive path to the sink, runs in the soft interrupt of the sender's own
thread, so that thread's processor time is the packet's cost. What other programs do at the time is not in it.
"""
import contextlib
import os
import time

from frames import Frames
from namespace import Namespace
from netlink import forget_connections
from problem import Problem
from tools import iptables_tool

_MAC = "02:00:00:00:00:01"
_PODS = "10.244.0.0/14"
_NODE_ADDRESS = "192.168.10.1"
_RECENT_LISTS = "/proc/thread-self/net/xt_recent"
_SYN, _SYN_ACK = 2, 18
# Established packets go out in so many rounds a sample.
_REPEATS = 4
# Columns of /proc/net/dev.
_RECEIVED_PACKETS, _SENT_PACKETS = 1, 9


class Lane:
    def __init__(self, case):
        self._clients, self._node = Namespace(), Namespace()
        self._forget_sets = "".join(f"flush set ip kube-proxy {name}\n" for name in case["forget_sets"])
        self._connect()
        start = time.monotonic()
        self._load(case["backend"], case["rules"])
        self.load_seconds = time.monotonic() - start
        first_source, source_count = case["sources"]
        flows = flows_of(first_source, source_count, case["destinations"], case["packets"])
        with self._clients.inside():
            self._frames = Frames("c0", _MAC, [(*flow, _SYN) for flow in flows])
            self._established = case["established"]
            if self._established:
                address, port = self._established
                self._replies = Frames("c0", _MAC, [(address, port, source, source_port, protocol, _SYN_ACK) for source, source_port, _, _, protocol in flows])

    def sample(self):
        """Nanoseconds of processor time a packet."""
        if self._established:
            forget_connections(self._node)
            self._frames.send()
            self._replies.send()
            return self._timed(_REPEATS)
        self._forget_clients()
        forget_connections(self._node)
        ns = self._timed(1)
        forget_connections(self._node)
        return ns

    def _forget_clients(self):
        """Session affinity begins anew: every client is a new one."""
        if self._forget_sets != "":
            self._node.run("nft", "-f", "-", text=self._forget_sets)
        with self._node.inside(), contextlib.suppress(FileNotFoundError):
            for name in os.listdir(_RECENT_LISTS):
                with open(f"{_RECENT_LISTS}/{name}", "w") as file:
                    file.write("/\n")

    def _timed(self, repeats):
        before = self._reached()
        with _undisturbed():
            spent = sum(self._frames.send() for _ in range(repeats))
        sent = repeats * self._frames.count
        reached = self._reached() - before
        if reached != sent:
            raise Problem("arrival", f"{reached} of {sent} packets reached the node's pods")
        return spent / sent

    def _reached(self):
        with self._node.inside(), open("/proc/thread-self/net/dev") as file:
            line = next(line for line in file if line.strip().startswith("sink:"))
        return int(line.split(":")[1].split()[self._packets_column])

    def _connect(self):
        clients, node = self._clients, self._node
        for namespace in (clients, node):
            namespace.set_sysctl("net.ipv6.conf.all.disable_ipv6", 1, required=False)
            namespace.set_sysctl("net.ipv6.conf.default.disable_ipv6", 1, required=False)
            for scope in ("all", "default"):
                namespace.set_sysctl(f"net.ipv4.conf.{scope}.rp_filter", 0)
            namespace.run("ip", "link", "set", "lo", "up")
        clients.run("ip", "link", "add", "c0", "address", "02:00:00:00:00:02", "type", "veth", "peer", "name", "n0", "address", _MAC, "netns", node.path)
        clients.run("ip", "link", "set", "c0", "arp", "off", "up")
        self._make_sink()
        node.run("ip", "-batch", "-", text=f"""link set n0 arp off up
address add {_NODE_ADDRESS}/24 dev n0
link set sink up
route add {_PODS} dev sink
route add default via 192.168.10.2 dev n0 onlink
""")
        node.set_sysctl("net.ipv4.ip_forward", 1)
        node.set_sysctl("net.ipv4.ip_local_port_range", "1024 65535")

    def _make_sink(self):
        """A kernel may lack either device. An ifb that nothing was redirected to drops what it gets, and counts it as received."""
        try:
            self._node.run("ip", "link", "add", "sink", "type", "dummy")
            self._packets_column = _SENT_PACKETS
        except Problem:
            self._node.run("ip", "link", "add", "sink", "type", "ifb")
            self._node.run("tc", "qdisc", "replace", "dev", "sink", "root", "noqueue")
            self._packets_column = _RECEIVED_PACKETS

    def _load(self, backend, text):
        if text == "":
            return
        if backend == "nftables":
            self._node.run("nft", "-f", "-", text=text)
            return
        self._node.run(f"{iptables_tool(backend, 4)}-restore", "--wait", "60", text=text)


@contextlib.contextmanager
def _undisturbed():
    """For the some ten milliseconds of a sample this thread goes before others, where it may: each turn of theirs would cost it its caches."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except PermissionError:
        pass
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def flows_of(first_source, source_count, destinations, count):
    """`count` different (source, port, destination, port, protocol)."""
    a, b, c, d = map(int, first_source.split("."))
    first = (a << 24) + (b << 16) + (c << 8) + d
    flows = []
    for k in range(count):
        source = first + k % source_count
        address, port, protocol = destinations[k % len(destinations)]
        flows.append((".".join(str(source >> s & 255) for s in (24, 16, 8, 0)), 1024 + k // source_count, address, port, protocol))
    return flows
