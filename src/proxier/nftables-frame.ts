/** What a full sync in nftables mode writes apart from Services. */
import type { IpFamily } from '../net/ip.ts'
import type { NftSet } from '../ruleset/nft-ruleset.ts'
import {
  addChain,
  addElement,
  addRule,
  addSet,
  addTable,
  deleteChain,
  deleteSet,
  flushChain,
  flushSet,
} from './nft-command.ts'
import { anonymousSets } from './nftables-block.ts'
import { BASE_CHAINS, type SetupStep } from './nftables-setup.ts'

export interface NftablesFrameSize {
  readonly chains: number
  readonly rules: number
  readonly elements: number
  readonly anonymousSets: number
}

/** `isFirst`: by a new process, which makes base chains anew in case an older release hung them elsewhere. */
export function nftablesFrame(setup: readonly SetupStep[], family: IpFamily, isFirst: boolean): string[] {
  const anew = isFirst ? BASE_CHAINS.flatMap(([name]) => [addChain(family, name), deleteChain(family, name)]) : []
  return [addTable(family, 'rules for kube-proxy'), ...anew, ...setup.flatMap(step => commandsOf(step, family))]
}

export function nftablesFrameSize(setup: readonly SetupStep[]): NftablesFrameSize {
  const rules = setup.flatMap(step => (step.kind === 'rule' ? [step.rule] : []))
  return {
    chains: setup.filter(step => step.kind === 'chain').length,
    rules: rules.length,
    elements: setup.reduce((sum, step) => sum + (step.kind === 'filledSet' ? step.set.elements.size : 0), 0),
    anonymousSets: rules.reduce((sum, rule) => sum + anonymousSets(rule), 0),
  }
}

function commandsOf(step: SetupStep, family: IpFamily): string[] {
  switch (step.kind) {
    case 'chain':
      return [addChain(family, step.name, step.hook, step.comment), flushChain(family, step.name)]
    case 'rule':
      return [addRule(family, step.chain, step.rule)]
    case 'set':
      return [addSet(family, step.set)]
    case 'filledSet':
      return [addSet(family, step.set), flushSet(family, step.set.name), ...elementsOf(step.set, family)]
    case 'noSet':
      return [addSet(family, step.set), deleteSet(family, step.set.name)]
  }
}

const elementsOf = (set: NftSet, family: IpFamily): string[] =>
  [...set.elements].map(([key, element]) => addElement(family, set.name, key, element))
