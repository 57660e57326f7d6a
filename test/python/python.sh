#!/usr/bin/env bash
# Python with pyarrow, pandas, matplotlib and Jupyter, for the tests of Arrow files and notebooks.
#   python.sh --install        makes it available (as root, on Debian or Ubuntu); 4 minutes and 1.4 GB once, kept in a cache folder
#   python.sh --check          exit code 0 when it is
#   python.sh FOLDER ARG…      python3 ARG… in FOLDER, without network, other processes or anything outside FOLDER to write to;
#                              Jupyter kernels are in FOLDER/.jupyter, and FOLDER/node_modules may be a link
# A system whose own packages have pyarrow installs those. Elsewhere they come from Debian forky, the first release that has them,
# as a system in a folder of its own. Mounts are made in a namespace that ends with the command: none is left, whatever ends it.
set -euo pipefail

packages=(python3-pyarrow python3-pandas python3-matplotlib python3-nbconvert python3-ipykernel)
modules='import pyarrow, pandas, matplotlib, nbconvert, ipykernel'
# The name holds what is in it: another list of packages is another folder.
root="${SVCSIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/svcsim}/forky-$(printf '%s ' "${packages[@]}" | sha256sum | cut -c1-12)"

fail() { echo "test/python/python.sh: $*" >&2; exit 1; }
own_python() { /usr/bin/python3 -c "$modules" 2>/dev/null; }

# inside ROOT UNSHARE-FLAGS… -- CMD…: CMD as process 1 of the system in ROOT.
inside() {
  local system=$1 flags=()
  shift
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  unshare --mount --pid --fork --kill-child --propagation private "${flags[@]}" -- bash -euc '
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    bind() { mkdir -p "$2"; mount --bind "$1" "$2"; }
    if [ -n "${folder:-}" ]; then
      bind "$folder" "$0/folder"
      modules=$(readlink -e "$folder/node_modules") && bind "$modules" "$0/node_modules" && mount -o remount,ro,bind "$0/node_modules"
    fi
    ip link set lo up 2>/dev/null || true
    exec chroot "$0" "$@"' "$system" "$@"
}

install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    fail "needs ${packages[*]}: install them, or run this as root on Debian or Ubuntu, where it installs them itself"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null
  if [ -n "$(apt-cache madison python3-pyarrow)" ]; then
    apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
    own_python || fail "${packages[*]} are installed, but /usr/bin/python3 cannot import them"
    return
  fi
  apt-get install -y -q --no-install-recommends debootstrap debian-archive-keyring iproute2 >/dev/null
  # The mirror that this system's own packages come from; none: debootstrap's default.
  local mirror
  made="$root.partial.$$"
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(CODENAME) $(SITE)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "main" && $3 !~ /-/ { print $4; exit }')
  mkdir -p "$(dirname "$root")"
  trap 'rm -rf --one-file-system "$made"' EXIT
  debootstrap --variant=minbase forky "$made" "$mirror" /usr/share/debootstrap/scripts/sid >"$made.log" 2>&1 ||
    { tail -5 "$made.log" >&2; rm -f "$made.log"; fail 'debootstrap failed, its last words are above'; }
  apt-config dump | grep -iE '^Acquire::.*proxy' >"$made/etc/apt/apt.conf.d/90proxy" || true
  printf 'path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\nforce-unsafe-io\n' >"$made/etc/dpkg/dpkg.cfg.d/90small"
  inside "$made" -- apt-get install -y -q --no-install-recommends "${packages[@]}" >>"$made.log" 2>&1 ||
    { tail -5 "$made.log" >&2; rm -f "$made.log"; fail "apt-get in the new system failed, its last words are above"; }
  inside "$made" -- apt-get clean
  rm -f "$made.log"
  # Two at once: the first to come stays.
  mv -T "$made" "$root" 2>/dev/null || [ -d "$root" ]
}

case "${1:-}" in
--check) own_python || [ -d "$root" ] ;;
--install) own_python || [ -d "$root" ] || install ;;
'') fail 'wants --install, --check, or FOLDER ARG…' ;;
*)
  folder=$(cd "$1" && pwd)
  shift
  if own_python; then cd "$folder" && JUPYTER_PATH="$folder/.jupyter" exec /usr/bin/python3 "$@"; fi
  [ -d "$root" ] || fail 'Python with pyarrow is not installed: run test/python/python.sh --install as root'
  export folder
  inside "$root" --net -- /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin JUPYTER_PATH=/folder/.jupyter sh -c 'cd /folder && exec python3 "$@"' python3 "$@"
  ;;
esac
