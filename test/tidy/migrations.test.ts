import { createHash } from 'node:crypto'
import path from 'node:path'
import t from 'tap'
import { filesIn, read } from './tree.ts'

/**
 * The migrations that some release has had, as `sha256sum` writes them. A release adds its new ones:
 *
 *     cd migrations && sha256sum *.sql > released.sha256
 */
const releasedFile = 'migrations/released.sha256'

const files = filesIn('migrations', file => file.endsWith('.sql'))
const names = files.map(file => path.posix.basename(file))

t.test('migrations are numbered from 0001 without gaps', async t => {
  t.ok(names.length > 0)
  for (const [index, name] of names.entries()) {
    t.match(
      name,
      new RegExp(`^${String(index + 1).padStart(4, '0')}-[a-z0-9]+(-[a-z0-9]+)*\\.sql$`),
    )
  }
})

t.test('each migration begins by saying why', async t => {
  for (const file of files) t.match(read(file), /^-- \S/, file)
})

t.test('a released migration is never edited, and never taken away', async t => {
  for (const { sha256, name } of released()) {
    t.ok(names.includes(name), `${name} is still there`)
    if (!names.includes(name)) continue
    const found = createHash('sha256')
      .update(read(`migrations/${name}`))
      .digest('hex')
    t.equal(found, sha256, `${name} is as it was released: write a new migration instead`)
  }
})

t.test('a release has a first part of the migrations, not some of them', async t => {
  t.same(
    released().map(({ name }) => name),
    names.slice(0, released().length),
  )
})

function released(): { sha256: string; name: string }[] {
  return read(releasedFile)
    .split('\n')
    .flatMap(line => {
      const [, sha256, name] = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line) ?? []
      return sha256 === undefined || name === undefined ? [] : [{ sha256, name }]
    })
}
