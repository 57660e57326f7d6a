"""Sends flows through rules in this machine's kernel, in network namespaces of its own. One JSON request in, one JSON answer out.

    {"missing": BACKEND, "families": [4, 6], "sets": bool}   -> {"missing": [what this machine lacks]}
    {"backend": "iptables-legacy" | "iptables-nft" | "nft",
     "topology": {"uplink", "pod_interface": names, "node_ips", "local_ips", "pod_cidrs": lists, "pod_side_ip": address or null,
                  "pod_addresses": pods outside pod_cidrs},
     "sysctls": {name: value}, "most_seconds": N, "steps": [STEP, …]}
                                                             -> {"kernel": release, "steps": [what each step gave]}
    STEP: {"sets": text of ipset save}                       which rules of iptables match -> null
          {"load": [{"family": 4 | 6, "text": rules}, …]}    replaces the rules (nft: family is of no account) -> null
          {"send": [FLOW, …]}                                -> per flow {"connections": [{"source", "source_port", "arrivals", "answers", "refusal"}]}
          {"wait_ms": N} | {"forget": true}                  time passes | conntrack forgets all connections -> null
          {"connections": true}                              -> per connection "protocol", "state", "timeout_s", "original", "reply", "seen_reply", "assured"
          {"count": true}                                    -> {"rules": per rule evaluated and matched, "chains": policies}
    FLOW: {"origin": "external" | "pod" | "node", "source", "destination", "protocol": 6 | 17 | 132, "destination_port",
           "source_port", "connections", "sources", "packets", "flags": [TCP flags of each packet, as "S", "PA"] or [],
           "reply", "delay_ms", "gap_ms"}
    On failure {"problem": {"kind", "text"}} and exit code 1.

Everything made here dies with this process, and this process with the one that started it.
"""
import ctypes
import json
import os
import signal
import sys
import time

from connections import connections
from netlink import forget_connections
from problem import Problem
from rules import load_sets, open_rules
from tools import missing
from traffic import Traffic
from world import World

_PR_SET_PDEATHSIG = 1


def main():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    request = json.load(sys.stdin)
    try:
        answer = {"missing": missing(request["missing"], request["families"], request.get("sets", False))} if "missing" in request else replay(request)
        code = 0
    except Problem as problem:
        answer, code = {"problem": {"kind": problem.kind, "text": problem.text}}, 1
    json.dump(answer, sys.stdout, separators=(",", ":"))
    return code


def replay(request):
    deadline = time.monotonic() + request["most_seconds"]
    world = World(request["topology"], request["sysctls"])
    rules, traffic = open_rules(world.node, request["backend"]), Traffic(world, deadline)
    actions = {
        "sets": lambda text: load_sets(world.node, text),
        "load": rules.load,
        "send": traffic.send,
        "wait_ms": lambda wait_ms: time.sleep(wait_ms / 1000),
        "forget": lambda _: forget_connections(world.node),
        "connections": lambda _: connections(world.node),
        "count": lambda _: rules.count(),
    }
    results = []
    for step in request["steps"]:
        (name, argument), = step.items()
        results.append(actions[name](argument))
    return {"kernel": os.uname().release, "steps": results}


if __name__ == "__main__":
    sys.exit(main())
