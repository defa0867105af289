import fc from 'fast-check'
import t from 'tap'
import { findBrokenLink, hashAuditRow } from '../../src/evidence/audit-chain.ts'

const start: Buffer = Buffer.alloc(32)

function aRow(seq: number, detail: unknown = { serial: seq }) {
  return {
    seq,
    id: `row-${seq}`,
    at: '2026-11-23T06:00:00.000Z',
    actor: 'c1ient00',
    role: 'enterprise',
    action: 'identifier.created',
    target: `88.118.8/${seq}`,
    detail,
  }
}

function aChain(count: number) {
  let hash: Buffer = start
  return Array.from({ length: count }, (_, at) => {
    const row = aRow(at + 1)
    hash = hashAuditRow(hash, row)
    return { ...row, hash }
  })
}

t.test('a chain is whole from its first row, and from any row within', t => {
  const chain = aChain(5)

  t.equal(findBrokenLink(start, chain), undefined)
  t.equal(findBrokenLink(chain[1]!.hash, chain.slice(2)), undefined)
  t.equal(findBrokenLink(start, []), undefined)
  t.end()
})

t.test('any member of a row changed by hand names that row', t => {
  const chain = aChain(4)
  const members = {
    id: 'other',
    at: '2026-11-23T06:00:00.001Z',
    actor: 'other',
    role: 'operator',
    action: 'identifier.deleted',
    target: '88.118.8/other',
    detail: { serial: 99 },
  }

  for (const [member, value] of Object.entries(members)) {
    const forged = chain.map(row => (row.seq === 3 ? { ...row, [member]: value } : row))
    t.equal(findBrokenLink(start, forged), 3, member)
  }
  t.end()
})

t.test('a row taken out, put in or moved breaks the chain there', t => {
  const [a, b, c, d] = aChain(4) as [Row, Row, Row, Row]
  const inserted = { ...aRow(2), hash: hashAuditRow(a.hash, aRow(2, { put: 'in' })) }

  t.equal(findBrokenLink(start, [a, c, d]), 3)
  t.equal(findBrokenLink(start, [a, inserted, b, c]), 2)
  t.equal(findBrokenLink(start, [a, c, b, d]), 3)
  t.equal(findBrokenLink(start, [b, c, d]), 2)
  t.end()
})

type Row = ReturnType<typeof aChain>[number]

t.test('the order in which a store keeps the members of a detail does not matter', t => {
  const reversed = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([name, member]) => [name, reversed(member)]),
        )
      : value

  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), detail => {
      // As from a store: without what JSON cannot hold.
      const stored = JSON.parse(JSON.stringify(detail))
      const hash = hashAuditRow(start, aRow(1, stored))
      return hash.equals(hashAuditRow(start, aRow(1, reversed(stored))))
    }),
    { numRuns: 200, seed: 2026 },
  )
  t.end()
})
