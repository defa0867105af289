import { type DestinationStream, destination, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** From the quietest to the loudest; `silent` writes nothing. */
export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * Fields that never reach a log whoever puts them there, at the top and one level down. The first defence is not to
 * log them; this is the second.
 */
const secretFields = [
  'authorization',
  'cookie',
  'key',
  'masterKey',
  'bootstrapKey',
  'password',
  'secret',
  'token',
  'databaseUrl',
  'redisUrl',
]

export interface LogOptions {
  readonly level: LogLevel
  /** Standard error unless said: standard output belongs to the ready line. */
  readonly stream?: DestinationStream
}

/** What JSON leaves as it is and a terminal may obey: DEL, the C1 controls, line separators, marks that turn the direction. */
const unsafeCharacters = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * One JSON object a line: `level` as a word, `time` in RFC 3339, `msg` short and constant, the rest as fields.
 * Control characters arrive escaped, so no text of a stranger can forge a line or drive a terminal.
 */
export function makeLog({ level, stream }: LogOptions): Logger {
  const out = stream ?? destination({ fd: 2, sync: true })
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: label => ({ level: label }) },
      redact: {
        paths: secretFields.flatMap(field => [field, `*.${field}`]),
        censor: '[secret]',
      },
    },
    { write: line => out.write(line.replace(unsafeCharacters, escapeCharacter)) },
  )
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
