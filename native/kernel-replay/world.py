"""The small world of one replay: clients, the node, its pods, each a network namespace, joined by two veth pairs.

    clients c0 ===== uplink NODE pod interface ===== b0 pods

No namespace has a way out: each default route ends at a veth peer of the same world. Both ends of a pair have one MAC address and no
ARP, so there are no neighbours to find; multicast, router solicitations and generated addresses are off, so nothing but the injected
packets (and the node's answers to them) meets the rules.
"""
import ipaddress

from namespace import Namespace

MAC_UPLINK, MAC_PODS = "02:00:00:00:00:01", "02:00:00:00:00:02"
GATEWAY = {4: "169.254.0.1", 6: "fe80::1"}
# A sender of IPv6 packets needs an address of its own, whatever source it writes.
SENDER_ADDRESS = {4: [], 6: ["address add fe80::2/128 dev {} nodad"]}

_QUIET = {
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.default.send_redirects": 0,
    "net.ipv4.conf.all.accept_redirects": 0,
    "net.ipv6.conf.all.disable_ipv6": 0,
    "net.ipv6.conf.default.disable_ipv6": 0,
    "net.ipv6.conf.default.addr_gen_mode": 1,
    "net.ipv6.conf.default.accept_ra": 0,
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.default.router_solicitations": 0,
}
_NODE = {
    "net.ipv4.ip_forward": 1,
    "net.ipv6.conf.all.forwarding": 1,
    # Every refusal is answered, however many there are.
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv4.icmp_ratemask": 0,
    "net.ipv4.icmp_msgs_per_sec": 10_000_000,
    "net.ipv4.icmp_msgs_burst": 1_000_000,
    "net.ipv6.icmp.ratelimit": 0,
    # The whole range for MASQUERADE, so that no port runs out before 64,511 connections to one place.
    "net.ipv4.ip_local_port_range": "1024 65535",
}


class World:
    def __init__(self, topology, sysctls):
        self.clients, self.node, self.pods = Namespace(), Namespace(), Namespace()
        self.uplink, self.pod_interface = topology["uplink"], topology["pod_interface"]
        for namespace in (self.clients, self.node, self.pods):
            for name, value in _QUIET.items():
                namespace.set_sysctl(name, value, required=False)
            namespace.run("ip", "link", "set", "lo", "up")
        self._join(self.clients, "c0", self.uplink, MAC_UPLINK)
        self._join(self.pods, "b0", self.pod_interface, MAC_PODS)
        for name, value in _NODE.items():
            self.node.set_sysctl(name, value, required=name.endswith("forward"))
        self._address(topology)
        for name, value in sysctls.items():
            self.node.set_sysctl(name, value)

    def _join(self, outside, outer, inner, mac):
        outside.run("ip", "link", "add", outer, "address", mac, "type", "veth", "peer", "name", inner, "address", mac, "netns", self.node.path)
        for namespace, device in ((outside, outer), (self.node, inner)):
            namespace.run("ip", "link", "set", device, "arp", "off", "multicast", "off", "up")

    def _address(self, topology):
        node = [(address, self.uplink) for address in topology["node_ips"]]
        node += [(address, "lo") for address in topology["local_ips"]]
        if topology["pod_side_ip"] is not None:
            node.append((topology["pod_side_ip"], self.pod_interface))
        own = {ipaddress.ip_address(address) for address, _ in node}
        prefixes = [ipaddress.ip_network(prefix, strict=False) for prefix in topology["pod_cidrs"]]
        # Pods outside the node's prefixes: routed to the pods too, one by one.
        lone = [a for a in map(ipaddress.ip_address, topology["pod_addresses"]) if a not in own and not any(a in p for p in prefixes)]
        prefixes += [ipaddress.ip_network(a) for a in sorted(set(lone), key=lambda a: (a.version, a))]
        for family in (4, 6):
            via = f"via {GATEWAY[family]}"
            mine = [(a, d) for a, d in node if ipaddress.ip_address(a).version == family]
            lines = [f"address add {a}/{32 if family == 4 else 128} dev {d}{' nodad' if family == 6 else ''}" for a, d in mine]
            lines += [f"route add {p} {via} dev {self.pod_interface} onlink" for p in dict.fromkeys(prefixes) if p.version == family]
            lines.append(f"route add default {via} dev {self.uplink} onlink")
            self._batch(self.node, family, lines)
            for namespace, device in ((self.clients, "c0"), (self.pods, "b0")):
                own_lines = [line.format(device) for line in SENDER_ADDRESS[family]]
                self._batch(namespace, family, [*own_lines, f"route add default {via} dev {device} onlink"])

    @staticmethod
    def _batch(namespace, family, lines):
        namespace.run("ip", f"-{family}", "-batch", "-", text="".join(line + "\n" for line in lines))

    def close(self):
        for namespace in (self.clients, self.node, self.pods):
            namespace.close()
