/**
 * A link's address with the query of the request, as it was sent: data attributes of a Digital Link and whatever else
 * hung on it reach whom they are for (GS1-Conformant Resolver 1.2 §2.12).
 * @param query of the request, without its question mark
 */
export function withQuery(href: string, query: string): string {
  if (query === '') return href
  const [address = '', ...fragment] = href.split('#')
  const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&'
  return [`${address}${joint}${query}`, ...fragment].join('#')
}
