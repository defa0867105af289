/** Who listens to which channel, whatever carries the notifications. */
export interface Bells {
  /** @returns whether it is the first of its channel */
  add(channel: string, onNotify: (payload: string) => void): boolean
  /** @returns whether it was the last of its channel */
  remove(channel: string, onNotify: (payload: string) => void): boolean
  ring(channel: string, payload: string): void
  /** Rings every channel with an empty payload, because notifications may have been missed. */
  ringAll(): void
  channels(): Iterable<string>
}

export function makeBells(): Bells {
  const listeners = new Map<string, Set<(payload: string) => void>>()

  function ring(channel: string, payload: string): void {
    for (const onNotify of listeners.get(channel) ?? []) onNotify(payload)
  }

  return {
    add(channel, onNotify) {
      const known = listeners.get(channel)
      known?.add(onNotify)
      if (known === undefined) listeners.set(channel, new Set([onNotify]))
      return known === undefined
    },
    remove(channel, onNotify) {
      const known = listeners.get(channel)
      known?.delete(onNotify)
      return known?.size === 0 && listeners.delete(channel)
    },
    ring,
    ringAll() {
      for (const channel of listeners.keys()) ring(channel, '')
    },
    channels: () => listeners.keys(),
  }
}
