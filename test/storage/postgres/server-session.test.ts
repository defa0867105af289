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
  const session = makeSession(client as never as pg.Client, () => undefined, 900)
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
