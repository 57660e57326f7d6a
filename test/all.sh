#!/usr/bin/env bash
# Every test, none skipped: `npm run test:all`. Installs what the tests need beside Node (as root, on Debian), then checks types,
# lint and the whole suite. The last line counts the tests; the exit code is not 0 when one failed or was skipped.
set -uo pipefail
cd "$(dirname "$0")/.."

packages=()
command -v iptables-save >/dev/null || packages+=(iptables)
command -v nft >/dev/null || packages+=(nftables)
command -v ipset >/dev/null || packages+=(ipset)
command -v python3 >/dev/null || packages+=(python3)
command -v ip >/dev/null || packages+=(iproute2)
command -v chromium >/dev/null || packages+=(chromium)
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "test:all needs ${packages[*]}: install them, or run it as root on Debian, where it installs them itself" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -y -q --no-install-recommends "${packages[@]}"; } >/dev/null || exit 1
fi

# pyarrow and Jupyter: 2 to 4 minutes the first time, then kept in a cache folder outside the checkout.
test/python/python.sh --install || exit 1

failed=0
npm run --silent typecheck || failed=1
npm run --silent lint || failed=1
SVCSIM_REQUIRE_TOOLS=1 npx vitest run || failed=1
exit $failed
