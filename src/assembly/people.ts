import { randomBytes } from 'node:crypto'
import { makeSetupToken, readUsername } from '../access/accounts.ts'
import { makeGate, verifications } from '../access/gate.ts'
import { makeAddressDelays } from '../access/login-delays.ts'
import { hashPassword, isPassword } from '../crypto/password-hash.ts'
import { makeSealing } from '../crypto/sealing.ts'
import { describeTotp, makeTotpSecret, totpStepOf } from '../crypto/totp.ts'
import { invalid } from '../model/failures.ts'
import { say, type Text } from '../model/text.ts'
import type { People } from '../protocols/http/parts.ts'
import { setupUrl } from '../protocols/http/setup-url.ts'
import { viewAccount } from '../registry/people/account-rows.ts'
import { makeAccounts } from '../registry/people/accounts.ts'
import { makeLoginMetrics } from '../registry/people/metrics.ts'
import type { PeopleSecrets, PeopleTransactions } from '../registry/people/parts.ts'
import { makeSessions } from '../registry/people/sessions.ts'
import { makeSetup } from '../registry/people/setup.ts'
import { symbolPath } from '../services/labels/label-svg.ts'
import { drawSymbol, quietModules } from '../services/labels/symbol.ts'
import { accountReads, makeAccountLists } from '../storage/postgres/accounts.ts'
import type { Database } from '../storage/postgres/database.ts'
import { sessionReads } from '../storage/postgres/sessions.ts'
import type { Keys } from './keys.ts'
import type { BuildParts } from './parts.ts'
import type { Reading } from './reading.ts'

/** People: who may log in, how they begin, and who is logged in. */
export async function openPeople(
  { clock, metrics, publicUrl }: Pick<BuildParts, 'clock' | 'metrics' | 'publicUrl'>,
  database: Database,
  keys: Pick<Keys, 'store' | 'hashApiKey'>,
  {
    permissions,
    directory,
    names,
  }: Pick<Reading, 'permissions' | 'names'> & {
    readonly directory: Pick<Reading['directory'], 'subjectByCode'>
  },
  transactions: PeopleTransactions,
): Promise<People> {
  const reads = { ...accountReads(database), ...sessionReads(database) }
  const secrets = await openSecrets(keys)
  const lists = makeAccountLists(database)
  const gate = makeGate(verifications)
  const now = () => clock.now()
  const makeId = () => randomBytes(8).toString('hex')
  const common = {
    transactions,
    reads,
    secrets,
    gate,
    totpStepOf,
    random: randomBytes,
    now,
    makeId,
    makeTotpSecret: () => makeTotpSecret(randomBytes),
  }

  return {
    accounts: makeAccounts({
      ...common,
      makeToken: seed =>
        makeSetupToken(
          seed === undefined ? randomBytes : () => keys.hashApiKey(`setup link|${seed}`),
        ),
      demand: (caller, action) => permissions.demand(caller, action, {}),
      subjectIdByCode(text) {
        const subject = directory.subjectByCode(names.parse(text, 'code').text)
        if (subject !== undefined) return subject.id
        throw invalid('/subject', 'subject.unknown', noSubject)
      },
    }),
    setup: makeSetup({ ...common, hashPassword }),
    sessions: makeSessions({
      ...common,
      addresses: makeAddressDelays(),
      isPassword,
      makeSetupToken: () => makeSetupToken(randomBytes),
      onLogin: makeLoginMetrics(metrics),
    }),
    lists: {
      async accounts(page, username) {
        // What is no username is nobody's.
        const key = username === undefined ? undefined : (readUsername(username)?.key ?? '')
        const { items, next } = await lists.accounts(page, key)
        return { items: items.map(viewAccount), next }
      },
    },
    showTotp(secret, username) {
      const { hostname } = new URL(publicUrl())
      const described = describeTotp(secret, { issuer: hostname, username })
      const symbol = drawSymbol(described.uri, 'M')
      return { ...described, path: symbolPath(symbol), across: symbol.modules + 2 * quietModules }
    },
  }
}

async function openSecrets({ store, hashApiKey }: Pick<Keys, 'store' | 'hashApiKey'>) {
  const { key } = await store.getOrMake('dek', 'accounts', 'sealing')
  const sealing = makeSealing({ dek: key, profile: 'gm', random: randomBytes })
  const place = (of: string) => ({ handle: of, field: 'accounts.totp', version: 1 })
  return {
    hash: (purpose, text) => hashApiKey(`${purpose}|${text}`),
    sealTotp: (secret, of) => sealing.seal(secret, place(of)),
    unsealTotp: (sealed, of) => sealing.unseal(sealed, place(of)),
  } satisfies PeopleSecrets
}

const noSubject = say('没有此企信码的主体', 'no subject has this code')

/**
 * A first start that nobody can operate says how somebody can: on the terminal, not in the log, because whoever has the
 * link becomes the operator.
 */
export async function welcomeOperator(
  {
    clock,
    publicUrl,
    isWorker = false,
  }: Pick<BuildParts, 'clock' | 'publicUrl'> & {
    readonly isWorker?: boolean
  },
  { accounts }: Pick<People, 'accounts'>,
  remark: (text: Text) => void,
): Promise<void> {
  const welcome = await accounts.welcome(new Date(clock.now()))
  if (welcome?.kind === 'made') {
    const { token, until } = welcome.link
    const link = setupUrl(publicUrl(), token)
    remark(
      say(
        `尚无运维方：首个打开此链接的人将成为运维方（只能使用一次，有效至 ${until}）\n  ${link}`,
        `no operator yet: whoever opens this link first becomes it (once, until ${until})\n  ${link}`,
      ),
    )
  }
  // Its siblings have just been told.
  if (welcome?.kind === 'waiting' && !isWorker) {
    const until = welcome.until.toISOString()
    remark(
      say(
        `尚无运维方：此前启动时给出的设置链接有效至 ${until}；如需新链接，请运行 qxm user setup-link`,
        `no operator yet: the setup link of an earlier start is good until ${until}; for a new one: qxm user setup-link`,
      ),
    )
  }
}
