/**
 * New names for everything in a dump: a keyed hash of kind and name, so one name has one new name in every file, and with the same seed in
 * the next dump too. Who does not know the seed cannot try names against it.
 */
import { createHmac } from 'node:crypto'
import { type AddressRenamer, addressRenamer } from './rename-addresses.ts'

export interface Renamer extends AddressRenamer {
  /** `service-k3v9qzabcd`; an empty name stays empty. */
  name(kind: string, name: string): string
  /** `namespace/name`, or `namespace/name:port`, as kube-proxy's comments have it. */
  servicePort(label: string): string
  /** Another MAC address, locally administered. */
  mac(address: string): string
  /** 16 characters of base32 in place of a hash that nothing explains. */
  opaqueHash(hash: string): string
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

export function renamer(seed: string): Renamer {
  const letters = (text: string, length: number): string =>
    Array.from(createHmac('sha256', seed).update(text).digest().subarray(0, length), byte => BASE32[byte & 31]).join('')
  // A name of a port, an interface and a namespace fit their limits of 15 and 63 characters.
  const name = (kind: string, text: string): string =>
    text === '' ? '' : `${kind}-${letters(`name ${kind} ${text}`, kind === 'port' || kind === 'if' ? 8 : 10)}`
  return {
    ...addressRenamer(seed),
    name,
    servicePort: label => {
      const [, namespace, service, colon, port] = /^([^/]*)\/([^:]*)(:?)(.*)$/.exec(label)!
      return `${name('namespace', namespace)}/${name('service', service)}${colon}${name('port', port)}`
    },
    mac: address =>
      [
        '02',
        ...(createHmac('sha256', seed).update(`mac ${address.toLowerCase()}`).digest('hex').slice(0, 10).match(/../g) ??
          []),
      ].join(':'),
    opaqueHash: hash => letters(`hash ${hash}`, 16).toUpperCase(),
  }
}
