/** A setup link. Its secret is in the fragment, which no browser sends: it stays out of logs and proxies. */
export function setupUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/setup#${token}`
}
