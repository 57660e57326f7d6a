/**
 * Addresses that no packet can be sent to through a Service: unspecified, loopback, link-local. The API server refuses them as
 * endpoints and external addresses (ValidateNonSpecialIP). Takes canonical text.
 */
export const isSpecialIp = (ip: string): boolean =>
  /^(0\.0\.0\.0$|127\.|169\.254\.|224\.0\.0\.|::1?$|fe[89ab][0-9a-f]:|ff02:)/.test(ip)
