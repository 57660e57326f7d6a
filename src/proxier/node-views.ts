/**
 * The rulesets of many nodes: nodes with the same rules share one, and each further one is made as a difference from the first.
 * A node costs a look-up for each Service port that may depend on the node.
 */
import type { NodeSetting } from './port-on-node.ts'
import type { PortVariants } from './port-variants.ts'

/** Variants of those Service ports that may depend on the node, with the index of each. */
export type DependentVariants<V> = readonly (readonly [index: number, variant: V])[]

/** Makes a ruleset from a node's setting and its dependent variants. */
export type Assemble<S, V, R> = (setting: S, dependent: DependentVariants<V>) => R

export interface NodeViews<R> {
  /** The different rulesets, in order of the first node that has each. */
  readonly views: readonly R[]
  /** Index into `views`, for each of the nodes. */
  readonly viewOfNode: Uint32Array
}

/** `assembler` is given the first node's setting and variants of all Service ports, which the other rulesets lie over. */
export function nodeViews<S extends NodeSetting, V, R>(
  settings: readonly S[],
  ports: readonly PortVariants<V>[],
  assembler: (first: S, variants: readonly V[]) => Assemble<S, V, R>,
): NodeViews<R> {
  const views: R[] = []
  const known = new Map<string, number>()
  const dependent = ports.flatMap((p, i) => (p.dependsOnNode ? [i] : []))
  let assemble: Assemble<S, V, R> | undefined
  const viewOf = (setting: S): number => {
    let key = setting.fixedKey
    for (const i of dependent) key += ` ${ports[i].on(setting).id}`
    let index = known.get(key)
    if (index === undefined) {
      index = views.length
      known.set(key, index)
      assemble ??= assembler(
        setting,
        ports.map(p => p.on(setting).value),
      )
      views.push(
        assemble(
          setting,
          dependent.map(i => [i, ports[i].on(setting).value]),
        ),
      )
    }
    return index
  }
  return { viewOfNode: Uint32Array.from(settings, viewOf), views }
}
