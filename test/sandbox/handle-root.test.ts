import t, { type Test } from 'tap'
import { systemClock } from '../../src/runtime/clock.ts'
import { openHandleRoot } from '../../src/sandbox/handle-root.ts'
import { type HostileMood, makeMoods } from '../../src/sandbox/hostile.ts'
import { lieAboutSites, makeTopHandles } from '../../src/sandbox/top-handles.ts'
import {
  aFrame,
  aQuestion,
  aTcpClient,
  aUdpClient,
  valuesIn,
} from '../protocols/handle/a-client.ts'

const asOf = '2026-11-23T06:00:00Z'

async function aRoot(t: Test, moods: readonly HostileMood[] = []) {
  const handles = makeTopHandles(asOf)
  const waits: number[] = []
  const root = await openHandleRoot({
    host: '127.0.0.1',
    port: 0,
    find: handles.find,
    lie: lieAboutSites,
    mood: makeMoods(moods),
    clock: { ...systemClock, sleep: async ms => void waits.push(ms) },
  })
  t.teardown(() => root.close())
  handles.rootAt({ address: '127.0.0.1', port: root.port })
  handles.nodeAt({ prefix: '88.118', address: '127.0.0.1', handlePort: 2641, httpPort: 8000 })
  const at = `127.0.0.1:${root.port}`
  const tcp = await aTcpClient(t, at)
  return { at, tcp, waits }
}

function portsIn(answer: Parameters<typeof valuesIn>[0]): readonly number[] {
  const { values } = valuesIn(answer)
  return values.flatMap(({ data }) =>
    data.format === 'site'
      ? data.value.servers.flatMap(({ interfaces }) => interfaces.map(({ port }) => port))
      : [],
  )
}

t.test('the root says where the node below is, and where those below that are kept', async t => {
  const { at, tcp } = await aRoot(t)
  const udp = await aUdpClient(t, at)

  const whole = await tcp.ask(aQuestion('0.NA/88.118'))
  const site = await udp.ask(aQuestion('0.NA/88.118', { types: ['HS_SITE'] }))
  const derived = await tcp.ask(aQuestion('0.na/88.118', { types: ['HS_SITE.PREFIX'] }))

  t.strictSame(
    valuesIn(whole).values.map(({ type }) => type),
    ['HS_SITE', 'HS_SITE.PREFIX'],
  )
  t.strictSame(portsIn(site), [2641, 2641, 8000])
  t.strictSame(portsIn(derived), [2641, 2641, 8000])
})

t.test('what it does not know it says', async t => {
  const { tcp } = await aRoot(t)
  const codeOf = async (frame: Buffer) => (await tcp.ask(frame)).header.responseCode

  t.equal(await codeOf(aQuestion('0.NA/88.999')), 100)
  t.equal(await codeOf(aQuestion('0.NA/88.118', { types: ['URL'] })), 200)
  t.equal(await codeOf(aFrame({ opCode: 100, body: Buffer.alloc(8) })), 5)
  t.equal(await codeOf(aFrame({ opCode: 1, body: Buffer.from([0xff, 0xff, 0xff, 0xff]) })), 4)
  t.equal(await codeOf(aQuestion('88.100/TOP')), 1)
})

t.test('a hostile root fails, repeats itself and lies before it is honest', async t => {
  const { tcp, waits } = await aRoot(t, ['delay', 'error', 'repeat', 'shuffle', 'lie'])
  const ask = () => tcp.ask(aQuestion('0.NA/88.118', { types: ['HS_SITE'] }))

  t.strictSame(portsIn(await ask()), [2641, 2641, 8000])
  t.equal(waits.length, 1, 'late')
  t.equal((await ask()).header.responseCode, 2)
  const once = await ask()
  t.strictSame((await tcp.next()).bytes, once.bytes, 'says it twice')
  t.strictSame(portsIn(await ask()), [2641, 2641, 8000])
  t.equal(waits.length, 2, 'held back')
  t.strictSame(portsIn(await ask()), [9, 9, 9], 'lies')
  t.strictSame(portsIn(await ask()), [2641, 2641, 8000])
})
