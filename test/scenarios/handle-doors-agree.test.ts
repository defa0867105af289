import t from 'tap'
import { ByteReader } from '../../src/protocols/bytes/reader.ts'
import { decodeReferral } from '../../src/protocols/handle/bodies/referral.ts'
import { restValue } from '../../src/protocols/http/handle-rest/value-json.ts'
import { tunnelMediaType } from '../../src/protocols/http/handle-tunnel/tunnel.ts'
import {
  type Answered,
  aQuestion,
  aTcpClient,
  aUdpClient,
  readAnswer,
  valuesIn,
} from '../protocols/handle/a-client.ts'
import { aNode } from '../support/node.ts'

const seed = 4
/** By hand `QXM_TEST_IDENTIFIERS=10000`. */
const identifierCount = Number(process.env['QXM_TEST_IDENTIFIERS'] ?? 1_000)

/** What a door said, whatever its words: values, who to ask, or a kind of no. */
type Said =
  | { readonly values: unknown }
  | { readonly referral: unknown }
  | { readonly no: 'unknown' | 'malformed' | number }

/** Handle REST leaves out the time of what was never written. */
function withoutNever(value: object): object {
  const { timestamp, ...rest } = value as { readonly timestamp?: string }
  return timestamp === '1970-01-01T00:00:00Z' ? rest : value
}

function makeRandom(start: number): (below: number) => number {
  let state = start
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Identifiers of all kinds: known, in other letters, absent, of others, delegated, aliases, codes, broken. */
function randomIdentifiers(code: string): string[] {
  const random = makeRandom(seed)
  const number = (below: number) => 1 + random(below)
  const kinds: (() => string)[] = [
    () => `88.118.8/ABC-${number(220)}`,
    () => `88.118.8/abc-${number(220)}`,
    () => `88.118.8/EQ-${String(number(60)).padStart(3, '0')}`,
    () => `88.118.8/${String.fromCodePoint(0x4e00 + random(0x5000))}/${number(9)}`,
    () => `88.118.9/${number(100)}`,
    () => `${number(99)}.${number(999)}.${number(9)}/x`,
    () => code,
    () => code.toLowerCase(),
    () => `88.118.1/${'0123456789ABCDEFGHJKLMNPQRTUWXY'.slice(random(16)).slice(0, 14)}`,
    () =>
      ['88.118.8', '0.NA/88.118.8', '0.na/88.118', '88.118.77', '0.NA/77.1'][random(5)] as string,
    () => `VAA88.118.8/ABC-${4 * number(40)}`,
    () => `2.999.118.8.${number(60)}`,
    () => `hdl:88.118.8/ABC-${number(200)}`,
    () => ['88.118.8/', '88..8/x', '/x', '88.118.8/a\u202eb', ' '][random(5)] as string,
  ]
  return Array.from({ length: identifierCount }, () =>
    (kinds[random(kinds.length)] as () => string)(),
  )
}

/** Without RECU: what is delegated is referred to on every door. */
function aPlainQuestion(identifier: string): Buffer {
  return aQuestion(identifier, { opFlags: 0x0900_0000 })
}

t.test(
  `JSON, TCP, UDP, REST and the tunnel say the same of ${identifierCount} identifiers`,
  async t => {
    const node = await aNode(t, { demo: true, env: { QXM_CACHE_TTL_SECONDS: '1' } })
    const at = node.node.ready.handle ?? ''
    const tcp = await aTcpClient(t, at)
    const udp = await aUdpClient(t, at)

    async function overJson(identifier: string): Promise<Said> {
      const answer = await fetch(`${node.http}/v1/resolve/${encodeURIComponent(identifier)}`)
      const json = (await answer.json()) as {
        values: object[]
        referral: { sites: { address: string }[] } | null
      }
      if (answer.status === 503) return overJson(identifier)
      if (answer.status === 404) return { no: 'unknown' }
      if (answer.status === 400) return { no: 'malformed' }
      if (answer.status !== 200) return { no: answer.status }
      if (json.referral !== null)
        return { referral: json.referral.sites.map(({ address }) => address) }
      return { values: json.values.map(withoutNever) }
    }

    async function overRest(identifier: string): Promise<Said> {
      const answer = await fetch(`${node.http}/api/handles/${encodeURIComponent(identifier)}`)
      const { responseCode, values } = (await answer.json()) as {
        responseCode: number
        values: { data: { value: { servers: { address: string }[] } } }[]
      }
      if (responseCode === 302) {
        return { referral: values.map(({ data }) => data.value.servers[0]?.address) }
      }
      return saidBy(responseCode, values)
    }

    async function overTunnel(identifier: string): Promise<Said> {
      const body = aPlainQuestion(identifier)
      const answer = await fetch(node.http, {
        method: 'POST',
        headers: { 'content-type': tunnelMediaType },
        body,
      })
      return overHandle(readAnswer(Buffer.from(await answer.arrayBuffer())))
    }

    function overHandle(answer: Answered): Said {
      const { responseCode } = answer.header
      if (responseCode === 302) {
        const { values = [] } = decodeReferral(new ByteReader(answer.body))
        return {
          referral: values.map(
            ({ data }) => data.format === 'site' && data.value.servers[0]?.address,
          ),
        }
      }
      const values = responseCode === 1 ? valuesIn(answer).values : []
      return saidBy(responseCode, JSON.parse(JSON.stringify(values.map(restValue))))
    }

    function saidBy(responseCode: number, values: readonly object[]): Said {
      if (responseCode === 1 || responseCode === 200) return { values }
      if (responseCode === 100 || responseCode === 301) return { no: 'unknown' }
      return { no: responseCode === 102 ? 'malformed' : responseCode }
    }

    const first = (await (await fetch(`${node.http}/v1/resolve/88.118.8/ABC-1`)).json()) as {
      code: string
    }
    const kinds = new Map<string, number>()
    for (const identifier of randomIdentifiers(first.code)) {
      const expected = await overJson(identifier)
      const said = {
        tcp: overHandle(await tcp.ask(aPlainQuestion(identifier))),
        udp: overHandle(await udp.ask(aPlainQuestion(identifier))),
        rest: await overRest(identifier),
        tunnel: await overTunnel(identifier),
      }
      const kind = Object.entries(expected).map(([name, what]) => (name === 'no' ? what : name))[0]
      kinds.set(String(kind), (kinds.get(String(kind)) ?? 0) + 1)
      const { tcp: one, udp: two, rest: three, tunnel: four } = said
      if (!t.same([one, two, three, four], [expected, expected, expected, expected], identifier))
        return
    }

    t.ok(
      [...kinds.values()].every(count => count > 20),
      JSON.stringify([...kinds]),
    )
    t.equal(kinds.size, 4)
  },
)
