import { permissionsDefault, type Site, ttlSecondsDefault, type Value } from '../model/value.ts'
import { ownSiteValues, siteOfServer } from '../protocols/handle/site-values.ts'

/** Where the node below answers Handle questions: known once it has started. */
export interface NodePlace {
  readonly prefix: string
  readonly address: string
  readonly handlePort: number
  readonly httpPort: number
}

/** A prefix that the top-level node serves itself, and a handle in it: foreign to the node below. */
export const topPrefix = '88.100'
export const topHandle = `${topPrefix}/TOP`
/** Discards what it is sent, where it is served at all (RFC 863). */
const discardPort = 9

/** What the root of the sandbox knows: itself, one handle of its own, and where the node below is. */
export interface TopHandles {
  /** @param handle folded to lower case */
  find(handle: string): readonly Value[] | undefined
  rootAt(place: { readonly address: string; readonly port: number }): void
  nodeAt(place: NodePlace): void
}

export function makeTopHandles(asOf: string): TopHandles {
  const known = new Map<string, readonly Value[]>([
    [
      topHandle.toLowerCase(),
      [
        textValue(1, 'NAME', '练习用国家顶级节点', asOf),
        textValue(2, 'URL', 'https://top.example.cn', asOf),
      ],
    ],
  ])
  return {
    find: handle => known.get(handle),
    rootAt({ address, port }) {
      const site = siteOf(address, topPrefix, [
        { protocol: 'TCP', port },
        { protocol: 'UDP', port },
      ])
      known.set(`0.na/${topPrefix}`, ownSiteValues([site], asOf, new Set()))
    },
    nodeAt: node => void known.set(`0.na/${node.prefix}`, sitesOfNode(node, asOf)),
  }
}

/** Sites at which nobody answers. */
export function lieAboutSites(values: readonly Value[]): readonly Value[] {
  return values.map(value => {
    if (value.data.format !== 'site') return { ...value, ttl: 1 }
    const site = value.data.value
    const servers = site.servers.map(server => ({
      ...server,
      interfaces: server.interfaces.map(each => ({ ...each, port: discardPort })),
    }))
    return { ...value, ttl: 1, data: { format: 'site', value: { ...site, servers } } }
  })
}

function sitesOfNode(node: NodePlace, asOf: string): readonly Value[] {
  const site = siteOf(node.address, node.prefix, [
    { protocol: 'TCP', port: node.handlePort },
    { protocol: 'UDP', port: node.handlePort },
    { protocol: 'HTTP', port: node.httpPort },
  ])
  const own = ownSiteValues([site], asOf, new Set())
  // Records of the prefixes that the node has allotted are its own to keep.
  const derived = own.map(value => ({
    ...value,
    index: value.index + own.length,
    type: 'HS_SITE.PREFIX',
  }))
  return [...own, ...derived]
}

function textValue(index: number, type: string, value: string, asOf: string): Value {
  return {
    index,
    type,
    data: { format: 'string', value },
    ttl: ttlSecondsDefault,
    timestamp: asOf,
    permissions: permissionsDefault,
    references: [],
  }
}

function siteOf(
  address: string,
  description: string,
  interfaces: readonly { readonly protocol: 'TCP' | 'UDP' | 'HTTP'; readonly port: number }[],
): Site {
  return siteOfServer({
    address,
    serialNumber: 1,
    description,
    interfaces: interfaces.map(each => ({ query: true, admin: false, ...each })),
  })
}
