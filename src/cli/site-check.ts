import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rsaBits } from '../crypto/rsa-key.ts'
import { say } from '../model/text.ts'
import type { Reference } from '../model/value.ts'
import { openAdministrator } from '../protocols/handle/client/administer.ts'
import type { LoginKey } from '../protocols/handle/client/answer-challenge.ts'
import { ServerAway } from '../protocols/handle/client/server-away.ts'
import { responseCodes } from '../protocols/handle/response-codes.ts'
import { pkcs8OfPem, sm2NumberOf } from '../protocols/handle/values/private-key.ts'
import { systemClock } from '../runtime/clock.ts'
import { hostAndPort } from '../runtime/ready.ts'
import { type Command, UsageError } from './command.ts'
import { configOptions } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { answerMsMax, placeOf, serverOption, unreachable } from './handle-server.ts'
import { json } from './print.ts'

export const siteCheck: Command = {
  name: 'site check',
  summary: say(
    '以密钥登录 Handle 服务器，验证密钥可用',
    'log in to a Handle server, to see that a key works there',
  ),
  options: {
    key: {
      kind: 'text',
      value: 'FILE',
      help: say('私钥文件（PKCS#8，RSA 或 SM2）', 'the private key (PKCS#8, RSA or SM2)'),
    },
    as: {
      kind: 'text',
      value: 'INDEX:HANDLE',
      help: say('公钥所在的值，如 300:88.118.8/ADMIN', 'the value that holds its public half'),
    },
    ...serverOption,
    ...configOptions,
  },
  async run(call) {
    const { given, language, isJson, write } = call
    const as = keyNameIn(given.text('as') ?? '')
    const key = await readKey(given.text('key') ?? '')
    const { address, port } = placeOf(call)
    const clock = systemClock
    using administrator = openAdministrator({
      ...{ place: { address, port }, as, key, clock },
      random: randomBytes,
      attemptTimeoutMs: answerMsMax,
    })
    try {
      const responseCode = await administrator.logIn(AbortSignal.timeout(answerMsMax))
      const isIn = responseCode === responseCodes.SUCCESS
      const text = isIn
        ? say('已登录', 'logged in')
        : say(`未能登录（${responseCode}）`, `not logged in (${responseCode})`)
      await write(isJson ? json({ responseCode }) : `${as.index}:${as.handle}  ${text[language]}\n`)
      return isIn ? exitCodes.ok : exitCodes.refused
    } catch (error) {
      throw error instanceof ServerAway ? unreachable(hostAndPort(address, port), error) : error
    }
  },
}

function keyNameIn(text: string): Reference {
  const [, index, handle] = /^(\d{1,9}):(.+)$/.exec(text) ?? []
  if (index !== undefined && handle !== undefined) return { index: Number(index), handle }
  throw new UsageError(say('--as 须为 序号:标识', '--as is index:handle'))
}

/** @throws UsageError */
async function readKey(file: string): Promise<LoginKey> {
  const pkcs8 = pkcs8OfPem(await readFile(file, 'utf8').catch(() => ''))
  const number = pkcs8 && sm2NumberOf(pkcs8)
  if (number !== undefined) return { kind: 'sm2', number }
  if (pkcs8 !== undefined && rsaBits(pkcs8) !== undefined) return { kind: 'rsa', pkcs8 }
  throw new UsageError(
    say(
      `--key ${file} 不是未加密的 RSA 或 SM2 私钥（PEM，PKCS#8）`,
      `--key ${file} is no RSA or SM2 private key (PEM, PKCS#8, not enciphered)`,
    ),
  )
}
