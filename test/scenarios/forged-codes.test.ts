import { createHash } from 'node:crypto'
import t from 'tap'
import { checkSymbolOf, codeAlphabet } from '../../src/model/code.ts'
import { codePrefix } from '../support/builders.ts'
import { aNode, type RunningNode } from '../support/node.ts'

const batchSize = 1_000
const batches = 20

t.test(
  '20 000 random codes with a right check symbol: none is taken, none reaches the store',
  async t => {
    const node = await aNode(t, { demo: true })
    const lookUpsBefore = await storeLookUps(node)

    const refusals = new Map<string, number>()
    for (let batch = 0; batch < batches; batch++) {
      for (const { status, code } of await resolveAll(node, guesses(batch))) {
        const refusal = `${status} ${code}`
        refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1)
      }
    }

    t.strictSame([...refusals], [['404 IDENTIFIER_UNKNOWN', batchSize * batches]])
    t.equal(await storeLookUps(node), lookUpsBefore, 'the store was not asked once')
    const genuine = `${codePrefix}/1NEKL7R8AHD54B`
    const asked = await fetch(`${node.http}/v1/resolve/${genuine}`, {
      headers: { 'cache-control': 'no-cache' },
    })
    t.equal(asked.status, 404)
    t.equal(await storeLookUps(node), lookUpsBefore + 1, 'and is asked by who passes memory by')
  },
)

/** Random bodies, the same in each run; the version is the one that is known, so that only the body tells. */
function guesses(batch: number): string[] {
  return Array.from({ length: batchSize }, (_, at) => {
    const bytes = createHash('sha256').update(`${batch} ${at}`).digest()
    const body = [...bytes.subarray(0, 12)].map(byte => codeAlphabet[byte % codeAlphabet.length])
    const symbols = `1${body.join('')}`
    return `${codePrefix}/${symbols}${checkSymbolOf(symbols)}`
  })
}

async function resolveAll(node: RunningNode, identifiers: readonly string[]) {
  const response = await fetch(`${node.http}/v1/resolve:batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifiers }),
  })
  const { answers } = (await response.json()) as { answers: { status: number; code: string }[] }
  return answers
}

/** Questions for which memory did not do. */
async function storeLookUps({ ops }: RunningNode): Promise<number> {
  const metrics = await (await fetch(`${ops}/metrics`)).text()
  const counts = metrics.matchAll(/^qxm_resolve_total\{source="store",.*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}
