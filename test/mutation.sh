#!/usr/bin/env bash
# Mutation testing, outside continuous integration: `bash test/mutation.sh [SLICE…]`, one slice a file, as in mutation/slices.ts, all by default.
# Stryker lives in a folder of its own beside a copy of the sources (SVCSIM_MUTATION_DIR), never in the project's node_modules. What an
# earlier call found out stays valid there as long as source and tests do not change (incremental). SVCSIM_MUTATION_SHARE=0.25 asks a random quarter
# of each file's mutants, always the same; mutation/scores.ts counts them.
set -euo pipefail
cd "$(dirname "$0")/.."
STRYKER=10.1.1
folder=${SVCSIM_MUTATION_DIR:-${TMPDIR:-/tmp}/svcsim-mutation}
mkdir -p "$folder"

# The tests read goldens and every source they touch; results and history are left out.
for part in src test testdata scenarios profiles; do rm -rf "${folder:?}/$part" && cp -r "$part" "$folder/"; done
cp package.json package-lock.json "$folder/"
if [ ! -d "$folder/node_modules/@stryker-mutator" ]; then
  rm -rf "$folder/node_modules" && cp -rL node_modules "$folder/node_modules"
  npm install --prefix "$folder" --no-save --no-audit --no-fund "@stryker-mutator/core@$STRYKER" "@stryker-mutator/vitest-runner@$STRYKER"
fi

cd "$folder"
export PATH="$folder/node_modules/.bin:$PATH"
[ $# -gt 0 ] || mapfile -t slices < <(node test/mutation/slices.ts)
for slice in "${@:-${slices[@]}}"; do
  SVCSIM_MUTATION_SLICE=$slice SVCSIM_PROPERTY_RUNS=${SVCSIM_PROPERTY_RUNS:-40} node node_modules/@stryker-mutator/core/bin/stryker.js \
    run test/mutation/stryker.config.mjs
done
