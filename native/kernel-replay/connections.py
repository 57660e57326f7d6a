"""What the node's conntrack table holds, as /proc/net/nf_conntrack shows it."""
import ipaddress
import re

_TUPLE = re.compile(r"src=(\S+) dst=(\S+) (?:sport=(\d+) dport=(\d+) )?")


def connections(node):
    with node.inside(), open("/proc/thread-self/net/nf_conntrack") as table:
        return [_read(line) for line in table]


def _read(line):
    words = line.split()
    # IPv4 or IPv6, twice; the protocol, twice; seconds left, but for entries that are to go.
    state = words[5] if words[5].isupper() else None
    original, reply = (_tuple(found) for found in _TUPLE.findall(line)[:2])
    return {
        "protocol": int(words[3]),
        "timeout_s": int(words[4]),
        "state": state,
        "original": original,
        "reply": reply,
        "seen_reply": "[UNREPLIED]" not in line,
        "assured": "[ASSURED]" in line,
    }


def _tuple(found):
    source, destination, source_port, destination_port = found
    return [str(ipaddress.ip_address(source)), int(source_port or 0), str(ipaddress.ip_address(destination)), int(destination_port or 0)]
