import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commands } from '../../src/cli/commands.ts'
import { aNode } from '../support/node.ts'
import { runIn } from './a-terminal.ts'

const node = await aNode(t, { demo: true })
const list = join(t.testdir(), 'identifiers.txt')
const qxm = (...argv: string[]) => runIn(commands, argv, { QXM_URL: node.http, QXM_KEY: node.key })

t.test('records to test load with are made, asked for, and taken back as one', async t => {
  const made = await qxm('bench', 'data', '88.118.77', '--records', '1200', '--out', list, '--json')

  t.equal(made.code, 0)
  const { id, counts } = JSON.parse(made.stdout)
  t.equal(counts.added, 1200)
  t.equal(readFileSync(list, 'utf8').trimEnd().split('\n').length, 1200)
  t.match(made.stderr, new RegExp(`qxm undo ${id}`))

  const asked = await qxm('bench', '--from', list, '--via', 'http', '--seconds', '1', '--json')
  t.equal(asked.code, 0, asked.stderr)
  const { loaded, load } = JSON.parse(asked.stdout)
  t.equal(load.identifierCount, 1200)
  t.equal(loaded.unknownCount, 0)

  const again = await qxm('bench', 'data', '88.118.77', '--records', '1200', '--json')
  t.equal(JSON.parse(again.stdout).counts.unchanged, 1200, 'the prefix may be there already')

  await qxm('undo', id, '--wait')
  t.equal((await qxm('resolve', '88.118.77/LOAD-7')).code, 3)
})

t.test('past the caches every answer is fetched', async t => {
  const asked = await qxm(
    ...['bench', '88.118.8/ABC-1', '--via', 'http', '--cold', '--seconds', '1', '--json'],
  )

  t.equal(asked.code, 0, asked.stderr)
  t.match(JSON.parse(asked.stdout), { name: /cold/, loaded: { errorCount: 0, unknownCount: 0 } })
})

t.test('how many is checked', async t => {
  t.equal((await qxm('bench', 'data', '88.118.77', '--records', '0')).code, 2)
})
