import type { Text } from '../../model/text.ts'

export type Language = keyof Text

/** Longer headers say nothing more about two languages. */
const acceptLanguageCharsMax = 200

/**
 * Which of our two languages somebody reads rather (RFC 9110 §12.5.4): Chinese when nothing is said or anything goes,
 * English for readers of neither.
 */
export function languageOf(acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined || acceptLanguage.trim() === '') return 'zh'
  const ranges = acceptLanguage.slice(0, acceptLanguageCharsMax).split(',')
  let best: Language = 'en'
  let bestQuality = 0
  for (const range of ranges) {
    const [tag = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const language = languages[tag.split('-')[0] ?? '']
    const quality = qualityOf(parameters)
    if (language !== undefined && quality > bestQuality) {
      best = language
      bestQuality = quality
    }
  }
  return best
}

const languages: Readonly<Record<string, Language>> = Object.assign(Object.create(null), {
  zh: 'zh',
  en: 'en',
  '*': 'zh',
})

/** The weight of a range (RFC 9110 §12.4.2); one that cannot be read counts as refused. */
export function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
  if (text === undefined) return 1
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0
}
