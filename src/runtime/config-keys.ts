import * as rules from './config-rules.ts'
import { logLevels } from './log.ts'

/** What an operator may say to one key. Tables and texts about configuration are made from this. */
export interface Key<Value> {
  readonly kind: 'integer' | 'flag' | 'choice' | 'text' | 'list'
  /** `undefined` where there is no default: the key may be absent. */
  readonly default: Value
  /** Shown where there is no default. */
  readonly example?: string
  /** Why the key exists, why its default is what it is, and what depends on it. */
  readonly reason: string
  readonly unit?: string
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
  /** What is wrong with one text, or with one entry of a list; `undefined` when nothing is. */
  readonly rule?: rules.Rule
  /** A second, shorter name in the environment. */
  readonly alias?: string
  /** Never printed or logged. */
  readonly secret?: true
  /** Takes effect without a restart when the file changes. */
  readonly reloadable?: true
}

type Details<Fixed extends keyof Key<unknown> = 'kind'> = Omit<
  Key<unknown>,
  'kind' | 'default' | 'example' | Fixed
>

/**
 * Every key there is, by section. `section.keyName` is its path in the file, `QXM_SECTION_KEY_NAME` its name in the
 * environment. A new key is one entry here (and works when absent); `conf/node.toml` and `docs/configuration.md` follow.
 */
export const configKeys = {
  node: {
    mode: choice(['standard', 'production'], 'standard', {
      alias: 'QXM_MODE',
      reason:
        'production refuses what must not be relied on: embedded stores, demo data, a missing public URL or master key',
    }),
    demo: flag(false, {
      alias: 'QXM_DEMO',
      reason:
        'fills an empty store with demo data; said here or in the environment it overrides --demo, either way',
    }),
    host: list(['127.0.0.1'], {
      alias: 'QXM_HOST',
      rule: rules.address,
      reason:
        'addresses to listen on, IPv4 and IPv6; loopback, so that a node is reachable from outside only on purpose',
    }),
    publicUrl: optionalText('https://id.example.cn', {
      alias: 'QXM_PUBLIC_URL',
      rule: rules.publicUrl,
      reason:
        'where the world sees the node: scheme and host without path, used in QR texts, links and problem types; absent: the address of the first listener',
    }),
    prefix: text('88.118', {
      rule: rules.nodePrefix,
      reason: "the secondary node's own prefix, under which it allots; the default is the demo's",
    }),
    workers: integer(0, {
      alias: 'QXM_WORKERS',
      unit: 'processes',
      min: 0,
      max: 256,
      reason:
        'processes that share the ports, over a server database; 0: one process, which a signal reaches directly',
    }),
    lameduckMs: integer(2_000, {
      unit: 'ms',
      min: 0,
      max: 60_000,
      reason:
        'how long a node that was told to stop still answers while it says that it is not ready: load balancers need that long to see it',
    }),
    drainTimeoutMs: integer(7_000, {
      unit: 'ms',
      min: 0,
      max: 600_000,
      reason:
        'how long requests in flight may take to end when the node stops; with the lameduck time it stays below the 10 s that supervisors commonly wait',
    }),
  },
  code: {
    prefix: text('88.118.1', {
      alias: 'QXM_PREFIX',
      rule: rules.codePrefix,
      reason:
        "the prefix under which enterprise codes are issued, below the node's own; the default is the demo's",
    }),
  },
  http: {
    port: port(8000, { reason: 'JSON, pages and every other HTTP door; 0: any free port' }),
    plain: flag(false, {
      alias: 'QXM_PLAIN_HTTP',
      reason:
        'lets the unencrypted port leave loopback in production mode, as behind a proxy that ends TLS',
    }),
    trustProxy: list([], {
      alias: 'QXM_TRUST_PROXY',
      rule: rules.cidr,
      reloadable: true,
      reason:
        'CIDRs of the proxies that are believed about X-Forwarded-For and -Proto; from anybody else these leave no trace',
    }),
    headerBytesMax: integer(16_384, {
      unit: 'bytes',
      min: 2_048,
      max: 131_072,
      reason: 'all header lines of a request together; more is answered with 431',
    }),
    urlBytesMax: integer(8_192, {
      unit: 'bytes',
      min: 1_024,
      max: 65_536,
      reason:
        'path and query of a request: an identifier of 255 bytes, percent-encoded, with many filters; more is answered with 414',
    }),
    bodyBytesMax: integer(10_485_760, {
      unit: 'bytes',
      min: 65_536,
      max: 268_435_456,
      reason: 'body of a request, held in memory while it is read; more is answered with 413',
    }),
    headersTimeoutMs: integer(15_000, {
      unit: 'ms',
      min: 1_000,
      max: 60_000,
      reason:
        'from the first byte of a request to the end of its headers; slow senders hold sockets',
    }),
    bodyTimeoutMs: integer(30_000, {
      unit: 'ms',
      min: 1_000,
      max: 600_000,
      reason: 'from the first byte of a request to the end of its body',
    }),
    idleTimeoutMs: integer(60_000, {
      unit: 'ms',
      min: 1_000,
      max: 600_000,
      reason: 'a socket on which nothing moves, in either direction, for so long is closed',
    }),
    keepAliveTimeoutMs: integer(30_000, {
      unit: 'ms',
      min: 1_000,
      max: 600_000,
      reason:
        'how long a socket waits for the next request; longer than the pools of common clients keep one (5 to 20 s), so that the client closes first',
    }),
    socketRequestsMax: integer(0, {
      unit: 'requests',
      min: 0,
      max: 1_000_000_000,
      reason: 'requests on one socket before it is closed; 0: any number',
    }),
    socketsMax: integer(12_000, {
      unit: 'sockets',
      min: 16,
      max: 1_000_000,
      reason:
        'open sockets per process; an idle one costs some 10 KB, and the limit of open files must be higher',
    }),
  },
  https: {
    port: port(8444, {
      reason: 'the same doors over TLS 1.2 or newer, open when tls.cert and tls.key are set',
    }),
  },
  tls: {
    cert: optionalText('/etc/qxm/cert.pem', {
      reloadable: true,
      reason: 'PEM file with the certificate and its chain',
    }),
    key: optionalText('/etc/qxm/key.pem', {
      reloadable: true,
      reason: 'PEM file with the private key of tls.cert; the name of a file, not the key',
    }),
  },
  ops: {
    host: text('127.0.0.1', {
      rule: rules.address,
      reason:
        'address of metrics and health; loopback whatever node.host says, because it is not for strangers',
    }),
    port: port(9464, { reason: 'metrics and health; 0: any free port' }),
  },
  handle: {
    port: port(2641, {
      reason:
        'the Handle protocol over TCP and UDP, one number for both; some national clients refuse most numbers above 9999; 0: any free port',
    }),
    address: list([], {
      rule: rules.socketAddress,
      reason:
        'public IPv4 and IPv6 in our site records, with a port where it differs (203.0.113.5:2641, [2001:db8::5]:2641): clients connect to what the record says; absent: the first concrete node.host, so it is required when that is a wildcard',
    }),
    siteSerial: integer(1, {
      unit: '',
      min: 1,
      max: 65_534,
      reason:
        'version of our site record: one more whenever addresses, ports or keys change, so that clients ask for the new one',
    }),
    challenge: flag(false, {
      reason:
        'answers administration without login with a challenge, as Handle.Net clients expect; otherwise with a refusal that the national SDKs understand: one of them takes a challenge for success',
    }),
    allCodes: flag(false, {
      reason:
        'sends response codes that the national SDKs cannot read, one of which then waits for ever: only where all clients are Handle.Net',
    }),
    legacyDigests: flag(false, {
      reason: 'accepts MD5 and SHA-1 in proofs of identity, beside SHA-1 with DSA keys',
    }),
    passwordLogin: flag(false, {
      reason: 'accepts the login of ID-SDK with user name and password, which travel in clear text',
    }),
    udpAdmin: flag(false, {
      reason: 'accepts administration over UDP, where senders can be forged',
    }),
    listing: flag(true, {
      reason: 'lists the handles under a prefix to those whom its record gives that right',
    }),
    serverAdmins: list([], {
      rule: rules.handleKey,
      reason:
        'keys whose holders may home prefixes here, index:handle (300:0.NA/88.118); absent: nobody over Handle',
    }),
    messageTimeoutMs: integer(10_000, {
      unit: 'ms',
      min: 100,
      max: 600_000,
      reason:
        'from the first byte of a message to its last, and for a peer that does not read its answers; slow ones hold memory',
    }),
    idleTimeoutMs: integer(600_000, {
      unit: 'ms',
      min: 1_000,
      max: 86_400_000,
      reason:
        'a connection without a message for so long ends, and a login with it; national clients keep theirs open',
    }),
    connectionsMax: integer(10_000, {
      unit: 'connections',
      min: 1,
      max: 1_000_000,
      reason:
        'open TCP connections per process; an idle one costs some 10 KB, and the limit of open files must be higher',
    }),
    networkRate: integer(2_000, {
      unit: 'a second',
      min: 0,
      max: 10_000_000,
      reason:
        'answers over UDP to one /24 or /48: beyond it half are dropped and the others send the client to TCP, so that a forged sender is not flooded; 0: any number',
    }),
    roots: list([], {
      rule: rules.rootSite,
      reason:
        'servers to begin at for prefixes that are not ours (203.0.113.5:2641, [2001:db8::5]:2641), or a file with one a line; absent: such prefixes are unknown here, delegated ones are asked all the same',
    }),
    recursion: choice(['walk', 'recursiveNode'], 'walk', {
      reason:
        'walk: the roots hold the records of prefixes, and we go from there; recursiveNode: they find every prefix for us and are asked for it bare, as the national SDKs do',
    }),
    upstreamTimeoutMs: integer(4_000, {
      unit: 'ms',
      min: 100,
      max: 60_000,
      reason:
        'what asking other nodes may take for one question, all in all; one server gets half of it, so that another can be tried',
    }),
    hopsMax: integer(16, {
      unit: 'services',
      min: 1,
      max: 40,
      reason:
        'services that one question is followed through, roots included; a way that goes on for longer is taken for a circle',
    }),
    privateSites: flag(false, {
      reason:
        "goes to private and loopback addresses found in other nodes' records: only in a network of its own, or somebody's record makes this node talk to its neighbours",
    }),
    trustRoot: text('88.111.1/0.0', {
      rule: rules.handle,
      reason:
        'the handle whose certificate all others have to lead to: 88.111.1/0.0 of the national tier, 0.0/0.0 of Handle.Net',
    }),
    trustRootKey: optionalText('/etc/qxm/trust-root.pem', {
      reason:
        "file with the trust root's public key, PEM or typed binary; absent: answers from other nodes count as unproven, whatever signatures they carry",
    }),
    jsonp: flag(false, {
      reason:
        'lets the Handle REST API answer as a script (callback=), for anyone, never with a credential',
    }),
    plainCredentials: flag(false, {
      reason:
        'lets the Handle REST API take credentials without TLS: only on an isolated network, where nobody reads along',
    }),
  },
  store: {
    dataDir: text('data', {
      alias: 'QXM_DATA_DIR',
      reason:
        'folder of the embedded database, the master key made with it, and the local socket of the CLI',
    }),
    allowEmbedded: flag(false, {
      alias: 'QXM_ALLOW_EMBEDDED',
      reason:
        'lets production mode run on the embedded database, which survives a killed process but not a power cut',
    }),
  },
  database: {
    url: list([], {
      secret: true,
      rule: rules.databaseUrl,
      reason:
        'postgres://…; several are tried for the primary, which is found by asking; absent: the embedded database',
    }),
    poolMax: integer(10, {
      unit: 'connections',
      min: 1,
      max: 500,
      reason:
        'connections per process; twice as many may wait for one before the store counts as away',
    }),
    statementTimeoutMs: integer(900, {
      unit: 'ms',
      min: 50,
      max: 600_000,
      reason:
        'the server ends a statement after this time; migrations and bulk work have their own',
    }),
  },
  redis: {
    url: optionalText('redis://127.0.0.1:6379', {
      secret: true,
      rule: rules.redisUrl,
      reason:
        'redis://…; several are a cluster; redis+sentinel://h1,h2/NAME asks Sentinels; absent: the memory of the process only',
    }),
    connectTimeoutMs: integer(500, {
      unit: 'ms',
      min: 10,
      max: 60_000,
      reason: 'a cache that is slower to reach than the store is no cache',
    }),
    commandTimeoutMs: integer(100, {
      unit: 'ms',
      min: 5,
      max: 10_000,
      reason:
        'after this time a read counts as a miss: the most that a slow Redis may add to an answer',
    }),
  },
  masterKey: {
    file: optionalText('/etc/qxm/master.key', {
      reason:
        'file with 32 bytes, hex or base64, that wrap every other key; absent: master.key in the data folder, made at the first start with the embedded database; required, never made, with a server database',
    }),
  },
  bootstrap: {
    key: optionalText('qxk_<8 hex>_<43 base64url>', {
      secret: true,
      rule: rules.apiKey,
      reason:
        'becomes an operator client at the start if its id was never seen; a known id changes nothing',
    }),
  },
  cache: {
    entriesMax: integer(200_000, {
      unit: 'answers',
      min: 100,
      max: 100_000_000,
      reason:
        'encoded answers in the memory of each process, some 220 bytes each beside their text',
    }),
    bytesMax: integer(134_217_728, {
      unit: 'bytes',
      min: 1_048_576,
      max: 68_719_476_736,
      reason:
        'their texts together; 128 MiB leaves a node with an embedded database under 500 MB in all',
    }),
    ttlSeconds: integer(300, {
      unit: 's',
      min: 1,
      max: 86_400,
      reason: 'how long an answer may be reused at most; its values may say less',
    }),
    ttlJitterPercent: integer(10, {
      unit: '%',
      min: 0,
      max: 50,
      reason:
        'how much earlier an entry may expire, by chance, so that what was read together does not expire together',
    }),
    negativeEntriesMax: integer(50_000, {
      unit: 'answers',
      min: 100,
      max: 10_000_000,
      reason:
        'remembered "no such identifier", apart from the others, so that a stream of made-up names evicts no answer',
    }),
    negativeTtlSeconds: integer(10, {
      unit: 's',
      min: 0,
      max: 3_600,
      reason: 'how long "no such identifier" is remembered; 0: not at all',
    }),
    staleSecondsMax: integer(86_400, {
      unit: 's',
      min: 0,
      max: 604_800,
      reason:
        'how long an expired answer may still be given, marked stale, while the store is away',
    }),
  },
  resolver: {
    knownKeysMax: integer(20_000_000, {
      unit: 'keys',
      min: 0,
      max: 500_000_000,
      reason:
        'keys of records and aliases that each process remembers in 1.5 bytes each, with memory for as many as there are, so that the store is not asked for what it cannot have; what is above this makes more questions pass; 0: all do',
    }),
  },
  fast: {
    http: flag(true, {
      reason:
        'a small strict reader stands in front of the plain HTTP listeners and answers plain questions from memory with bytes made before; everything else goes to the ordinary server. Off, the same answers take the ordinary way',
    }),
    entriesMax: integer(200_000, {
      unit: 'answers',
      min: 100,
      max: 50_000_000,
      reason: 'answers kept as bytes for it and for the Handle doors, beside those of [cache]',
    }),
    bytesMax: integer(134_217_728, {
      unit: 'bytes',
      min: 1_048_576,
      max: 4_294_967_296,
      reason: 'memory they may take; what was never used of it takes none',
    }),
  },
  import: {
    port: port(8443, {
      reason:
        'batches and grants of the top-level node over mutual TLS, open when import.ca is set beside tls.cert and tls.key; 0: any free port',
    }),
    ca: optionalText('/etc/qxm/topnode-ca.pem', {
      reloadable: true,
      reason:
        "PEM file with the top-level node's own certificate authority, the only one whose clients are let in and whose CMS signatures count",
    }),
    pins: list([], {
      rule: rules.thumbprint,
      reloadable: true,
      reason:
        'certificates of the top-level node, of its client and of its CMS signer, by the SHA-256 of their DER in base64url (x5t#S256); name the next one before the present one ends; absent: nobody is let in',
    }),
    uris: list([], {
      reloadable: true,
      reason:
        'URIs of which such a certificate must bear one as a subject alternative name (urn:topnode:86); absent: any or none',
    }),
    keys: optionalText('/etc/qxm/topnode-keys.json', {
      reloadable: true,
      reason:
        'file with a JSON Web Key Set: the public keys that requests, manifests and grants of the top-level node are signed with, by kid; absent: none is believed, save for CMS signatures of pinned certificates',
    }),
    release: choice(['reviewers', 'auto'], 'reviewers', {
      reloadable: true,
      reason:
        'who lets a batch in: two different reviewers who have seen what it would do, or the node by itself where nothing conflicts and nobody has to be asked',
    }),
    issueCodes: flag(false, {
      reloadable: true,
      reason:
        'gives an enterprise that comes in and that nobody here knows its code with the batch; otherwise somebody says that it is new, and a reviewer decides',
    }),
    source: text('86', {
      reason: 'whose batches the feed brings, as its manifests and grants say it',
    }),
    feedUrl: optionalText('https://feed.topnode.example.cn/v1/feed', {
      rule: rules.feedUrl,
      reason:
        'where batches are fetched from, over mutual TLS: GET with after=<number of the last one>; absent: they are pushed only',
    }),
    feedCert: optionalText('/etc/qxm/client.pem', {
      reloadable: true,
      reason: 'PEM file with the client certificate that the feed is asked with; absent: tls.cert',
    }),
    feedKey: optionalText('/etc/qxm/client-key.pem', {
      reloadable: true,
      reason: 'PEM file with the private key of import.feedCert; absent: tls.key',
    }),
  },
  rate: {
    resolve: integer(5_000, {
      unit: 'a second',
      min: 0,
      max: 10_000_000,
      reloadable: true,
      reason: 'resolves per address; 0: any number',
    }),
    unknown: integer(500, {
      unit: 'a second',
      min: 0,
      max: 10_000_000,
      reloadable: true,
      reason:
        'resolves of unknown identifiers per address: guessing costs the store, asking does not; 0: any number',
    }),
    write: integer(200, {
      unit: 'a second',
      min: 0,
      max: 10_000_000,
      reloadable: true,
      reason: 'writes per credential; 0: any number',
    }),
    exempt: list(['127.0.0.0/8', '::1/128'], {
      rule: rules.cidr,
      reloadable: true,
      reason:
        'CIDRs that are not counted; in production mode none unless said, because a proxy on the same machine is loopback too',
    }),
    loadTest: integer(50_000, {
      unit: 'a second',
      min: 0,
      max: 10_000_000,
      reloadable: true,
      reason:
        'resolves of all addresses of rate.loadTestFrom together, and as many of unknown identifiers; 0: any number',
    }),
    loadTestFrom: list([], {
      rule: rules.cidr,
      reloadable: true,
      reason:
        'CIDRs that load is tested from: counted apart from everybody and together, so that a test neither meets the public limits nor is without any',
    }),
  },
  jobs: {
    bytesMax: integer(2_147_483_648, {
      alias: 'QXM_JOB_BYTES_MAX',
      unit: 'bytes',
      min: 1_048_576,
      max: 1_099_511_627_776,
      reason: 'of a file with rows; it is read as it comes, so that memory does not depend on it',
    }),
    keepDays: integer(7, {
      unit: 'days',
      min: 1,
      max: 365,
      reason:
        'how long the rows of a job are kept after its end: so long it can be undone, and its refused rows fetched',
    }),
  },
  cors: {
    origins: list(['*'], {
      rule: rules.origin,
      reloadable: true,
      reason:
        'web pages that may read our answers in a browser; * is any, which gives them nothing that a request without a browser would not',
    }),
  },
  log: {
    level: choice(logLevels, 'info', {
      reloadable: true,
      reason: 'info: an operator cares; warn: may act; error: must act',
    }),
  },
} as const

/** Names in the environment that are not configuration of a node: where its file is, what clients and tests read. */
export const otherNames = [
  'QXM_CONFIG',
  'QXM_URL',
  'QXM_KEY',
  'QXM_TEST_REQUIRE',
  'QXM_UPDATE_DOCS',
] as const

/** `http.trustProxy` → `QXM_HTTP_TRUST_PROXY`. */
export function environmentName(path: string): string {
  const words = path.replaceAll('.', '_').replace(/[A-Z]/g, letter => `_${letter}`)
  return `QXM_${words.toUpperCase()}`
}

/** Every key with its path, in the table's order. */
export function eachKey(): { readonly path: string; readonly key: Key<unknown> }[] {
  return Object.entries(configKeys).flatMap(([section, keys]) =>
    Object.entries(keys).map(([name, key]) => ({ path: `${section}.${name}`, key })),
  )
}

function integer(
  byDefault: number,
  details: Details<'unit' | 'min' | 'max'> & { unit: string; min: number; max: number },
): Key<number> {
  return { kind: 'integer', default: byDefault, ...details }
}

function port(byDefault: number, details: Details<'unit' | 'min' | 'max'>): Key<number> {
  return { kind: 'integer', default: byDefault, min: 0, max: 65_535, ...details }
}

function flag(byDefault: boolean, details: Details): Key<boolean> {
  return { kind: 'flag', default: byDefault, ...details }
}

function choice<const Choice extends string>(
  choices: readonly Choice[],
  byDefault: NoInfer<Choice>,
  details: Details<'choices'>,
): Key<Choice> {
  return { kind: 'choice', default: byDefault, choices, ...details }
}

function text(byDefault: string, details: Details): Key<string> {
  return { kind: 'text', default: byDefault, ...details }
}

function optionalText(example: string, details: Details): Key<string | undefined> {
  return { kind: 'text', default: undefined, example, ...details }
}

function list(byDefault: readonly string[], details: Details): Key<readonly string[]> {
  return { kind: 'list', default: byDefault, ...details }
}
