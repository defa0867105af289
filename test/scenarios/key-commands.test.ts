import t from 'tap'
import { aNode } from '../support/node.ts'
import { aDataFolder } from '../support/store.ts'
import { runProgram } from './a-program.ts'

interface ShownKey {
  readonly purpose: string
  readonly version: number
  readonly state: string
  readonly kcv: string
}

t.test('keys are changed by the same commands, whether a node runs or not', async t => {
  const folder = await aDataFolder(t)
  const env = { QXM_DATA_DIR: folder, LANG: 'en_US.UTF-8' }
  const run = async (...words: string[]) => {
    const { code, stdout, stderr } = await runProgram(['key', ...words, '--json'], env)
    t.equal(code, 0, stderr)
    return JSON.parse(stdout) as ShownKey[]
  }
  const node = await aNode(t, { folder })

  const second = await run('rotate', 'code', '--algorithm', 'aes-256')
  await node.stop()
  const third = await run('rotate')
  const retired = await run('retire', 'code', '1', '--leaked')
  const destroyed = await run('destroy', 'code', '1', '--confirm', retired[0]?.kcv ?? '')
  const listed = await run('list')
  await (await aNode(t, { folder })).stop()
  const whole = await runProgram(['restore', '--check'], env)

  t.match(second, [{ purpose: 'code', version: 2, algorithm: 'aes-256', state: 'active' }])
  t.match(third, [{ purpose: 'code', version: 3, algorithm: 'sm4', state: 'active' }])
  t.match(retired, [{ version: 1, state: 'retired', leaked: true }])
  t.match(destroyed, [{ version: 1, state: 'destroyed', leaked: true }])
  t.strictSame(
    listed
      .filter(({ purpose }) => purpose === 'code')
      .map(({ version, state }) => [version, state]),
    [
      [1, 'destroyed'],
      [2, 'active'],
      [3, 'active'],
    ],
  )
  t.notMatch(JSON.stringify(listed), /[0-9a-f]{32}/, 'no key is shown')
  t.equal(whole.code, 0, 'the audit rows are part of the chain')
})
