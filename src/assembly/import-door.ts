import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { buildImportDoor, mutualTls } from '../protocols/http/imports/import-app.ts'
import type { ImportDoorParts } from '../protocols/http/imports/parts.ts'
import type { HttpLimits } from '../protocols/http/parts.ts'
import type { Config } from '../runtime/config.ts'
import { isLoopback } from '../runtime/config-rules.ts'
import { hostAndPort } from '../runtime/ready.ts'
import { drain } from './drain.ts'
import type { ImportWire } from './import-wire.ts'
import { listen, listenAlso } from './listen.ts'
import type { BuildParts } from './parts.ts'
import type { LiveConfig } from './reload.ts'

/** 50 MB over a line of some 2 Mbit/s. */
const bodyTimeoutMs = 300_000
/** The top-level node has a handful of connections; whoever else comes has no certificate. */
const socketsMax = 64

/**
 * Opens the port of the top-level node, where its authority and our certificate are configured.
 * @returns where it listens: `https://127.0.0.1:8443`
 */
export async function openImportDoor(
  parts: BuildParts & { readonly live: LiveConfig },
  { trust, bundles }: ImportWire,
  work: Pick<ImportDoorParts, 'inbox' | 'grants'>,
  onDrain: (drain: () => Promise<void>) => void,
): Promise<string | undefined> {
  const { config, log, clock, live, metrics, publicUrl } = parts
  if (bundles === undefined) return undefined
  const limits: HttpLimits = {
    ...config.http,
    bodyTimeoutMs: Math.max(bodyTimeoutMs, config.http.bodyTimeoutMs),
    socketsMax,
  }
  const isOurHost = followOurHosts(parts)
  const tls = readTls(config)
  const { app, makeServer } = buildImportDoor(
    {
      ...work,
      openBundle: bundles.openBundle,
      folder: bundles.folder,
      trust,
      isOurHost,
      limits,
      publicUrl,
      registry: metrics,
      log,
      clock,
    },
    tls,
  )
  await app.ready()
  const [first = '127.0.0.1', ...hosts] = config.node.host
  const { address, port } = await listen(app, first, config.import.port)
  const others: Server[] = []
  onDrain(() => drain(app, others, config.node.drainTimeoutMs, log))
  for (const host of hosts) {
    const server = makeServer()
    await listenAlso(server, host, port)
    others.push(server)
  }
  live.onChange(next => {
    const renewed = readTls(next)
    return () => {
      for (const server of [app.server, ...others]) {
        ;(server as TlsServer).setSecureContext({ ...renewed, ...mutualTls })
      }
    }
  })
  return `https://${hostAndPort(address, port)}`
}

/** @throws Error when the files do not belong together */
function readTls({ tls: { cert = '', key = '' }, import: { ca = '' } }: Config) {
  const files = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) }
  createSecureContext(files)
  return files
}

/** Names and addresses that our certificate is for, that the world knows us by, or that we listen on. */
function followOurHosts({
  config,
  live,
  publicUrl,
}: Parameters<typeof openImportDoor>[0]): ImportDoorParts['isOurHost'] {
  const certificate = live.follow(
    ({ tls: { cert = '' } }) => new X509Certificate(readFileSync(cert)),
  )
  return host => {
    const isOfCertificate = isIP(host)
      ? certificate().checkIP(host) !== undefined
      : certificate().checkHost(host) !== undefined
    return (
      isOfCertificate ||
      config.node.host.includes(host) ||
      (host === 'localhost' && config.node.host.some(isLoopback)) ||
      (URL.canParse(publicUrl()) && new URL(publicUrl()).hostname === host)
    )
  }
}
