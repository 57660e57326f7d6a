/** Operation codes of an NftProgram's `code` (grammar: nft-program.ts) with their operands; one 32-bit word each. */
export const NFT_OP = {
  /** End of a chain: back to the caller, or to the policy. */
  END: 0,
  /** ruleId nextPc: a rule is evaluated; a statement that does not hold goes on at nextPc. */
  RULE: 1,
  /** The rule's last part has been reached. */
  MATCHED: 2,
  /** Nothing is decided: on to the next rule. */
  NEXT: 3,
  /** side wanted count, then per prefix four mask words and four value words */
  ADDRESS: 4,
  /** slot selectors wanted: an element of a set that rules do not change. */
  ELEMENT: 5,
  /** slot selectors wanted: an element of a set that they do. */
  MEMBER: 6,
  /** slot selectors: goes on at the element's verdict. */
  VMAP: 7,
  /** modulus, then one pc a number; 0: none. */
  NUMGEN_RANDOM: 8,
  /** counter modulus, then one pc a number */
  NUMGEN_INC: 9,
  /** states wanted */
  CT_STATE: 10,
  /** number wanted */
  PROTOCOL: 11,
  /** protocol (0: any) port wanted */
  DESTINATION_PORT: 12,
  /** pattern wanted */
  IN_INTERFACE: 13,
  /** side wanted */
  FIB_LOCAL: 14,
  /** mask value wanted */
  MARK: 15,
  /** mask value: the mark keeps the mask's bits, then flips the value's. */
  SET_MARK: 16,
  /** slot selectors */
  UPDATE: 18,
  ACCEPT: 19,
  DROP: 20,
  /** index in REJECT_KINDS */
  REJECT: 21,
  RETURN: 22,
  /** slot: comes back behind the rule. */
  JUMP: 23,
  GOTO: 24,
  /** DNAT id, port, four address words */
  DNAT: 25,
  /** random */
  MASQUERADE: 26,
} as const

/** `selectors`: the parts of a key, three bits each, the first one lowest. */
export const SELECTOR = { source: 1, destination: 2, protocol: 3, destinationPort: 4 } as const
