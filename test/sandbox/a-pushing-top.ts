import { join } from 'node:path'
import { send, signDelivery } from '../../src/sandbox/deliver.ts'
import { makeGrant } from '../../src/sandbox/grant.ts'
import { openIdentity } from '../../src/sandbox/identity.ts'
import { openJournal } from '../../src/sandbox/journal.ts'
import { publish, push } from '../../src/sandbox/push.ts'
import { exampleRows } from '../../src/sandbox/rows.ts'
import { nodePrefix, topFolderOf } from '../../src/sandbox/top-folder.ts'
import type { Wrong } from '../../src/sandbox/wrongs.ts'

const prefix = '88.118.8'
const rowCount = 3

/** The hands of a sandbox's top-level node; it may sign and publish before anything runs. */
export async function aPushingTop(dataFolder: string, imports = '') {
  const folder = topFolderOf(join(dataFolder, 'sandbox'))
  const now = () => new Date()
  const identity = await openIdentity(folder, now())
  const journal = await openJournal(folder)
  const parts = { identity, journal, imports, target: nodePrefix, now }

  async function example() {
    const sent = await journal.sent()
    return { identifiers: exampleRows(prefix, sent.rowCount + 1, rowCount) }
  }

  return {
    journal,

    /** Signs a grant, on which all that follows stands. */
    async grant(lifeSeconds: number) {
      const scope = {
        source: '86',
        target: nodePrefix,
        prefixes: [prefix],
        tables: ['identifiers'],
      }
      const facts = { ...scope, rows: 1_000, lifeSeconds }
      const signed = await makeGrant(facts, identity.signer, now())
      const sent = await journal.sent()
      await journal.write({ ...sent, authorization: signed.id, prefixes: [prefix] })
      return signed
    },

    /** Hands a grant in at the import port. */
    handIn(jws: string) {
      const delivery = signDelivery(
        { url: `${imports}/v1/grants`, mediaType: 'application/jose', body: Buffer.from(jws) },
        identity.signer,
        now().getTime(),
      )
      return send(delivery, identity.client, identity.authority)
    },

    publish: async () => publish(parts, { parts: await example(), exampleCount: rowCount }),

    push: async (wrong?: Wrong) =>
      push(parts, { parts: await example(), wrong, prefix, exampleCount: rowCount }),
  }
}
