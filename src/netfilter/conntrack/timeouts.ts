/**
 * How long conntrack remembers, by protocol and state: Linux's defaults, each with the sysctl (net.netfilter.…) that changes it.
 */
import { SECOND_US } from '../../sim/time.ts'
import { TCP_STATE } from './tcp-states.ts'

const MINUTE = 60

const seconds = (s: number): number => s * SECOND_US

/** Per TCP_STATE. */
export const TCP_TIMEOUT_US = Float64Array.of(
  0,
  seconds(2 * MINUTE), // nf_conntrack_tcp_timeout_syn_sent
  seconds(60), // nf_conntrack_tcp_timeout_syn_recv
  seconds(5 * MINUTE), // nf_conntrack_tcp_timeout_unacknowledged: established has 5 days, once all data is acknowledged
  seconds(2 * MINUTE), // nf_conntrack_tcp_timeout_fin_wait
  seconds(60), // nf_conntrack_tcp_timeout_close_wait
  seconds(30), // nf_conntrack_tcp_timeout_last_ack
  seconds(2 * MINUTE), // nf_conntrack_tcp_timeout_time_wait
  seconds(10), // nf_conntrack_tcp_timeout_close
  seconds(2 * MINUTE), // nf_conntrack_tcp_timeout_syn_sent (simultaneous open)
)
if (TCP_TIMEOUT_US.length !== TCP_STATE.synSent2 + 1) throw new Error('a TCP state has no timeout')

/** nf_conntrack_udp_timeout; nf_conntrack_udp_timeout_stream once it is answered and older than UDP_STREAM_AGE_US. */
export const UDP_UNREPLIED_US = seconds(30)
export const UDP_STREAM_US = seconds(120)
export const UDP_STREAM_AGE_US = seconds(2)

/** Per SCTP_STATE: nf_conntrack_sctp_timeout_closed, …_cookie_wait, …_cookie_echoed, …_established, …_shutdown_sent, …_shutdown_recd, …_shutdown_ack_sent, …_heartbeat_sent. */
export const SCTP_TIMEOUT_US = Float64Array.of(0, 10, 3, 3, 210, 3, 3, 3, 30).map(seconds)

/** nf_conntrack_icmp_timeout, nf_conntrack_icmpv6_timeout, nf_conntrack_generic_timeout. */
export const ICMP_TIMEOUT_US = seconds(30)
export const GENERIC_TIMEOUT_US = seconds(600)
