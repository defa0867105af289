import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { say } from '../model/text.ts'
import type { Config } from '../runtime/config.ts'
import { hostAndPort } from '../runtime/ready.ts'
import type { Database } from '../storage/postgres/database.ts'
import type { Call, Command } from './command.ts'
import { configOf, nodeOptions, urlOf, withNode } from './connect.ts'
import type { ExitCode } from './exit-codes.ts'
import { attempt, type Finding, report } from './findings.ts'
import { type NodeClient, openNodeClient } from './node-client.ts'
import { withStore } from './store.ts'
import { checkKeys, checkMigrations } from './store-checks.ts'
import { versionOf } from './version.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: say(
    '检查运行中的节点，或用 --offline 检查停止的节点',
    'examine a running node, or with --offline one that is stopped',
  ),
  options: {
    offline: {
      kind: 'flag',
      help: say('直接打开存储，须先停止节点', 'open the store itself; no node may run'),
    },
    ...nodeOptions,
  },
  async run(call) {
    return call.given.has('offline') ? examineStore(call) : examineNode(call)
  },
}

async function examineNode(call: Call): Promise<ExitCode> {
  const { config } = configOf(call)
  const url = urlOf(call)
  const isRemote = url !== undefined && !isHere(url)
  const local = isRemote ? [] : [...(await checkDisk(config)), ...(await checkCertificate(config))]
  const findings = await withNode(call, async node => [
    ...(await checkHealth(node)),
    ...(await attempt('clock', () => checkClock(node))),
    ...(isRemote ? await checkRemoteCertificate(url) : await checkMetrics(call, config)),
  ])
  return report(call, [...findings, ...local])
}

/** Whether the configuration, disk and files here are the node's. */
function isHere(url: string): boolean {
  return URL.canParse(url) && /^(?:localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)
}

async function examineStore(call: Call): Promise<ExitCode> {
  const { config } = configOf(call)
  const found = await withStore(config, async database => [
    ...(await attempt('migrations', () => checkMigrations(database, call.packageFolder))),
    ...(await attempt('keys', () => checkKeys(database, config))),
    ...(await attempt('store', () => checkDurability(database))),
    ...(await attempt('clock', () => checkStoreClock(database))),
  ])
  const local = [
    ...(await checkDisk(config)),
    ...(await checkCertificate(config)),
    ...(await checkSecrets(config)),
  ]
  return report(call, [...found, ...local])
}

/** @throws Unreachable: a node that does not answer at all is the command's own failure */
async function checkHealth(node: NodeClient): Promise<readonly Finding[]> {
  const live = await node.ask('GET', '/livez')
  const ready = await node.ask('GET', '/readyz')
  const { degraded = [] } = ready.body as { degraded?: readonly string[] }
  return [
    live.status === 200
      ? { check: 'live', level: 'ok', text: say('节点应答', 'the node answers') }
      : {
          check: 'live',
          level: 'bad',
          text: say(`/livez 返回 ${live.status}`, `/livez answers ${live.status}`),
          advice: say('这里可能不是 qxm 节点', 'this may be no qxm node: look at --url'),
        },
    ready.status === 200
      ? { check: 'ready', level: 'ok', text: say('可以接受请求', 'requests may be sent here') }
      : {
          check: 'ready',
          level: 'bad',
          text: say('不应再向其发送请求', 'requests should not be sent here'),
          advice: say('正在停止或启动；否则请看日志', 'it stops or starts; if not, see its log'),
        },
    ...degraded.map(degradedFinding),
  ]
}

/** What each part that `/readyz` may name means for an operator. */
function degradedFinding(part: string): Finding {
  const texts: Readonly<Record<string, Pick<Finding, 'text' | 'advice'>>> = {
    store: {
      text: say('存储没有应答，只回答内存中的内容', 'the store does not answer; memory does'),
      advice: say('请检查数据库与网络', 'look at the database and the network to it'),
    },
    redis: {
      text: say('Redis 没有应答，改用存储', 'Redis does not answer; the store is asked instead'),
      advice: say('请检查 Redis', 'look at Redis'),
    },
    workers: {
      text: say('有工作进程未就绪', 'a worker is not ready'),
      advice: say('请看日志中工作进程为何结束', 'see in the log why a worker ended'),
    },
  }
  const known = Object.hasOwn(texts, part) ? texts[part] : undefined
  const text = known?.text ?? say(`降级：${part}`, `degraded: ${part}`)
  return { check: 'degraded', level: 'warn', facts: { part }, ...known, text }
}

/** Beyond this, signed tokens and imports are near the edge of what peers accept. */
const clockSecondsMax = 5

async function checkClock(node: NodeClient): Promise<Finding> {
  const startedAt = Date.now()
  const { headers } = await node.ask('GET', '/livez')
  const here = (startedAt + Date.now()) / 2
  // The header counts whole seconds, cut off.
  const seconds = (Date.parse(headers.date ?? '') + 500 - here) / 1000
  return clockFinding(seconds, say('节点', "the node's"))
}

async function checkStoreClock(database: Database): Promise<Finding> {
  const startedAt = Date.now()
  const [row] = await database.query<{ now: Date }>('select clock_timestamp() as now')
  const here = (startedAt + Date.now()) / 2
  return clockFinding(((row?.now.getTime() ?? 0) - here) / 1000, say('数据库', "the database's"))
}

function clockFinding(seconds: number, whose: Finding['text']): Finding {
  const difference = Math.abs(seconds).toFixed(1)
  const facts = { seconds: Math.round(seconds * 10) / 10 }
  const text = say(
    `${whose.zh}时钟与本机相差 ${difference} 秒`,
    `${whose.en} clock differs from this machine's by ${difference} s`,
  )
  // A difference that is no number is too much as well.
  if (Math.abs(seconds) <= clockSecondsMax) return { check: 'clock', level: 'ok', text, facts }
  const advice = say('请在两处启用时间同步', 'let both follow a time server')
  return { check: 'clock', level: 'warn', text, facts, advice }
}

/** Metrics of the ops port: what only the process itself knows. */
async function checkMetrics(call: Call, config: Config): Promise<readonly Finding[]> {
  const url = `http://${hostAndPort(config.ops.host, config.ops.port)}`
  const node = openNodeClient({ kind: 'url', url, key: undefined }, call.language)
  try {
    const metrics = String(await node.call('GET', '/metrics'))
    return [versionFinding(call, metrics), filesFinding(config, metrics)].flat()
  } catch {
    return [
      {
        check: 'metrics',
        level: 'warn',
        text: say(`${url} 没有应答`, `nobody answers at ${url}`),
        advice: say(
          '请以节点的配置运行 doctor（--config、QXM_OPS_PORT）',
          "run doctor with the node's configuration (--config, QXM_OPS_PORT)",
        ),
      },
    ]
  } finally {
    node.close()
  }
}

function versionFinding(call: Call, metrics: string): readonly Finding[] {
  const found = /^qxm_build_info\{([^}]*)\}/m.exec(metrics)?.[1] ?? ''
  const version = /version="([^"]*)"/.exec(found)?.[1]
  const node = /node="([^"]*)"/.exec(found)?.[1]
  if (version === undefined) return []
  const own = versionOf(call.packageFolder)
  const text = say(`qxm ${version}，Node ${node}`, `qxm ${version} on Node ${node}`)
  const facts = { version, node, own }
  if (version === own) return [{ check: 'version', level: 'ok', text, facts }]
  const advice = say(
    `本程序是 ${own}：升级后请重启节点`,
    `this program is ${own}: restart the node after an upgrade`,
  )
  return [{ check: 'version', level: 'warn', text, facts, advice }]
}

/** Beside client sockets a process has its stores, its log and the files of the program. */
const filesBesideSockets = 500

function filesFinding({ http, node }: Config, metrics: string): readonly Finding[] {
  const processCount = Math.max(1, node.workers)
  const filesMax = numberOf(metrics, 'process_max_fds') / processCount
  const filesOpen = numberOf(metrics, 'process_open_fds')
  if (!Number.isFinite(filesMax)) return []
  const needed = http.socketsMax + filesBesideSockets
  const facts = { filesMax, filesOpen, needed }
  const text = say(
    `打开文件 ${filesOpen}，每进程上限 ${filesMax}`,
    `${filesOpen} files open, at most ${filesMax} a process`,
  )
  if (filesMax >= needed) return [{ check: 'files', level: 'ok', text, facts }]
  const advice = say(
    `上限应至少为 ${needed}（ulimit -n、LimitNOFILE=），或减小 http.socketsMax`,
    `allow at least ${needed} (ulimit -n, LimitNOFILE=), or lower http.socketsMax`,
  )
  return [{ check: 'files', level: 'warn', text, facts, advice }]
}

function numberOf(metrics: string, name: string): number {
  const text = new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]
  return text === undefined ? Number.NaN : Number(text)
}

/** An embedded database writes its log in pieces of 16 MB and stops when the disk is full. */
const freeBytesMin = 512 * 2 ** 20

async function checkDisk({ store, database }: Config): Promise<readonly Finding[]> {
  if (database.url.length > 0 && !existsSync(store.dataDir)) return []
  return attempt('disk', async () => {
    const { bavail, bsize } = await statfs(store.dataDir)
    const freeBytes = bavail * bsize
    const gigabytes = (freeBytes / 2 ** 30).toFixed(1)
    const text = say(
      `数据目录 ${store.dataDir} 所在磁盘剩余 ${gigabytes} GB`,
      `the disk of the data folder ${store.dataDir} has ${gigabytes} GB free`,
    )
    const facts = { freeBytes }
    if (freeBytes >= freeBytesMin) return { check: 'disk', level: 'ok', text, facts }
    const advice = say(
      '请腾出空间：磁盘满时写入会失败',
      'free some space: writes fail when it is full',
    )
    return { check: 'disk', level: 'bad', text, facts, advice }
  })
}

/** Renewals are due a month before the end. */
const certificateDaysMin = 21
const dayMs = 86_400_000

async function checkCertificate({ tls }: Config): Promise<readonly Finding[]> {
  const { cert } = tls
  if (cert === undefined) return []
  return attempt('certificate', async () =>
    certificateFinding(Date.parse(new X509Certificate(readFileSync(cert)).validTo)),
  )
}

/** Of a node somewhere else: what it shows. */
async function checkRemoteCertificate(url: string): Promise<readonly Finding[]> {
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'https:') return []
  return attempt('certificate', () => {
    return new Promise<Finding>((resolve, reject) => {
      const host = hostname.replace(/^\[|\]$/g, '')
      // Only its dates are looked at; the request itself was made with the usual checks.
      const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false }, () => {
        resolve(certificateFinding(Date.parse(socket.getPeerCertificate().valid_to)))
        socket.destroy()
      })
      socket.setTimeout(5_000, () => socket.destroy(new Error('timeout')))
      socket.once('error', reject)
    })
  })
}

export function certificateFinding(endsAtMs: number, nowMs = Date.now()): Finding {
  const days = Math.floor((endsAtMs - nowMs) / dayMs)
  const facts = { days, until: new Date(endsAtMs).toISOString() }
  const advice = say(
    '请更新 tls.cert 与 tls.key 的文件：节点会自动读取',
    'renew the files of tls.cert and tls.key: the node reads them by itself',
  )
  if (days < 0) {
    const text = say('证书已过期', 'the certificate has expired')
    return { check: 'certificate', level: 'bad', text, advice, facts }
  }
  const text = say(`证书还有 ${days} 天到期`, `the certificate ends in ${days} days`)
  if (days >= certificateDaysMin) return { check: 'certificate', level: 'ok', text, facts }
  return { check: 'certificate', level: 'warn', text, advice, facts }
}

async function checkDurability(database: Database): Promise<Finding> {
  const check = 'store'
  if (database.engine === 'embedded') {
    return {
      check,
      level: 'warn',
      text: say(
        '内嵌数据库：进程被杀不丢数据，断电可能丢失',
        'embedded: it survives a killed process, not a power cut',
      ),
      advice: say('生产环境请用 PostgreSQL', 'use a PostgreSQL server in production'),
    }
  }
  const [row] = await database.query<{ fsync: string; version: string }>(
    `select current_setting('fsync') as fsync, current_setting('server_version') as version`,
  )
  const facts = { ...row }
  const text = say(
    `PostgreSQL ${row?.version}，fsync=${row?.fsync}`,
    `PostgreSQL ${row?.version}, fsync=${row?.fsync}`,
  )
  if (row?.fsync === 'on') return { check, level: 'ok', text, facts }
  const advice = say(
    '请打开 fsync：断电会损坏数据',
    'turn fsync on: a power cut breaks the database',
  )
  return { check, level: 'bad', text, facts, advice }
}

/** The file that opens everything else is for its owner only. */
async function checkSecrets({ masterKey, store }: Config): Promise<readonly Finding[]> {
  const path = masterKey.file ?? join(store.dataDir, 'master.key')
  if (!existsSync(path)) return []
  return attempt('masterKey', async () => {
    const { mode } = await stat(path)
    const shown = (mode & 0o777).toString(8)
    const text = say(`${path} 的权限为 ${shown}`, `${path} has mode ${shown}`)
    if ((mode & 0o077) === 0) return { check: 'masterKey', level: 'ok', text }
    const advice = say(`chmod 600 ${path}`, `chmod 600 ${path}`)
    return { check: 'masterKey', level: 'bad', text, advice }
  })
}
