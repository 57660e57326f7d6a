import { describe, expect, it } from 'vitest'
import { statisticThreshold } from '../ruleset/ruleset.ts'
import { iptablesForks } from './iptables-forks.ts'
import { nftForks } from './nft/nft-forks.ts'
import { type DrawPlace, SteeredDraws } from './steered-draws.ts'
import { ruleset as parsed } from './testing/parsed-ruleset.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:SVC - [0:0]
:A - [0:0]
:B - [0:0]
:LATE - [0:0]
-A PREROUTING -j SVC
-A SVC -m statistic --mode random --probability 0.25 -j A
-A SVC -m statistic --mode random --probability 0.50 -j B
-A SVC -j LATE
-A A -j DNAT --to-destination 10.244.0.1
-A B -p tcp -j DNAT --to-destination 10.244.0.2:8080
-A LATE -p tcp -j DNAT --to-destination 10.244.0.3:8080
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -m statistic --mode random --probability 0.1 -j DROP
-A FORWARD -m statistic ! --mode random --probability 0.1 -j ACCEPT
COMMIT
`
