import { makeRsaKey, makeRsaSigner } from '../crypto/rsa-key.ts'
import { makeSm2Key, publicKeyOfSm2 } from '../crypto/sm2.ts'
import { say } from '../model/text.ts'
import type { PublicJwk } from '../model/value.ts'
import { ByteWriter } from '../protocols/bytes/writer.ts'
import { pemOfPublicKey } from '../protocols/handle/values/pem-key.ts'
import {
  encodePrivateKeyFile,
  pemOfPrivateKey,
  pkcs8OfSm2,
} from '../protocols/handle/values/private-key.ts'
import { encodePublicKey } from '../protocols/handle/values/public-key.ts'
import { type Command, UsageError } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'
import { type NewFile, writeNewFiles } from './write-new-files.ts'

interface MadeKey {
  readonly publicKey: PublicJwk
  /** PKCS#8, DER. */
  readonly pkcs8: Buffer
}

const makers: Readonly<Record<string, () => Promise<MadeKey>>> = { rsa: makeRsa, sm2: makeSm2 }

/** An RSA key of 4096 bits has 2.4 KB. */
const fileBytesMax = 8192

/**
 * A key pair for a Handle administrator, made where it will be used: the node needs its public half only. No DSA: the
 * national SDK signs by SHA-1 with it, for which Java refuses every key that is long enough.
 */
export const keyMake: Command = {
  name: 'key make',
  summary: say(
    '生成 Handle 管理员密钥对，写成各 SDK 能读的文件',
    'make a key pair of a Handle administrator, as files that the SDKs read',
  ),
  arguments: [{ name: 'file' }],
  options: {
    type: { kind: 'text', value: 'rsa|sm2', help: say('类型，默认 rsa', 'rsa by default') },
  },
  async run({ given, arguments: [name = ''], isJson, write, language }) {
    const type = given.text('type') ?? 'rsa'
    const make = Object.hasOwn(makers, type) ? makers[type] : undefined
    if (make === undefined)
      throw new UsageError(say('--type 须为 rsa 或 sm2', '--type is rsa or sm2'))
    const { publicKey, pkcs8 } = await make()
    const files = filesOf(name, publicKey, pkcs8)
    await writeNewFiles(files)
    const value = { type: 'HS_PUBKEY', data: { format: 'key', value: publicKey } }
    const names = Object.entries(files).map(([path, { what }]) => [path, what[language]])
    await write(
      isJson ? json({ files: Object.keys(files), value }) : `${table(names)}\n${json(value)}`,
    )
    return exitCodes.ok
  },
}

async function makeRsa(): Promise<MadeKey> {
  const pkcs8 = await makeRsaKey()
  return { pkcs8, publicKey: makeRsaSigner(pkcs8).publicKey }
}

async function makeSm2(): Promise<MadeKey> {
  const number = makeSm2Key()
  const publicKey = publicKeyOfSm2(number)
  return { publicKey, pkcs8: pkcs8OfSm2(number, publicKey) }
}

function filesOf(
  name: string,
  publicKey: PublicJwk,
  pkcs8: Buffer,
): Readonly<Record<string, NewFile>> {
  const isRsa = publicKey.kty === 'RSA'
  return {
    [`${name}.pem`]: {
      content: pemOfPrivateKey(pkcs8),
      isSecret: true,
      what: say('私钥，PKCS#8，未加密', 'private key, PKCS#8, not enciphered'),
    },
    ...(isRsa && {
      [`${name}.bin`]: {
        content: written(writer => encodePrivateKeyFile(writer, pkcs8)),
        isSecret: true,
        what: say(
          '私钥，Handle.Net 格式，未加密',
          "private key, Handle.Net's form, not enciphered",
        ),
      },
    }),
    [`${name}.pub.pem`]: {
      content: pemOfPublicKey(publicKey),
      isSecret: false,
      what: say('公钥', 'public key'),
    },
    [`${name}.pub.bin`]: {
      content: written(writer => encodePublicKey(writer, publicKey)),
      isSecret: false,
      what: say('公钥，HS_PUBKEY 的数据', 'public key, the data of an HS_PUBKEY'),
    },
  }
}

function written(encode: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(fileBytesMax)
  encode(writer)
  return writer.taken()
}
