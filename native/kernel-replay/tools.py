"""The programs a backend needs, under the names this machine has them."""
import os
import shutil
import subprocess

BACKENDS = ("iptables-legacy", "iptables-nft", "nft")
_VARIANT = {"iptables-legacy": "legacy", "iptables-nft": "nf_tables"}
_PREFIX = {4: "iptables", 6: "ip6tables"}


def iptables_tool(backend, family):
    """`iptables-legacy`, or `iptables` where that is of the wanted variant; None when there is neither."""
    named = _PREFIX[family] + backend.removeprefix("iptables")
    if _is_complete(named):
        return named
    plain = _PREFIX[family]
    if not _is_complete(plain):
        return None
    version = subprocess.run([plain, "-V"], capture_output=True, text=True).stdout
    variant = "nf_tables" if "nf_tables" in version else "legacy"
    return plain if variant == _VARIANT[backend] else None


def missing(backend, families, sets=False):
    """What this machine lacks to replay with the backend, as words."""
    words = [] if os.geteuid() == 0 else ["root"]
    if shutil.which("ip") is None:
        words.append("ip (package iproute2)")
    if sets and shutil.which("ipset") is None:
        words.append("ipset (package ipset)")
    if backend == "nft":
        return words + ([] if shutil.which("nft") else ["nft (package nftables)"])
    for family in families:
        if iptables_tool(backend, family) is None:
            words.append(f"{_PREFIX[family]}{backend.removeprefix('iptables')} (package iptables)")
    return words


def _is_complete(name):
    return all(shutil.which(name + suffix) for suffix in ("", "-restore", "-save"))
