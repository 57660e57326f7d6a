/** Operation codes of a Program's `code` (grammar: program.ts) with their operands; one 32-bit word each. */
export const OP = {
  /** End of a chain: back to the caller, or to the policy. */
  END: 0,
  /** ruleId nextPc: a rule is evaluated; a match that fails goes on at nextPc. */
  RULE: 1,
  /** dispatchId */
  DISPATCH: 2,
  /** passPc: the candidate's other matches follow. */
  CANDIDATE: 3,
  /** dispatchId slot: the candidate matched. */
  HIT: 4,
  /** dispatchId slot: the candidate's verdict let the packet go on. */
  LEAVE: 5,
  /** dispatchId: the candidate did not match, so no rule of the segment does. */
  PASS: 6,
  /** ruleId count thresholdStart: one draw for the `count` statistic rules that follow, RUN_RULE_WORDS each. */
  RUN: 7,
  /** threshold: a statistic match with a draw of its own. */
  CHANCE: 8,
  /** mask value */
  SOURCE4: 9,
  NOT_SOURCE4: 10,
  DESTINATION4: 11,
  NOT_DESTINATION4: 12,
  /** wanted, four mask words, four value words */
  SOURCE6: 13,
  DESTINATION6: 14,
  /** number */
  PROTOCOL: 15,
  NOT_PROTOCOL: 16,
  /** from to wanted */
  SOURCE_PORTS: 17,
  DESTINATION_PORTS: 18,
  /** pattern wanted */
  IN_INTERFACE: 19,
  OUT_INTERFACE: 20,
  /** wanted */
  SOURCE_LOCAL: 21,
  DESTINATION_LOCAL: 22,
  /** states wanted */
  CONNTRACK: 23,
  /** mask value wanted */
  MARK: 24,
  /** One unused word, so that a run's rules have one length. No verdict: the rule counts (a jump into an empty chain too). */
  COUNT: 25,
  ACCEPT: 26,
  DROP: 27,
  /** index in REJECT_KINDS */
  REJECT: 28,
  RETURN: 29,
  /** pc */
  JUMP: 30,
  GOTO: 31,
  /** dnatId port, four address words (here too, as every connection reads them) */
  DNAT: 32,
  /** natPorts index */
  MASQUERADE: 33,
  /** natPorts index, four address words */
  SNAT: 34,
  /** keep xor */
  SET_MARK: 35,
  /** threshold: as CHANCE, negated. */
  NOT_CHANCE: 36,
  /** index: a match out of Program.rare. */
  RARE: 37,
  /** No operand: the packet meets no conntrack. */
  NOTRACK: 38,
  /** CONNMARK_OPERATION and two masks or values: changes the mark of the connection or of the packet. */
  CONNMARK: 39,
  /** index: a translation out of Program.translations. */
  TRANSLATE: 40,
} as const

/** (connection's & ~second) ^ first; the same with first = packet's & first; packet's (& ~first) ^ (connection's & second). */
export const CONNMARK_OPERATION = { set: 0, save: 1, restore: 2 } as const

export const RUN_WORDS = 4
/** RULE ruleId nextPc, CHANCE threshold, JUMP pc (or COUNT 0). */
export const RUN_RULE_WORDS = 7
/** Where the verdict of a run's rule begins. */
export const RUN_VERDICT_OFFSET = 5

/** How a matched rule ends the walk of its chain: never, always, or unless its jump returned. */
export const RULE_ENDS = { never: 0, always: 1, unlessReturned: 2 } as const

/** Words of each operation, itself included. */
const WORDS_OF: Readonly<Record<keyof typeof OP, number>> = {
  END: 1,
  RULE: 3,
  DISPATCH: 2,
  CANDIDATE: 2,
  HIT: 3,
  LEAVE: 3,
  PASS: 2,
  RUN: RUN_WORDS,
  CHANCE: 2,
  SOURCE4: 3,
  NOT_SOURCE4: 3,
  DESTINATION4: 3,
  NOT_DESTINATION4: 3,
  SOURCE6: 10,
  DESTINATION6: 10,
  PROTOCOL: 2,
  NOT_PROTOCOL: 2,
  SOURCE_PORTS: 4,
  DESTINATION_PORTS: 4,
  IN_INTERFACE: 3,
  OUT_INTERFACE: 3,
  SOURCE_LOCAL: 2,
  DESTINATION_LOCAL: 2,
  CONNTRACK: 3,
  MARK: 4,
  COUNT: 2,
  ACCEPT: 1,
  DROP: 1,
  REJECT: 2,
  RETURN: 1,
  JUMP: 2,
  GOTO: 2,
  DNAT: 7,
  MASQUERADE: 2,
  SNAT: 6,
  SET_MARK: 3,
  NOT_CHANCE: 2,
  RARE: 2,
  NOTRACK: 1,
  CONNMARK: 4,
  TRANSLATE: 2,
}

/** The same by operation. */
export const OP_WORDS: Readonly<Uint8Array> = Uint8Array.from(
  Object.entries(OP).toSorted(([, a], [, b]) => a - b),
  ([name]) => WORDS_OF[name as keyof typeof OP],
)
