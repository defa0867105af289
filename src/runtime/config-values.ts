import type { Key } from './config-keys.ts'

/** A value of the key's type, or in half a sentence what is wrong. */
export type Reading = { value: unknown; wrong?: undefined } | { value?: undefined; wrong: string }

/** Reads what an operator said to a key: text from the environment or the command line, or what TOML made of it. */
export function readValue(key: Key<unknown>, value: unknown): Reading {
  switch (key.kind) {
    case 'integer': {
      const isDigits = typeof value === 'string' && /^\d{1,15}$/.test(value.trim())
      const number = isDigits ? Number(value) : value
      if (!Number.isSafeInteger(number)) return { wrong: 'must be a whole number' }
      const { min = 0, max = Number.MAX_SAFE_INTEGER, unit = '' } = key
      if (Number(number) >= min && Number(number) <= max) return { value: number }
      return { wrong: `must be from ${min} to ${max} ${unit}`.trimEnd() }
    }
    case 'flag': {
      if (value === true || value === 'true' || value === '1') return { value: true }
      if (value === false || value === 'false' || value === '0') return { value: false }
      return { wrong: 'must be true or false (1 or 0)' }
    }
    case 'choice': {
      const choices = key.choices ?? []
      if (typeof value === 'string' && choices.includes(value)) return { value }
      return { wrong: `must be one of ${choices.join(', ')}` }
    }
    case 'text': {
      if (typeof value !== 'string' || value.trim() === '') return { wrong: 'must be a text' }
      const wrong = key.rule?.(value.trim())
      return wrong === undefined ? { value: value.trim() } : { wrong }
    }
    case 'list':
      return readList(key, value)
  }
}

function readList(key: Key<unknown>, value: unknown): Reading {
  const entries = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(entries) || !entries.every(entry => typeof entry === 'string')) {
    return { wrong: 'must be a list of texts' }
  }
  const texts = entries.map(entry => entry.trim()).filter(entry => entry !== '')
  for (const [index, text] of texts.entries()) {
    const wrong = key.rule?.(text)
    if (wrong !== undefined)
      return { wrong: texts.length > 1 ? `entry ${index + 1} ${wrong}` : wrong }
  }
  return { value: Object.freeze(texts) }
}
