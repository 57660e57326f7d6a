"""Rulesets in the node's kernel, loaded so that every rule tells how many packets reached it and how many it matched.

iptables: a rule without matches or target before each rule counts what reaches it; nothing else about the ruleset changes. nft: a
counter before the matches of each rule and one behind them. Loading replaces what was there at once, under live connections.
"""
import collections
import json
import re

from netlink import make_accounting_object
from problem import Problem
from tools import iptables_tool

_PROBE = "svcsim: packets that reach the next rule"
_APPEND = re.compile(r"(?:\[\d+:\d+\] )?(?:-A|--append) (\S+)(.*)")
_CHAIN = re.compile(r":(\S+) (\S+)")
_SAVED_RULE = re.compile(r"\[(\d+):(\d+)\] -A (\S+) ?(.*)")
_SAVED_CHAIN = re.compile(r":(\S+) (\S+) \[(\d+):(\d+)\]")
_ACCOUNTING_NAME = re.compile(r"--nfacct-name +(\S+)")


def open_rules(node, backend):
    return NftRules(node) if backend == "nft" else IptablesRules(node, backend)


def load_sets(node, text):
    try:
        node.run("ipset", "restore", text=text)
    except Problem as problem:
        raise Problem("sets", _name_line(problem.text, text))


class IptablesRules:
    def __init__(self, node, backend):
        self._node, self._backend, self._families = node, backend, set()

    def load(self, rulesets):
        """`rulesets`: each {"family": 4 or 6, "text": as iptables-save prints it}."""
        for ruleset in rulesets:
            family, text = ruleset["family"], ruleset["text"]
            for name in sorted(set(_ACCOUNTING_NAME.findall(text))):
                make_accounting_object(self._node, name)
            tool = iptables_tool(self._backend, family)
            try:
                self._node.run(f"{tool}-restore", "--counters", text=_with_probes(text))
            except Problem as problem:
                raise Problem("rules", _name_line(problem.text, _with_probes(text)))
            if self._backend == "iptables-nft":
                self._count_policies(tool)
            self._families.add(family)

    def _count_policies(self, tool):
        """Base chains of this backend count what their policies decide only once they were restored with counters as they stand."""
        lines = []
        for line in self._node.run(f"{tool}-save").splitlines():
            if line.startswith("*") or line == "COMMIT":
                lines.append(line)
            elif (chain := _SAVED_CHAIN.fullmatch(line)) and chain[2] != "-":
                lines.append(f":{chain[1]} {chain[2]} [0:0]")
        self._node.run(f"{tool}-restore", "--counters", "--noflush", text="\n".join(lines) + "\n")

    def count(self):
        rules, chains = [], []
        for family in sorted(self._families):
            saved = self._node.run(f"{iptables_tool(self._backend, family)}-save", "--counters")
            self._read(family, saved, rules, chains)
        return {"rules": rules, "chains": chains}

    @staticmethod
    def _read(family, saved, rules, chains):
        table, reached, places = None, None, collections.Counter()
        for line in saved.splitlines():
            if line.startswith("*"):
                table = line[1:]
            elif chain := _SAVED_CHAIN.fullmatch(line):
                policy = None if chain[2] == "-" else chain[2]
                chains.append({"family": family, "table": table, "chain": chain[1], "policy": policy, "packets": int(chain[3])})
            elif rule := _SAVED_RULE.fullmatch(line):
                if _PROBE in rule[4]:
                    reached = int(rule[1])
                    continue
                place = (table, rule[3])
                rules.append({"family": family, "table": table, "chain": rule[3], "index": places[place], "evaluated": reached, "matched": int(rule[1]), "bytes": int(rule[2]), "rule": rule[4]})
                places[place] += 1


class NftRules:
    def __init__(self, node):
        self._node = node

    def load(self, rulesets):
        try:
            self._node.run("nft", "-f", "-", text="flush ruleset\n" + "".join(r["text"] for r in rulesets))
        except Problem as problem:
            raise Problem("rules", problem.text.replace("\n", " "))
        parts = collections.defaultdict(list)
        for item in self._list():
            (kind, value), = item.items()
            if kind == "metainfo":
                continue
            value.pop("handle", None)
            if kind == "rule":
                value["expr"] = _with_counters(value["expr"])
            parts[kind].append(item)
        # What rules refer to comes first; maps refer to chains.
        order = [parts.pop("table", []), parts.pop("chain", [])]
        rules = parts.pop("rule", [])
        items = [item for group in (*order, *parts.values(), rules) for item in group]
        self._node.run("nft", "-j", "-f", "-", text=json.dumps({"nftables": [{"flush": {"ruleset": None}}, *items]}))

    def count(self):
        text = {}
        for line in self._node.run("nft", "-a", "list", "ruleset").splitlines():
            if (rule := re.fullmatch(r"\s*(.*?) # handle (\d+)", line)) and not rule[1].endswith("{"):
                text[int(rule[2])] = " ".join(re.sub(r"counter packets \d+ bytes \d+ ?", "", rule[1]).split())
        rules, places = [], collections.Counter()
        for item in self._list():
            if (rule := item.get("rule")) is None:
                continue
            counters = [e["counter"] for e in rule["expr"] if isinstance(e.get("counter"), dict)]
            place = (rule["family"], rule["table"], rule["chain"])
            family = {"ip": 4, "ip6": 6}.get(rule["family"])
            rules.append({"family": family, "table": f'{rule["family"]} {rule["table"]}', "chain": rule["chain"], "index": places[place], "evaluated": counters[0]["packets"], "matched": counters[-1]["packets"], "bytes": counters[-1]["bytes"], "rule": text.get(rule["handle"], "")})
            places[place] += 1
        return {"rules": rules, "chains": []}

    def _list(self):
        return json.loads(self._node.run("nft", "-j", "list", "ruleset"))["nftables"]


def _with_counters(expressions):
    """One before everything, one before the verdict; a rule's own counter stands where it stood."""
    counter = {"counter": {"packets": 0, "bytes": 0}}
    others = [counter if "counter" in e else e for e in expressions]
    # nft lists a TCP reset without the protocol it asks for, and would put that match before our first counter.
    if "tcp reset" in str(expressions[-1].get("reject")):
        others.insert(-1, {"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}})
    if len(others) < 2:
        return [counter, *others]
    return [counter, *others[:-1], counter, others[-1]]


def _with_probes(text):
    lines = []
    for line in text.splitlines():
        if rule := _APPEND.fullmatch(line):
            lines.append(f'[0:0] -A {rule[1]} -m comment --comment "{_PROBE}"')
            lines.append(f"[0:0] -A {rule[1]}{rule[2]}")
        elif chain := _CHAIN.match(line):
            lines.append(f":{chain[1]} {chain[2]} [0:0]")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _name_line(words, text):
    """iptables-restore names a line by its number: the line itself says more."""
    words = " ".join(words.split())
    lines = text.splitlines()
    number = re.search(r"line:? (\d+)", words)
    if number is None or int(number[1]) > len(lines):
        return words
    return f"{words}: {lines[int(number[1]) - 1].removeprefix('[0:0] ')}"
