import pg from 'pg'
import t from 'tap'
import { makeSession } from '../../../src/storage/postgres/server-session.ts'

const beginning = 'begin isolation level read committed'

/** A pipelined connection: what was asked of it, in order, and answers that the test gives. */
function aConnection() {
  const asked: string[] = []
  const answers: { resolve(result: object): void; reject(error: Error): void }[] = []
  const corks: boolean[] = []
  const stream = {
    writableCorked: 0,
    cork() {
      corks.push(true)
      stream.writableCorked++
    },
    uncork() {
      corks.push(false)
      stream.writableCorked--
    },
  }
  const client = {
    pipeline: true,
    connection: { stream },
    query({ text }: { text: string }) {
      asked.push(text)
      return new Promise((resolve, reject) => answers.push({ resolve, reject }))
    },
  }
  const session = makeSession(client as never as pg.Client, {
    nameOf: () => undefined,
    statementTimeoutMs: 900,
    serverNow: () => 0,
  })
  return { session, asked, answers, corks }
}

const turn = () => new Promise(setImmediate)
const done = { rows: [], command: '' }

t.test('the first questions travel with the beginning of a transaction', async t => {
  const { session, asked, corks } = aConnection()

  session.begin(beginning)
  void session.queries.query('select 1')
  void session.queries.query('select 2')
  await turn()

  t.same(asked, [beginning, 'select 1', 'select 2'])
  t.same(corks, [true, false], 'in one write')
})

t.test('nothing that writes leaves before the beginning is known to hold', async t => {
  const { session, asked, answers } = aConnection()

  session.begin(beginning)
  void session.queries.query('select 1')
  session.queries.send('insert into a', [])
  void session.queries.query('select 2')
  await turn()
  t.same(asked, [beginning, 'select 1'])

  answers[0]?.resolve(done)
  await turn()
  t.same(asked, [beginning, 'select 1', 'insert into a', 'select 2'], 'in the order of asking')
})

t.test(
  'a refused beginning fails its questions, and what would have written never leaves',
  async t => {
    const { session, asked, answers } = aConnection()
    const refused = new pg.DatabaseError('refused', 7, 'error')

    session.begin(beginning)
    const answer = session.queries.query('select 1')
    session.queries.send('insert into a', [])
    answers[0]?.reject(refused)
    answers[1]?.resolve(done)

    await t.rejects(answer, { message: /refused/ })
    await t.rejects(session.end('commit'), { message: /refused/ })
    t.same(asked, [beginning, 'select 1'])
  },
)

t.test('a single statement that nobody waits for is a transaction by itself', async t => {
  const { session, asked, answers } = aConnection()

  session.begin(beginning)
  session.queries.send('insert into a', [])
  await turn()
  t.same(asked, [], 'another one may follow')
  const ending = session.end('commit')
  await turn()
  answers[0]?.resolve(done)

  t.equal(await ending, 'COMMIT')
  t.same(asked, ['insert into a'])
})

t.test('what its unique key refuses is told as its sender wants it', async t => {
  const { session, answers } = aConnection()
  const refused = Object.assign(new pg.DatabaseError('taken', 5, 'error'), { code: '23505' })

  session.begin(beginning)
  session.queries.send('insert into a', [], () => new Error('it is there already'))
  const ending = session.end('commit')
  await turn()
  answers[0]?.reject(refused)

  await t.rejects(ending, { message: 'it is there already' })
})

t.test('a second statement begins the transaction, and both wait for that', async t => {
  const { session, asked, answers } = aConnection()

  session.begin(beginning)
  session.queries.send('insert into a', [])
  session.queries.send('insert into b', [])
  await turn()
  t.same(asked, [beginning])
  answers[0]?.resolve(done)
  await turn()

  t.same(asked, [beginning, 'insert into a', 'insert into b'])
})

t.test('what fails before its first statement has left costs the server nothing', async t => {
  const { session, asked } = aConnection()

  session.begin(beginning)
  session.queries.send('insert into a', [])

  t.equal(await session.end('rollback'), 'ROLLBACK')
  t.same(asked, [])
})
