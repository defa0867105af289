import { join } from 'node:path'
import { type Node, startNode } from '../node.ts'
import type { Clock } from '../runtime/clock.ts'
import { type Closers, makeClosers } from '../runtime/closers.ts'
import { readConfig } from '../runtime/config.ts'
import { type Logger, makeLog } from '../runtime/log.ts'
import type { Ready } from '../runtime/ready.ts'
import { askNode, demandNode, type NodeAccess } from './ask-node.ts'
import { keyIn, startEnterprise } from './enterprise.ts'
import { openFeed } from './feed.ts'
import { openHandleRoot } from './handle-root.ts'
import { type HostileMood, makeMoods } from './hostile.ts'
import { type Identity, openIdentity, pinOf } from './identity.ts'
import { openJournal } from './journal.ts'
import { source } from './push.ts'
import { nodePrefix, topFolderOf } from './top-folder.ts'
import { lieAboutSites, makeTopHandles } from './top-handles.ts'

export interface WorldParts {
  /** Where all of it lies: `data/sandbox`. */
  readonly folder: string
  readonly packageFolder: string
  readonly hostile: readonly HostileMood[]
  /** Free ports for everybody, instead of the usual ones. */
  readonly anyPort: boolean
  /** How many of the two enterprise nodes: each takes as much memory as the node itself. */
  readonly enterpriseCount: number
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

/** What runs, and where it can be reached. */
export interface World extends AsyncDisposable {
  /** The node below the top-level node: ours. */
  readonly node: Ready
  /** Where an operator's key of it is. */
  readonly keyFile: string
  readonly top: { readonly feed: string; readonly handle: string }
  readonly enterprises: readonly {
    readonly prefix: string
    readonly http: string
    readonly handle: string
  }[]
}

const host = '127.0.0.1'
/** As long as its own watchdog gives it. */
const nodeCloseMsMax = 10_000

/** The demo delegates the first prefix; the second is delegated here. */
const enterprises = [
  { name: 'enterprise', prefix: '88.118.9', ownPrefix: '88.119', http: 8001, handle: 2642 },
  { name: 'enterprise-2', prefix: '88.118.10', ownPrefix: '88.120', http: 8002, handle: 2643 },
] as const
const ports = {
  http: 8000,
  https: 8444,
  handle: 2641,
  ops: 9464,
  imports: 8443,
  feed: 8643,
  handleRoot: 2640,
} as const

/**
 * Starts a simulated top-level node, a node of ours below it, and two enterprise nodes below that, all on loopback.
 * @throws Error when a port is taken
 */
export async function startWorld(parts: WorldParts): Promise<World> {
  const closers = makeClosers(parts.log)
  try {
    return await openWorld(parts, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function openWorld(parts: WorldParts, closers: Closers): Promise<World> {
  const { folder, packageFolder, hostile, anyPort, clock } = parts
  const port = (usual: number) => (anyPort ? 0 : usual)
  const now = new Date(clock.now())
  const identity = await openIdentity(topFolderOf(folder), now)
  const journal = await openJournal(topFolderOf(folder))
  const mood = makeMoods(hostile)
  const feed = await openFeed({ host, port: port(ports.feed), identity, journal, mood, clock })
  closers.add('feed', () => feed.close())
  const handles = makeTopHandles(`${now.toISOString().slice(0, 19)}Z`)
  const root = await openHandleRoot({
    host,
    port: port(ports.handleRoot),
    find: handles.find,
    lie: lieAboutSites,
    mood,
    clock,
  })
  closers.add('Handle root', () => root.close())
  handles.rootAt({ address: host, port: root.port })
  const handleRoot = `${host}:${root.port}`

  const nodeFolder = join(folder, 'node')
  const key = await keyIn(nodeFolder)
  const node = await startNodeBelow(parts, nodeFolder, key, identity, {
    feed: feed.url,
    handleRoot,
  })
  closers.add('node', () => node[Symbol.asyncDispose](), nodeCloseMsMax)
  const { http = '', handle = '', imports } = node.ready
  handles.nodeAt({
    prefix: nodePrefix,
    address: host,
    handlePort: portOf(handle),
    httpPort: portOf(http),
  })

  const started = []
  for (const { name, prefix, ownPrefix, ...usual } of enterprises.slice(0, parts.enterpriseCount)) {
    const enterprise = await startEnterprise({
      folder: join(folder, name),
      prefix,
      ownPrefix,
      httpPort: String(port(usual.http)),
      handlePort: String(port(usual.handle)),
      packageFolder,
    })
    closers.add(name, () => enterprise[Symbol.asyncDispose](), nodeCloseMsMax)
    const { ready } = enterprise
    await delegate({ url: http, key }, prefix, ready)
    started.push({ prefix, http: ready.http ?? '', handle: ready.handle ?? '' })
  }
  await journal.putPlaces({ http, handle, imports, feed: feed.url, handleRoot })
  return {
    node: node.ready,
    keyFile: join(nodeFolder, 'operator.key'),
    top: { feed: feed.url, handle: handleRoot },
    enterprises: started,
    [Symbol.asyncDispose]: () => closers[Symbol.asyncDispose](),
  }
}

async function startNodeBelow(
  { packageFolder, anyPort }: WorldParts,
  folder: string,
  key: string,
  { files, client }: Identity,
  top: { readonly feed: string; readonly handleRoot: string },
): Promise<Node> {
  const port = (usual: number) => String(anyPort ? 0 : usual)
  const { config } = readConfig({
    argv: ['--demo'],
    env: {
      QXM_DATA_DIR: folder,
      QXM_NODE_PREFIX: nodePrefix,
      QXM_PREFIX: `${nodePrefix}.1`,
      QXM_HTTP_PORT: port(ports.http),
      QXM_HTTPS_PORT: port(ports.https),
      QXM_HANDLE_PORT: port(ports.handle),
      QXM_OPS_PORT: port(ports.ops),
      QXM_IMPORT_PORT: port(ports.imports),
      QXM_TLS_CERT: files.node,
      QXM_TLS_KEY: files.nodeKey,
      QXM_IMPORT_CA: files.authority,
      QXM_IMPORT_PINS: pinOf(client),
      QXM_IMPORT_KEYS: files.keys,
      QXM_IMPORT_SOURCE: source,
      QXM_IMPORT_FEED_URL: top.feed,
      QXM_IMPORT_FEED_CERT: files.nodeClient,
      QXM_IMPORT_FEED_KEY: files.nodeClientKey,
      QXM_HANDLE_ROOTS: top.handleRoot,
      QXM_HANDLE_PRIVATE_SITES: '1',
      QXM_LOG_LEVEL: 'warn',
      QXM_NODE_LAMEDUCK_MS: '0',
      QXM_BOOTSTRAP_KEY: key,
    },
  })
  return startNode({ config, log: makeLog({ level: config.log.level }), packageFolder })
}

/** The prefix is served where that node is now. */
async function delegate(node: NodeAccess, prefix: string, { http = '', handle = '' }: Ready) {
  const site = {
    address: host,
    protocols: [
      { protocol: 'TCP', port: portOf(handle) },
      { protocol: 'UDP', port: portOf(handle) },
      { protocol: 'HTTP', port: portOf(http) },
    ],
    url: http,
  }
  const served = { served: 'delegated', state: 'enabled', sites: [site] }
  const made = await askNode(node, 'POST', '/v1/prefixes', { prefix, ...served })
  if (made.status === 201) return
  await demandNode(node, 'PATCH', `/v1/prefixes/${prefix}`, served)
}

function portOf(at: string): number {
  return Number(at.slice(at.lastIndexOf(':') + 1))
}
