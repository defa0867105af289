import { readFile } from 'node:fs/promises'
import { say } from '../model/text.ts'
import { UsageError } from './command.ts'

/**
 * The JSON object that a file holds; a byte order mark is passed over, because Windows editors leave one.
 * @throws UsageError that names the file and what is wrong with it
 */
export async function readJsonFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw unreadable(path, cause)
  })
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    if (isObject(value)) return value
  } catch (cause) {
    throw unreadable(path, cause)
  }
  throw new UsageError(say(`${path} 须为一个 JSON 对象`, `${path} holds no JSON object`))
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(path: string, cause: unknown): UsageError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new UsageError(say(`无法读取 ${path}：${why}`, `cannot read ${path}: ${why}`))
}
