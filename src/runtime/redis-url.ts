export interface RedisHost {
  readonly host: string
  readonly port: number
}

interface RedisAccess {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
}

/** What `redis.url` names: one server, a cluster by some of its nodes, or a master by its Sentinels. */
export type RedisTarget = RedisAccess &
  (
    | ({ readonly kind: 'single'; readonly database: number } & RedisHost)
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisHost[] }
    | {
        readonly kind: 'sentinel'
        readonly sentinels: readonly RedisHost[]
        readonly name: string
        readonly database: number
      }
  )

const portOf = { redis: 6379, sentinel: 26379 }

/**
 * Reads `redis://[user:password@]host[:port][/database]`, several of these separated by commas (a cluster), or
 * `redis+sentinel://[user:password@]host[:port],host…/NAME[/database]`; with `rediss` in place of `redis`: over TLS.
 * @returns undefined for anything else
 */
export function parseRedisUrl(text: string): RedisTarget | undefined {
  const sentinel = /^(rediss?)\+sentinel:\/\/(.*)$/.exec(text)
  if (sentinel !== null) return parseSentinels(sentinel[1] === 'rediss', sentinel[2] ?? '')
  const texts = text.split(',')
  const servers = texts.flatMap(each => parseServer(each) ?? [])
  const [first] = servers
  if (first === undefined || servers.length < texts.length) return undefined
  if (servers.length === 1) return first
  const { tls, username, password, database } = first
  const nodes = servers.map(({ host, port }) => ({ host, port }))
  return database === 0 ? { kind: 'cluster', nodes, tls, username, password } : undefined
}

function parseServer(text: string): (RedisTarget & { kind: 'single' }) | undefined {
  const url = /^rediss?:\/\//.test(text) ? readUrl(text) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '') return undefined
  const database = parseDatabase(url.pathname.slice(1))
  if (database === undefined) return undefined
  const at = hostOf(url, portOf.redis)
  return { kind: 'single', ...at, database, tls: url.protocol === 'rediss:', ...accessOf(url) }
}

/** A list of hosts is no URL: each is read as one of its own. */
function parseSentinels(tls: boolean, text: string): RedisTarget | undefined {
  const parts = /^(?:([^@/]*)@)?([^@/]+)\/([^/]+)(?:\/(\d+))?$/.exec(text)
  if (parts === null) return undefined
  const [, access = '', hosts = '', name = '', databaseText = ''] = parts
  const texts = hosts.split(',')
  const urls = texts.flatMap(host => readUrl(`redis://${access}@${host}`) ?? [])
  const [first] = urls
  const database = parseDatabase(databaseText)
  if (first === undefined || urls.length < texts.length || database === undefined) return undefined
  const sentinels = urls.map(url => hostOf(url, portOf.sentinel))
  return { kind: 'sentinel', sentinels, name, database, tls, ...accessOf(first) }
}

/** A URL that names a host, and whose user name and password can be unescaped. */
function readUrl(text: string): URL | undefined {
  try {
    const url = new URL(text)
    decodeURIComponent(url.username + url.password)
    return url.hostname === '' ? undefined : url
  } catch {
    return undefined
  }
}

function parseDatabase(text: string): number | undefined {
  if (text === '') return 0
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined
}

function hostOf(url: URL, portByDefault: number): RedisHost {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { host, port: url.port === '' ? portByDefault : Number(url.port) }
}

function accessOf({ username, password }: URL): Pick<RedisAccess, 'username' | 'password'> {
  return {
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
  }
}
