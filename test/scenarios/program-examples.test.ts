import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { aNode } from '../support/node.ts'
import { findProgram } from '../support/programs.ts'
import { aDataFolder, repositoryFolder } from '../support/store.ts'

interface Example {
  readonly language: string
  /** The command that runs it, in the project's folder. */
  readonly command: readonly [string, ...string[]]
  /** Its runtime, and the line that installs it: a node does without, so these are never required. */
  readonly needs?: { readonly program: string; readonly install: string }
}

const examples: readonly Example[] = [
  {
    language: 'TypeScript',
    command: [process.execPath, 'dist/examples/typescript/qxm.js'],
  },
  {
    language: 'Python',
    command: ['python3', 'examples/python/qxm.py'],
    needs: { program: 'python3', install: 'apt-get install python3' },
  },
  {
    language: 'Java',
    command: ['java', 'examples/java/Qxm.java'],
    // A source file runs by itself where the whole kit is there: the compiler tells.
    needs: { program: 'javac', install: 'apt-get install default-jdk-headless' },
  },
]

/** So few writes a second that every example is told to wait. */
const folder = await aDataFolder(t)
const node = await aNode(t, {
  demo: true,
  folder,
  env: { QXM_RATE_WRITE: '2', QXM_RATE_EXEMPT: '192.0.2.0/24' },
})
const key = readFileSync(join(folder, 'demo', 'enterprise.key'), 'utf8').trim()

for (const { language, command, needs } of examples) {
  const isMissing = needs !== undefined && findProgram(needs.program) === undefined
  t.test(
    `the example in ${language} does what it says, in the words of all`,
    { skip: isMissing && needs.install },
    async t => {
      const said = await run(command, { QXM_URL: node.http, QXM_KEY: key })

      const [, name] =
        /^registered (88\.118\.8\/EX-[0-9a-f]{8})-0 as version "1"$/m.exec(said) ?? []
      t.match(said, /^busy \(TOO_MANY\), again in \d+ s$/m)
      t.match(said, /^registered again: it is there already \(409\)$/m)
      t.match(said, /^changed by somebody else \(412\), reading it again\n(?:busy.*\n)*changed to/m)
      t.match(said, /^changed to version 3 with 3 values$/m)
      t.match(said, /^job done: 3 rows, 2 added, 1 refused$/m)
      t.match(said, /^0\.0\.0\/EX-.*,3,identifier,/m, 'the refused row comes back with its reason')
      t.match(said, `resolved ${name}-0: product, 3 values\n`)
      t.match(said, `resolved ${name}-2: product, 1 values\n`)
      t.match(said, `resolved ${name}-unknown: IDENTIFIER_UNKNOWN\n`)
      t.match(said, `: replaced ${name}-0\n`)
      t.match(said, `: created ${name}-1\n`)
      t.match(said, /^done$/m)
    },
  )
}

t.test('an example ends where the node says no', async t => {
  const env = { QXM_URL: node.http, QXM_KEY: 'qxk_00000000_unknown' }

  await t.rejects(run(['node', 'dist/examples/typescript/qxm.js'], env), {
    code: 1,
    stderr: /401 NOT_AUTHENTICATED/,
  })
})

async function run(
  [program, ...args]: Example['command'],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    cwd: repositoryFolder,
    env: { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', ...env },
  })
  return stdout
}
