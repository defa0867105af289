import { randomBytes } from 'node:crypto'
import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { makeGate, verifications } from '../../../src/access/gate.ts'
import { encodeAnswerValues } from '../../../src/protocols/handle/answer-values.ts'
import { makeHandleDoor } from '../../../src/protocols/handle/door.ts'
import type { HandleParts, HandleSettings } from '../../../src/protocols/handle/parts.ts'
import { makeTcpDoor } from '../../../src/protocols/handle/server-tcp.ts'
import { makeUdpDoor } from '../../../src/protocols/handle/server-udp.ts'
import { siteOfServer } from '../../../src/protocols/handle/site-values.ts'
import { makeRateLimiter } from '../../../src/protocols/http/rate-limiter.ts'
import { AnswerArena } from '../../../src/resolver/answer-arena.ts'
import type { Resolver } from '../../../src/resolver/resolve.ts'
import { makeLog } from '../../../src/runtime/log.ts'
import { aResolver, type World } from '../../resolver/a-resolver.ts'
import { aPrefix, aRecord, names } from '../../support/builders.ts'

export interface HandleWorld extends World {
  readonly settings?: Partial<HandleSettings>
  readonly handle?: Partial<HandleParts>
}

export const settings: HandleSettings = {
  challenge: false,
  allCodes: false,
  legacyDigests: false,
  passwordLogin: false,
  udpAdmin: false,
  listing: true,
  serverAdmins: [],
  messageTimeoutMs: 10_000,
  idleTimeoutMs: 600_000,
  connectionsMax: 2_000,
  networkRate: 0,
}

/** A Handle door on free loopback ports before records in memory; time stands still. Nothing can be written. */
export async function aHandleDoor(t: Test, world: HandleWorld = {}) {
  const { directory, store, clock, ...made } = aResolver({
    prefixes: [aPrefix('88.118.8')],
    records: [aRecord({ identifier: '88.118.8/ABC-1' })],
    ...world,
    parts: { encode: answer => encodeAnswerValues(answer), ...world.parts },
  })
  const arena = new AnswerArena({ bytesMax: 1 << 21, entriesMax: 1000 }, () => 7)
  const resolver: Resolver = {
    ...made.resolver,
    forget(keys) {
      made.resolver.forget(keys)
      arena.forget(keys)
    },
  }
  const logged: string[] = []
  const registry = new Registry()
  const site = siteOfServer({
    address: '127.0.0.1',
    interfaces: [{ query: true, admin: true, protocol: 'TCP', port: 2641 }],
    serialNumber: 7,
    description: 'test',
  })
  const parts: HandleParts = {
    resolver,
    names,
    directory,
    identifiers: new Proxy({} as HandleParts['identifiers'], { get: refuse }),
    prefixes: new Proxy({} as HandleParts['prefixes'], { get: refuse }),
    records: {
      read: async key => (await store.find(key))?.record,
      list: async () => ({ items: [], next: null }),
    },
    memory: { arena, onHit: () => undefined },
    limits: {
      admits: () => true,
      demand: () => undefined,
      demandLookUp: () => undefined,
      countUnknown: () => undefined,
    },
    demandWrite: () => undefined,
    failedProofs: makeRateLimiter(1),
    sm2Gate: makeGate(verifications),
    networkAnswers: makeRateLimiter(1),
    isExempt: () => false,
    site: () => ({ sites: [site], serialNumber: 7 }),
    settings: { ...settings, ...world.settings },
    random: randomBytes,
    registry,
    log: makeLog({ level: 'info', stream: { write: (line: string) => void logged.push(line) } }),
    clock,
    ...world.handle,
  }
  const door = makeHandleDoor({ ...parts, connectionCount: () => tcp.connectionCount })
  const tcp = makeTcpDoor(parts, door)
  const udp = makeUdpDoor({ ...parts, isKnown: address => tcp.knows(address) }, door)
  const server = tcp.makeServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket: UdpSocket = udp.makeSocket('udp4')
  const listening = once(socket, 'listening')
  socket.bind(0, '127.0.0.1')
  await listening
  let isSocketOpen = true
  socket.once('close', () => {
    isSocketOpen = false
  })
  t.teardown(() => {
    if (isSocketOpen) socket.close()
    tcp.close()
    tcp.destroy()
    server.close()
  })

  /** How often something was refused for this reason. */
  async function refused(reason: string): Promise<number> {
    const metric = await registry.getSingleMetric('qxm_handle_refused_total')?.get()
    return metric?.values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0
  }

  return {
    tcpAt: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    udpSocket: socket,
    udpAt: `127.0.0.1:${socket.address().port}`,
    tcp,
    door,
    arena,
    clock,
    store,
    resolver,
    logged,
    refused,
  }
}

function refuse(): never {
  throw new Error('nothing is written in this test')
}
