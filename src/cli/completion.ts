/**
 * `svcsim completion bash|zsh|fish`: a script for the shell, which asks `svcsim complete -- WORDS…` at each TAB. Both come from @bomb.sh/tab
 * and the same commander program that parses; what values an option takes is told here. Loaded for these two commands alone.
 */
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { scenarioNames } from '../app/load-scenario.ts'

type Handler = (complete: (value: string, description: string) => void) => void

const words =
  (...values: readonly string[]): Handler =>
  complete => {
    for (const value of values) complete(value, '')
  }

/** By command; `*` where a command has none of its own. */
const OPTION_VALUES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '*': {
    'proxy-mode': words('iptables', 'nftables'),
    'ip-family': words('4', '6'),
    'detect-local-mode': words('ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'),
    'chain-names': words('current', 'legacy'),
    nfacct: words('on', 'off'),
    'unknown-matches': words('refuse', 'never', 'always'),
    proto: words('tcp', 'udp', 'sctp'),
    from: words('external', 'node', 'pod:'),
    backend: words('iptables-legacy', 'iptables-nft', 'nft'),
    table: words('nat', 'filter', 'mangle'),
    format: words('text', 'json'),
    to: words('parquet', 'csv'),
  },
  rules: { format: words('save', 'list', 'json') },
  replay: { format: words('json', 'counters') },
  compare: { format: words('md', 'json') },
  'log show': { format: words('text', 'ndjson', 'json') },
  get: { output: words('wide', 'json', 'yaml'), format: words('wide', 'json', 'yaml') },
}

const ARGUMENT_VALUES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  run: {
    scenario: complete => {
      for (const name of scenarioNames()) complete(name, '')
    },
  },
  get: { kind: words('services', 'endpoints', 'endpointslices', 'pods', 'nodes') },
  completion: { shell: words('bash', 'zsh', 'fish') },
}

export function addCompletion(program: Command): void {
  const root = tab(program, { completionCommandName: 'completion' })
  // With nothing to offer the shell completes files, which most options and arguments name.
  const { complete } = root as unknown as { complete: (word: string) => void }
  const completeOrFiles = (word: string): void => {
    if (root.completions.length > 0) complete.call(root, word)
    else console.log(':0')
  }
  const { setup } = root
  const setupHere = (name: string, executable: string, shell: string): void => {
    if (shell === 'bash') console.log(WITHOUT_BASH_COMPLETION)
    setup.call(root, name, executable, shell)
    if (shell === 'bash') console.log(WITH_FILES)
  }
  Object.assign(root, { complete: completeOrFiles, setup: setupHere })
  for (const [name, command] of root.commands) {
    const own = { ...OPTION_VALUES['*'], ...OPTION_VALUES[name] }
    for (const [option, handler] of Object.entries(own)) {
      const found = command.options.get(option)
      // `--to` of trace is an address, of export a format.
      if (found !== undefined && !(option === 'to' && name !== 'export')) found.handler = handler
    }
    for (const [argument, handler] of Object.entries(ARGUMENT_VALUES[name] ?? {})) {
      const found = command.arguments.get(argument)
      if (found !== undefined) found.handler = handler
    }
  }
}

/** The script calls a function of the package bash-completion; where that is not installed, this one does. */
const WITHOUT_BASH_COMPLETION = `declare -F _get_comp_words_by_ref >/dev/null || _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}")
    cword=$COMP_CWORD
    cur=\${COMP_WORDS[COMP_CWORD]}
    prev=\${COMP_WORDS[COMP_CWORD - 1]}
}
`

/** With nothing to offer bash completes files only where it is told to. */
const WITH_FILES = 'complete -o default -F __svcsim_complete svcsim'
