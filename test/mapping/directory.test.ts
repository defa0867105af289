import t from 'tap'
import { PrefixDirectory } from '../../src/mapping/directory.ts'
import { anIdentifier, aPrefix, aSubject, nodePrefix } from '../support/builders.ts'

function aDirectory(...prefixes: readonly ReturnType<typeof aPrefix>[]) {
  const directory = new PrefixDirectory(nodePrefix)
  directory.learn({ prefixes, subjects: [] })
  return directory
}

t.test('the longest prefix is responsible, label by label', t => {
  const directory = aDirectory(aPrefix('88.118.8'), aPrefix('88.118.80'))
  const matched = (text: string) => directory.match(anIdentifier(text))?.prefix

  t.equal(matched('88.118.8/x'), '88.118.8')
  t.equal(matched('88.118.8.5/x'), '88.118.8')
  t.equal(matched('88.118.80/x'), '88.118.80')
  t.equal(matched('88.118.81/x'), undefined)
  t.end()
})

t.test('gs1 matches digit by digit, oid arc by arc', t => {
  const directory = aDirectory(
    aPrefix('6901234', { system: 'gs1' }),
    aPrefix('69012345', { system: 'gs1' }),
    aPrefix('2.999.1', { system: 'oid' }),
  )
  const matched = (text: string) => directory.match(anIdentifier(text))?.prefix

  t.equal(matched('01/06901234567892'), '69012345')
  t.equal(matched('01/06901234000016'), '6901234')
  t.equal(matched('2.999.1.7'), '2.999.1')
  t.equal(matched('2.999.10'), undefined)
  t.end()
})

t.test('the node’s prefix answers for itself and for nothing unallotted', t => {
  const directory = aDirectory(aPrefix('88'), aPrefix(nodePrefix), aPrefix('88.118.8'))
  const matched = (text: string) => directory.match(anIdentifier(text))?.prefix

  t.equal(matched('88.118/x'), nodePrefix)
  t.equal(matched('0.NA/88.118'), nodePrefix)
  t.equal(matched('88.118.8/x'), '88.118.8')
  t.equal(matched('88.118.77/x'), undefined)
  t.equal(matched('88.5/x'), '88')
  t.end()
})

t.test('a code lies under the handle prefix it was issued under', t => {
  const directory = aDirectory(aPrefix('88.118.1'))

  t.equal(directory.match(anIdentifier('1XJRACLXEEWEA9'))?.prefix, '88.118.1')
  t.equal(directory.find('code', '88.118.1'), directory.find('handle', '88.118.1'))
  t.end()
})

t.test('a subject’s prefixes are its enabled ones, in order, and follow a hand-over', t => {
  const oid = aPrefix('2.999.1', { system: 'oid', owner: 'alpha' })
  const directory = aDirectory(
    oid,
    aPrefix('88.118.9', { owner: 'alpha' }),
    aPrefix('88.118.8', { owner: 'alpha' }),
    aPrefix('88.118.7', { owner: 'alpha', state: 'awaiting' }),
  )
  const of = (id: string) => directory.prefixesOf(id).map(({ prefix }) => prefix)
  const before = of('alpha')

  directory.learn({ prefixes: [{ ...oid, owner: 'beta', epoch: 2 }], subjects: [] })

  t.strictSame(before, ['88.118.8', '88.118.9', '2.999.1'])
  t.strictSame(of('alpha'), ['88.118.8', '88.118.9'])
  t.strictSame(of('beta'), ['2.999.1'])
  t.strictSame(of('gamma'), [])
  t.end()
})

t.test('a row read earlier never replaces one read later, whoever learns last', t => {
  const directory = aDirectory()
  const newer = aPrefix('88.118.8', { owner: 'beta', epoch: 5 })
  const older = aPrefix('88.118.8', { owner: 'alpha', epoch: 4 })

  directory.learn({
    prefixes: [newer],
    subjects: [aSubject('alpha', { epoch: 3, status: 'revoked' })],
  })
  directory.learn({ prefixes: [older], subjects: [aSubject('alpha', { epoch: 2 })] })

  t.equal(directory.find('handle', '88.118.8')?.owner, 'beta')
  t.strictSame(directory.prefixesOf('alpha'), [])
  t.match(directory.subject('alpha'), { status: 'revoked', epoch: 3 })
  t.equal(directory.subjectEpoch('alpha'), 3)
  t.end()
})

t.test('a subject is found by its id and by its code', t => {
  const directory = aDirectory()
  const subject = aSubject('alpha', { code: '88.118.1/1XJRACLXEEWEA9', epoch: 3 })

  directory.learn({ prefixes: [], subjects: [subject] })

  t.equal(directory.subject('alpha'), subject)
  t.equal(directory.subjectByCode('88.118.1/1XJRACLXEEWEA9'), subject)
  t.equal(directory.subjectByCode('88.118.1/other'), undefined)
  t.equal(directory.subjectEpoch('alpha'), 3)
  t.equal(directory.subjectEpoch('nobody'), 0)
  t.equal(directory.subjectEpoch(null), 0)
  t.end()
})
