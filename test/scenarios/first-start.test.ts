import t from 'tap'
import { aDataFolder } from '../support/store.ts'
import { asking, settle, tokenOf } from './a-browser.ts'
import { aProgram, runProgram } from './a-program.ts'

t.test('a first start shows the link on the terminal and not in the log', async t => {
  const folder = await aDataFolder(t)
  const program = await aProgram(t, [], { QXM_DATA_DIR: folder })
  const { ready } = program
  const shown = program.log().join('\n')
  const [link = ''] = /http\S+#qxs_\S+/.exec(shown) ?? []

  t.equal(link.startsWith(`${ready.http}/setup#`), true)
  t.equal(program.output().length, 1, 'the ready line alone')
  const events = program.log().filter(line => line.startsWith('{'))
  t.notMatch(events.join('\n'), tokenOf(link))
  const renewed = await runProgram(['user', 'setup-link', '--json'], { QXM_DATA_DIR: folder })
  const { setup } = JSON.parse(renewed.stdout)
  t.match(await asking(ready, {})('POST', '/setup', { token: tokenOf(link) }), { status: 403 })
  const { ask } = await settle(ready, setup.link, { username: 'zhang.san' })
  t.match(await ask('GET', '/v1/accounts'), { status: 200 })
  const run = (...words: string[]) => runProgram(['user', ...words], { QXM_DATA_DIR: folder })
  t.match(await run('create', 'li.si', '--role', 'reviewer'), { code: 0, stdout: '/setup#qxs_' })
  t.match(await run('disable', 'li.si', '--lang', 'en'), { code: 0, stdout: 'disabled li.si' })
  t.match(await run('list', '--lang', 'en'), { stdout: /li\.si +reviewer +- +disabled/ })
  t.match(await run('disable', 'nobody', '--lang', 'en'), { code: 3, stderr: 'no user "nobody"' })
  program.kill('SIGTERM')
  await program.ended
})
