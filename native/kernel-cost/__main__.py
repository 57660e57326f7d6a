"""Measures what this machine's kernel spends on a packet, for given rules and packets. One JSON request in, one JSON answer out.

    {"missing": [BACKEND, …]}                     -> {"missing": [what this machine lacks]}
    {"cases": [CASE, …], "rounds": N, "most_seconds": S}
                                                  -> {"kernel", "cpu", "tools": {name: version}, "cases": [{"ns": [of each round and load], "load_seconds"}]}
    CASE: {"backend": BACKEND, "rules": text or "" for none, "sources": [first address, count], "packets": a sample,
           "destinations": [[address, port, protocol], …] met in turn, "established": false or the endpoint's [address, port],
           "forget_sets": names of nft sets of kube-proxy that are emptied before every sample}
    BACKEND: "iptables-legacy" | "iptables-nft" | "nftables". Protocol: 6 | 17.
    On failure {"problem": {"kind", "text"}} and exit code 1.

Every case has network namespaces of its own without a way out; they die with this process, and this process with the one that started
it. Samples of all cases take turns, so that a busy machine is busy for all of them. Rules are loaded twice, in two places of the kernel's
memory: some places are slow in every sample.
"""
import ctypes
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "kernel-replay"))

from lane import Lane
from problem import Problem
from tools import iptables_tool, missing

_PR_SET_PDEATHSIG = 1
_LOADS = 2
_KERNEL_REPLAY_NAME = {"nftables": "nft"}


def main():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    request = json.load(sys.stdin)
    try:
        if "missing" in request:
            answer = {"missing": sorted({w for b in request["missing"] for w in missing(_KERNEL_REPLAY_NAME.get(b, b), [4])})}
        else:
            answer = measure(request)
        code = 0
    except Problem as problem:
        answer, code = {"problem": {"kind": problem.kind, "text": problem.text}}, 1
    json.dump(answer, sys.stdout, separators=(",", ":"))
    return code


def measure(request):
    deadline = time.monotonic() + request["most_seconds"]
    processor = max(os.sched_getaffinity(0))
    lanes = []
    # All of the first load before any of the second: the two lie apart.
    for _ in range(_LOADS):
        for number, case in enumerate(request["cases"]):
            _check(deadline)
            lanes.append((number, Lane(case)))
    os.sched_setaffinity(0, {processor})
    cases = [{"ns": [], "load_seconds": lane.load_seconds} for _, lane in lanes[: len(request["cases"])]]
    shuffle = random.Random(1).shuffle
    # The first round only warms up.
    for turn in range(request["rounds"] + 1):
        # Another order each round, so that neighbours in the list do not share their bad moments.
        shuffle(lanes)
        for number, lane in lanes:
            _check(deadline)
            ns = lane.sample()
            if turn > 0:
                cases[number]["ns"].append(ns)
    return {"kernel": os.uname().release, "cpu": _cpu(), "tools": _tools(), "cases": cases}


def _check(deadline):
    if time.monotonic() > deadline:
        raise Problem("time", "the measurement takes longer than it may")


def _cpu():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def _tools():
    names = [t for b in ("iptables-legacy", "iptables-nft") if (t := iptables_tool(b, 4))] + ["nft"]
    versions = {}
    for name in names:
        try:
            versions[name] = subprocess.run([name, "--version"], capture_output=True, text=True).stdout.strip()
        except FileNotFoundError:
            pass
    return versions


if __name__ == "__main__":
    sys.exit(main())
