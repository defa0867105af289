import type { Text } from '../model/text.ts'
import type { Environment } from './command.ts'

export type Language = keyof Text

export function isLanguage(text: string | undefined): text is Language {
  return text === 'zh' || text === 'en'
}

/**
 * The language of a terminal, as POSIX has it: `LC_ALL` over `LC_MESSAGES` over `LANG`. Chinese where nothing is said
 * (`C` and `POSIX` say nothing), English for readers of neither, as the HTTP door does it.
 */
export function languageOfTerminal(env: Environment): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || ''
  const tag = locale.split(/[_.@]/)[0]?.toLowerCase() ?? ''
  return ['', 'c', 'posix', 'zh'].includes(tag) ? 'zh' : 'en'
}
