import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type LifeParts, makeLife } from '../../src/cli/life.ts'

t.test('the first signal ends in order, the second at once', async t => {
  const { life, send, exits } = aLife()

  send('SIGTERM')
  t.equal(await life.ended, 'SIGTERM')
  t.same(exits, [])
  await sleep(550)
  send('SIGINT')

  t.same(exits, [130])
})

t.test('a signal that comes twice at the same moment is one', async t => {
  const { send, exits } = aLife()

  send('SIGINT')
  send('SIGINT')

  t.same(exits, [])
})

t.test('who does not end in time is ended', async t => {
  const { send, exits } = aLife({ closeMsMax: 30 })

  send('SIGTERM')
  await sleep(80)

  t.same(exits, [1])
})

t.test('SIGHUP reloads, and ends when the terminal has gone', async t => {
  let hasTerminal = true
  let reloads = 0
  const { life, send } = aLife({ hasTerminal: () => hasTerminal })
  life.onReload(() => reloads++)

  send('SIGHUP')
  t.equal(reloads, 1)
  t.notOk(life.isEnding)
  hasTerminal = false
  send('SIGHUP')

  t.equal(await life.ended, 'SIGHUP')
  t.equal(reloads, 1)
})

function aLife(more: Partial<LifeParts> = {}) {
  const process = new EventEmitter()
  const exits: number[] = []
  const life = makeLife({
    log: { error: () => undefined },
    closeMsMax: 5_000,
    hasTerminal: () => false,
    signals: {
      on: (signal, listener) => process.on(signal, listener),
      exit: code => void exits.push(code),
    },
    ...more,
  })
  return { life, exits, send: (signal: NodeJS.Signals) => void process.emit(signal, signal) }
}
