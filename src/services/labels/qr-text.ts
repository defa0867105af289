/**
 * What the QR symbol of an enterprise code says: `HTTPS://<HOST>/C/<PREFIX>/<CODE>`, all upper case, so that it fits
 * the alphanumeric mode and a small symbol. Nothing but the code is in it.
 * @param publicUrl scheme and host without path
 * @param code a whole identifier, `88.118.1/1XJRACLXEEWEA9`
 */
export function codeQrText(publicUrl: string, code: string): string {
  return `${publicUrl}/C/${code}`.toUpperCase()
}

/**
 * What the QR symbol of any other identifier says: where a scan opens its page.
 * @param identifier the normal form
 */
export function identifierQrText(publicUrl: string, identifier: string): string {
  return `${publicUrl}/r/${inPath(identifier)}`
}

/** Percent-encoded, with its slashes as they are wherever no proxy on the way would take them for something else. */
function inPath(identifier: string): string {
  const encoded = encodeURIComponent(identifier)
  const segments = identifier.split('/')
  return segments.some(isTidiedUp) ? encoded : encoded.replaceAll('%2F', '/')
}

/** RFC 3986 §5.2.4 removes dot segments, and many a proxy empty ones. */
function isTidiedUp(segment: string): boolean {
  return segment === '' || segment === '.' || segment === '..'
}
