import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { basename } from 'node:path'
import { thumbprintOfCertificate } from '../crypto/certificate.ts'
import type { CertificateKind, Issued, Named } from '../crypto/pki.ts'
import { say } from '../model/text.ts'
import { type Call, type Command, type Given, type Options, UsageError } from './command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { json, table } from './print.ts'
import { type NewFile, refuseTaken, writeNewFiles } from './write-new-files.ts'

/** Ten years: whoever trusts an authority has to be told of the next one. */
const authorityDaysDefault = 3650
/** A year and a month, as browsers still take it. */
const daysDefault = 397
const daysMax = 36_500
const bitsChoices = ['2048', '3072', '4096'] as const
const textFileBytesMax = 65_536

/** Loaded by who runs it only: it is larger than all the other commands together. */
const loadPki = () => import('../crypto/pki.ts')

const fileArgument = { name: 'file' } as const

const daysOption = {
  days: { kind: 'text', value: 'N', help: say('有效天数', 'days it is valid') },
} as const satisfies Options

const bitsOption = {
  bits: {
    kind: 'text',
    value: bitsChoices.join('|'),
    help: say('RSA 密钥位数，默认 3072', 'bits of the RSA key, 3072 by default'),
  },
} as const satisfies Options

const nameOption = {
  name: {
    kind: 'text',
    value: 'NAME',
    help: say(
      '证书名称（CN），默认为文件名',
      "the certificate's name (CN), that of the file by default",
    ),
  },
} as const satisfies Options

const authorityOption = {
  ca: {
    kind: 'text',
    value: 'FILE',
    help: say('证书颁发机构：FILE.pem 与 FILE.key', 'the authority: FILE.pem and FILE.key'),
  },
} as const satisfies Options

const namesOptions = {
  host: {
    kind: 'texts',
    value: 'NAME',
    help: say('域名或地址，可重复', 'a DNS name or address; may be repeated'),
  },
  uri: {
    kind: 'texts',
    value: 'URI',
    help: say('URI，如 urn:topnode:86，可重复', 'a URI such as urn:topnode:86; may be repeated'),
  },
} as const satisfies Options

export const pkiAuthority: Command = {
  name: 'pki ca',
  summary: say(
    '生成证书颁发机构（RSA），供小规模安装与测试使用',
    'make a certificate authority (RSA) for a small installation or for tests',
  ),
  arguments: [fileArgument],
  options: { ...nameOption, ...daysOption, ...bitsOption },
  async run(call) {
    const [file = ''] = call.arguments
    refuseTaken([`${file}.pem`, `${file}.key`])
    const { makeAuthority } = await loadPki()
    const made = await makeAuthority({
      ...bitsIn(call.given),
      name: nameIn(call.given, file),
      now: new Date(),
      days: daysIn(call.given, authorityDaysDefault),
    })
    return finish(call, issuedFiles(file, made), made.certificate)
  },
}

export const pkiServer = certificateCommand(
  'server',
  say(
    '签发服务器证书；没有 --ca 时生成证书请求',
    'issue a server certificate; without --ca make a request for one',
  ),
)

export const pkiClient = certificateCommand(
  'client',
  say(
    '签发客户端证书；没有 --ca 时生成证书请求',
    'issue a client certificate; without --ca make a request for one',
  ),
)

export const pkiSign: Command = {
  name: 'pki sign',
  summary: say(
    '按证书请求（.csr）签发证书，名称以请求为准',
    'sign a request (.csr): a certificate for the names that it asks for',
  ),
  arguments: [{ name: 'request' }],
  options: {
    ...authorityOption,
    for: {
      kind: 'text',
      value: 'server|client',
      help: say('证书用途', 'what the certificate is for'),
    },
    out: {
      kind: 'text',
      value: 'FILE',
      help: say('写入的文件，默认 REQUEST.pem', 'the file to write, REQUEST.pem by default'),
    },
    ...daysOption,
  },
  async run(call) {
    const [file = ''] = call.arguments
    const kind = call.given.text('for')
    if (kind !== 'server' && kind !== 'client') {
      throw new UsageError(say('--for 须为 server 或 client', '--for is server or client'))
    }
    const authority = await readAuthority(call.given)
    const issuing = { now: new Date(), days: daysIn(call.given, daysDefault) }
    const { signRequest } = await loadPki()
    const signed = await signRequest(authority, kind, await readText(file), issuing)
    if (signed === undefined) {
      throw new UsageError(
        say(
          `${file} 不是以自身 RSA 密钥签名的证书请求`,
          `${file} is no request that its own RSA key has signed`,
        ),
      )
    }
    const out = call.given.text('out') ?? `${file.replace(/\.csr$/, '')}.pem`
    return finish(call, { [out]: certificateFile(signed.certificate) }, signed.certificate)
  },
}

export const pkiPkcs12: Command = {
  name: 'pki p12',
  summary: say(
    '把证书、私钥与颁发机构打包为一个 PKCS#12 文件',
    'put a certificate, its key and its authority into one PKCS#12 file',
  ),
  arguments: [fileArgument],
  options: {
    ...authorityOption,
    'password-file': {
      kind: 'text',
      value: 'FILE',
      help: say(
        '口令文件：第一行，8 至 128 个 ASCII 字符',
        'file with the password: its first line, 8 to 128 ASCII characters',
      ),
    },
  },
  async run(call) {
    const [file = ''] = call.arguments
    const own = await readIssued(file)
    const password = await readPassword(call.given)
    const ca = call.given.text('ca')
    const authorities = ca === undefined ? [] : [await readText(`${ca}.pem`)]
    const { makePkcs12 } = await loadPki()
    const content = makePkcs12(own, authorities, password, basename(file))
    const what = say('证书与私钥，以口令加密', 'certificate and key, enciphered by the password')
    return finish(call, { [`${file}.p12`]: { content, isSecret: true, what } }, own.certificate)
  },
}

function certificateCommand(kind: CertificateKind, summary: Command['summary']): Command {
  return {
    name: `pki ${kind}`,
    summary,
    arguments: [fileArgument],
    options: {
      ...authorityOption,
      ...nameOption,
      ...namesOptions,
      ...daysOption,
      ...bitsOption,
    },
    async run(call) {
      const [file = ''] = call.arguments
      const named = { ...namedIn(call.given, file), ...bitsIn(call.given) }
      refuseTaken(['pem', 'csr', 'key'].map(ending => `${file}.${ending}`))
      if (kind === 'server' && named.hosts.length === 0) {
        throw new UsageError(
          say(
            '服务器证书须有 --host',
            'a server certificate needs --host: clients look at nothing else',
          ),
        )
      }
      if (!call.given.has('ca')) {
        const { makeRequest } = await loadPki()
        const { request, key } = await makeRequest(named)
        return finish(call, {
          [`${file}.csr`]: {
            content: request,
            isSecret: false,
            what: say('证书请求，送颁发机构签发', 'request, for the authority to sign'),
          },
          [`${file}.key`]: keyFile(key),
        })
      }
      const authority = await readAuthority(call.given)
      const issuing = { now: new Date(), days: daysIn(call.given, daysDefault) }
      const { issue } = await loadPki()
      const made = await issue(authority, kind, { ...named, ...issuing })
      return finish(call, issuedFiles(file, made), made.certificate)
    },
  }
}

/** Writes the files and says what they are; of a certificate also what pins and dates are taken from. */
async function finish(
  { isJson, write, language }: Call,
  files: Readonly<Record<string, NewFile>>,
  certificate?: string,
): Promise<ExitCode> {
  await writeNewFiles(files)
  const facts = certificate === undefined ? {} : shownFacts(certificate)
  const lines = Object.entries(files).map(([path, { what }]) => [path, what[language]])
  await write(
    isJson
      ? json({ files: Object.keys(files), ...facts })
      : table([...lines, ...Object.entries(facts)]),
  )
  return exitCodes.ok
}

function shownFacts(pem: string): Readonly<Record<string, string>> {
  const certificate = new X509Certificate(pem)
  const { subject, subjectAltName, validTo } = certificate
  return {
    subject,
    ...(subjectAltName !== undefined && { names: subjectAltName }),
    until: new Date(validTo).toISOString(),
    'x5t#S256': thumbprintOfCertificate(certificate),
  }
}

function issuedFiles(file: string, { certificate, key }: Issued) {
  return { [`${file}.pem`]: certificateFile(certificate), [`${file}.key`]: keyFile(key) }
}

function certificateFile(content: string): NewFile {
  return { content, isSecret: false, what: say('证书', 'certificate') }
}

function keyFile(content: string): NewFile {
  const what = say('私钥，PKCS#8，未加密', 'private key, PKCS#8, not enciphered')
  return { content, isSecret: true, what }
}

function nameIn(given: Given, file: string): string {
  const name = given.text('name') ?? basename(file)
  if (name.trim() !== '' && name.length <= nameCharactersMax) return name
  throw new UsageError(
    say(
      `--name 须为 1 至 ${nameCharactersMax} 个字符`,
      `--name has 1 to ${nameCharactersMax} characters`,
    ),
  )
}

/** ub-common-name, RFC 5280 appendix A. */
const nameCharactersMax = 64

function namedIn(given: Given, file: string): Named & { readonly hosts: readonly string[] } {
  const [hosts, uris] = [given.texts('host'), given.texts('uri')]
  const wrongHost = hosts.find(
    host => !isIP(host) && !/^(\*\.)?[\w-]{1,63}(\.[\w-]{1,63})*$/.test(host),
  )
  const wrong = wrongHost ?? uris.find(uri => !URL.canParse(uri) || !/^[\x21-\x7e]+$/.test(uri))
  if (wrong !== undefined) {
    throw new UsageError(
      say(`${wrong} 不是域名、地址或 URI`, `${wrong} is no name, address or URI`),
    )
  }
  return { name: nameIn(given, file), hosts, uris }
}

function bitsIn(given: Given): { readonly bits: number } {
  const text = given.text('bits') ?? '3072'
  const bits = bitsChoices.find(each => each === text)
  if (bits !== undefined) return { bits: Number(bits) }
  const choices = bitsChoices.join(', ')
  throw new UsageError(say(`--bits 须为 ${choices} 之一`, `--bits is one of ${choices}`))
}

function daysIn(given: Given, byDefault: number): number {
  const text = given.text('days') ?? String(byDefault)
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= daysMax) return days
  throw new UsageError(say(`--days 须为 1 至 ${daysMax}`, `--days is from 1 to ${daysMax}`))
}

async function readAuthority(given: Given): Promise<Issued> {
  const file = given.text('ca')
  if (file === undefined) throw new UsageError(say('须有 --ca', '--ca is needed'))
  const authority = await readIssued(file)
  if (new X509Certificate(authority.certificate).ca) return authority
  throw new UsageError(
    say(`${file}.pem 不是颁发机构的证书`, `${file}.pem is not the certificate of an authority`),
  )
}

async function readIssued(file: string): Promise<Issued> {
  const issued = { certificate: await readText(`${file}.pem`), key: await readText(`${file}.key`) }
  const { belongTogether } = await loadPki()
  if (belongTogether(issued)) return issued
  throw new UsageError(
    say(
      `${file}.key 不是 ${file}.pem 的 RSA 私钥`,
      `${file}.key is not the RSA key of ${file}.pem`,
    ),
  )
}

async function readPassword(given: Given): Promise<string> {
  const file = given.text('password-file')
  if (file === undefined) {
    throw new UsageError(say('须有 --password-file', '--password-file is needed'))
  }
  const { isPkcs12Password } = await loadPki()
  const [password = ''] = (await readText(file)).split(/\r?\n/)
  if (isPkcs12Password(password)) return password
  throw new UsageError(
    say(
      `${file} 的第一行须为 8 至 128 个 ASCII 字符`,
      `the first line of ${file} has 8 to 128 ASCII characters`,
    ),
  )
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(say(`无法读取 ${path}：${why}`, `cannot read ${path}: ${why}`))
  })
  if (text.length <= textFileBytesMax) return text
  throw new UsageError(say(`${path} 过大`, `${path} is too large`))
}
