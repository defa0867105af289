import pg from 'pg'
import t from 'tap'
import { isRefusal, spoilsConnection } from '../../../src/storage/postgres/server-error.ts'

const said = [
  { severity: 'ERROR', code: '23505', goesOn: true },
  { severity: '错误', code: '23505', goesOn: true },
  { severity: 'ERROR', code: '57014', goesOn: true },
  { severity: 'FATAL', code: '57P01', goesOn: false },
  { severity: '致命错误', code: '57P01', goesOn: false },
  { severity: 'PANIC', code: 'XX000', goesOn: false },
  { severity: '致命错误', code: '25P03', goesOn: false },
]

for (const { severity, code, goesOn } of said) {
  t.test(`after ${severity} ${code} a session ${goesOn ? 'goes on' : 'is over'}`, async t => {
    const error = Object.assign(new pg.DatabaseError(severity, 0, 'error'), { severity, code })

    t.equal(isRefusal(error), goesOn)
    t.equal(spoilsConnection(error), !goesOn)
  })
}

t.test('what is no answer of the server is no refusal, and spoils its connection', async t => {
  const error = new Error('Query read timeout')

  t.equal(isRefusal(error), false)
  t.equal(spoilsConnection(error), true)
})
