import type { Role } from '../model/caller.ts'
import { Failure, invalid } from '../model/failures.ts'
import { requireRegistrable } from '../model/safe-text.ts'
import { say } from '../model/text.ts'

/** A person who may log in. */
export interface Account {
  /** 16 hex digits: the caller's id in audit rows, applications and notices. */
  readonly id: string
  /** As it was written. */
  readonly username: string
  readonly role: PersonRole
  /** The subject they act for, by id. */
  readonly subject: string | null
  /** As `crypto/password-hash.ts` makes it; null until the setup link was used. */
  readonly passwordHash: string | null
  /** The secret of the second factor, sealed; null where the role needs none. */
  readonly totpSealed: Buffer | null
  /** The step of the latest code that was taken. */
  readonly totpStep: number
  /** Keyed hashes, in hex, of the recovery codes that are left. */
  readonly recovery: readonly string[]
  readonly createdAt: Date
  readonly disabledAt: Date | null
}

/** The top-level node is a machine; everybody else may be a person. */
export type PersonRole = Exclude<Role, 'topnode'>

/** `invited` waits for its setup link to be used. */
export type AccountState = 'invited' | 'active' | 'disabled'

export function accountState({
  passwordHash,
  disabledAt,
}: Pick<Account, 'passwordHash' | 'disabledAt'>): AccountState {
  if (disabledAt !== null) return 'disabled'
  return passwordHash === null ? 'invited' : 'active'
}

const rolesWithSecondFactor: readonly Role[] = ['reviewer', 'government', 'operator']

/** Whoever decides over others proves more than a password. */
export function needsSecondFactor(role: Role): boolean {
  return rolesWithSecondFactor.includes(role)
}

/** @throws Failure `INPUT_INVALID` `account.role` */
export function demandRoleForPerson(role: Role): PersonRole {
  if (role !== 'topnode') return role
  const detail = say('顶级节点不是自然人', 'the top-level node is no person')
  throw invalid('/role', 'account.role', detail)
}

/** A setup link is used the same day or made again. */
export const setupLinkMs = 24 * 3_600_000

/** The secret part of a setup link, which is also what one types in where no link can be followed. */
export function makeSetupToken(random: (byteCount: number) => Buffer): string {
  return `qxs_${random(32).toString('base64url')}`
}

export function isSetupToken(text: string): boolean {
  return /^qxs_[\w-]{43}$/.test(text)
}

export const usernameCharsMax = 64

/** A username as it is shown, and the key by which it is found. */
export interface Username {
  readonly text: string
  readonly key: string
}

/**
 * Letters of any script, digits, and `. _ @ -` inside; case and width make no difference.
 * @throws Failure `INPUT_INVALID` with the rule that is broken
 */
export function parseUsername(given: string): Username {
  const text = given.length > usernameCharsMax ? '' : given.normalize('NFKC').trim()
  if (!/^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}._@-]{0,62}[\p{L}\p{M}\p{N}])$/u.test(text)) {
    throw invalid('/username', 'account.username', whatUsernamesAre)
  }
  try {
    requireRegistrable(text)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw invalid('/username', error.errors[0]?.rule ?? 'account.username', error.detail)
  }
  return { text, key: text.toLowerCase() }
}

/** @returns undefined for what is no username, so that nobody has it */
export function readUsername(given: string): Username | undefined {
  try {
    return parseUsername(given)
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

const whatUsernamesAre = say(
  '用户名为 2 至 64 个文字或数字，中间可有 . _ @ -',
  'a username is 2 to 64 letters or digits, with . _ @ - between them',
)

/** NIST SP 800-63B-4 §3.1.1.2 asks for 15 where there is no second factor; people's own tools stop at less. */
const passwordCharsMin = 12
/** Hashing takes the same time for any length; reading does not. */
export const passwordCharsMax = 256
const passwordDifferentMin = 5

/**
 * Long rather than complicated: no classes of characters are demanded.
 * @throws Failure `INPUT_INVALID` with the rule that is broken
 */
export function demandPassword(password: string, username: Username): void {
  const characters = [...password.normalize('NFC')]
  if (characters.length < passwordCharsMin || password.length > passwordCharsMax) {
    throw invalid('/password', 'password.length', howLong)
  }
  if (new Set(characters).size < passwordDifferentMin) {
    throw invalid('/password', 'password.repeated', tooUniform)
  }
  if (password.normalize('NFKC').toLowerCase().includes(username.key)) {
    throw invalid('/password', 'password.username', containsUsername)
  }
}

const howLong = say(
  `密码须有 ${passwordCharsMin} 至 ${passwordCharsMax} 个字符`,
  `a password has ${passwordCharsMin} to ${passwordCharsMax} characters`,
)
const tooUniform = say(
  `密码须有至少 ${passwordDifferentMin} 种不同的字符`,
  `a password has at least ${passwordDifferentMin} different characters`,
)
const containsUsername = say('密码不得包含用户名', 'a password does not contain the username')

/** What is left when the phone with the second factor is lost. */
export const recoveryCodeCount = 10

/** No letters that are mistaken for digits; 50 bits a code. */
const recoveryAlphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

/** @returns `xxxxx-xxxxx`, as it is shown once */
export function makeRecoveryCode(random: (byteCount: number) => Buffer): string {
  const symbols = [...random(10)].map(byte => recoveryAlphabet[byte % recoveryAlphabet.length])
  return `${symbols.slice(0, 5).join('')}-${symbols.slice(5).join('')}`
}

/** What somebody typed as their second factor. */
export type SecondFactor =
  | { readonly kind: 'totp'; readonly code: string }
  | { readonly kind: 'recovery'; readonly code: string }

/** Six digits of the app, or a recovery code; blanks, case and the hyphen are free. */
export function readSecondFactor(given: string): SecondFactor | undefined {
  const text = given.normalize('NFKC').toLowerCase().replace(/[\s-]/g, '')
  if (/^\d{6}$/.test(text)) return { kind: 'totp', code: text }
  if (!/^[a-z2-9]{10}$/.test(text)) return undefined
  return { kind: 'recovery', code: `${text.slice(0, 5)}-${text.slice(5)}` }
}
