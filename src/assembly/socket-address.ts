/** `203.0.113.5:2641`, `[2001:db8::5]:2641`, or an address alone; the configuration has checked it. */
export function readSocketAddress(text: string): { address: string; port?: number } {
  const match = /^\[([^\]]+)\](?::(\d+))?$|^([^:]+):(\d+)$/.exec(text)
  const address = match?.[1] ?? match?.[3] ?? text
  const port = match?.[2] ?? match?.[4]
  return port === undefined ? { address } : { address, port: Number(port) }
}
