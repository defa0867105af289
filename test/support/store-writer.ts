import { openEmbedded } from '../../src/storage/postgres/embedded.ts'

/**
 * Writes to an embedded store until it is killed, and says what was acknowledged: a number a line. Each
 * number stands in two rows of one transaction. Started as a process by tests.
 */
const [folder, first] = process.argv.slice(2)
const database = await openEmbedded({ folder })
await database.exec('create table if not exists written (n int4, half int4)')
let next = Number(first)

async function write(): Promise<void> {
  for (;;) {
    const n = next++
    await database.transaction(async queries => {
      await queries.query('insert into written values ($1, 1)', [n])
      await queries.query('insert into written values ($1, 2)', [n])
    })
    console.log(n)
  }
}

await Promise.all([write(), write(), write(), write()])
