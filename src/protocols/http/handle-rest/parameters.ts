import { parse } from 'node:querystring'
import { Refusal } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'

/** Parameters of a request, from its query or its body: every name with all its values. */
export type Parameters = ReadonlyMap<string, readonly string[]>

const parametersMax = 1000

/** A query, or a form: `+` is a plus here, as everywhere in this API. */
export function parseParameters(text: string): Parameters {
  const parsed = parse(text.replaceAll('+', '%2B'), '&', '=', { maxKeys: parametersMax })
  return new Map(Object.entries(parsed).map(([name, value]) => [name, [value ?? ''].flat()]))
}

/** The JSON form of parameters: names and texts, numbers, booleans or lists of these. */
export function parametersOfJson(json: unknown): Parameters {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Refusal(responseCodes.PROTOCOL_ERROR, 'parameters are a JSON object')
  }
  const entries = Object.entries(json).map(([name, value]) => {
    return [name, [value].flat().map(String)] as const
  })
  return new Map(entries)
}

export function first(parameters: Parameters, name: string): string | undefined {
  return parameters.get(name)?.[0]
}

/** Absent is the default; present and empty, `yes` and `true` are true, everything else is false. */
export function flag(parameters: Parameters, name: string, byDefault = false): boolean {
  const text = first(parameters, name)
  return text === undefined ? byDefault : ['', 'yes', 'true'].includes(text.toLowerCase())
}

/** Of a PUT: absent is the default, and only `true` is true. */
export function strictFlag(parameters: Parameters, name: string, byDefault: boolean): boolean {
  const text = first(parameters, name)
  return text === undefined ? byDefault : text.toLowerCase() === 'true'
}

/** @throws Refusal PROTOCOL_ERROR for what is no index */
export function indexesIn(parameters: Parameters): number[] {
  return (parameters.get('index') ?? []).map(text => wholeNumber(text, 'index'))
}

/** @returns undefined when absent. @throws Refusal PROTOCOL_ERROR */
export function numberIn(parameters: Parameters, name: string): number | undefined {
  const text = first(parameters, name)
  return text === undefined ? undefined : wholeNumber(text, name)
}

function wholeNumber(text: string, name: string): number {
  const number = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isInteger(number) && Math.abs(number) < 2 ** 31) return number
  throw new Refusal(responseCodes.PROTOCOL_ERROR, `${name} is a whole number`)
}
