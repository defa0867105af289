/** Where a node can be reached, and what it stands on. What is closed is absent. */
export interface Ready {
  /** `http://127.0.0.1:8000` */
  readonly http?: string | undefined
  /** `https://127.0.0.1:8444` */
  readonly https?: string | undefined
  /** Host and port of Handle over TCP and UDP: `127.0.0.1:2641`, `[::1]:2641`. */
  readonly handle?: string | undefined
  /** `http://127.0.0.1:9464` */
  readonly ops?: string | undefined
  /** `https://127.0.0.1:8443` */
  readonly imports?: string | undefined
  readonly store: 'embedded' | 'postgres'
  readonly cache: 'memory' | 'redis'
}

/** The one line that a node writes to standard output: supervisors, scripts and tests wait for it and read addresses from it. */
export function readyLine(ready: Ready): string {
  const { http, https, handle, ops, imports, store, cache } = ready
  return `${JSON.stringify({ event: 'ready', http, https, handle, ops, imports, store, cache })}\n`
}

/** Host and port as a URL or a ready line writes them: an IPv6 address stands in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
