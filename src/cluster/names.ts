/**
 * The forms of names that the API server checks (apimachinery/pkg/util/validation). Each returns why a name is refused, or
 * undefined. Regular expressions are anchored and linear, so hostile names cost no more than their length.
 */
export type NameRule = (name: string) => string | undefined

/** RFC 1123 label, as namespaces and Service port names have. */
export const dnsLabel: NameRule = name =>
  name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)
    ? undefined
    : 'use 1 to 63 small letters, digits and hyphens, beginning and ending with a letter or digit'

/** RFC 1035 label, as Services have. */
export const dns1035Label: NameRule = name =>
  name.length <= 63 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)
    ? undefined
    : 'use 1 to 63 small letters, digits and hyphens, beginning with a letter and ending with a letter or digit'

/** RFC 1123 subdomain, as most kinds have. */
export const dnsSubdomain: NameRule = name =>
  name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)
    ? undefined
    : 'use at most 253 small letters, digits, hyphens and dots; every part begins and ends with a letter or digit'

/** IANA service name, as container ports and named targetPorts have. */
export const portName: NameRule = name =>
  name.length <= 15 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && /[a-z]/.test(name)
    ? undefined
    : 'use 1 to 15 small letters, digits and single hyphens, at least one of them a letter'

/** A label's key: an optional DNS prefix and a slash, then a name. */
export const labelKey: NameRule = key => {
  const slash = key.indexOf('/')
  const fault =
    'use at most 63 letters, digits, hyphens, dots and underscores, with a DNS name and a slash before it at will'
  if (slash >= 0 && dnsSubdomain(key.slice(0, slash)) !== undefined) return fault
  const name = key.slice(slash + 1)
  return name.length <= 63 && /^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(name) ? undefined : fault
}

export const labelValue: NameRule = value =>
  value === '' || (value.length <= 63 && /^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(value))
    ? undefined
    : 'use at most 63 letters, digits, hyphens, dots and underscores, beginning and ending with a letter or digit'
