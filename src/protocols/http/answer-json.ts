import { permissionsDefault, type Value } from '../../model/value.ts'
import type { Answer, Referral } from '../../resolver/parts.ts'

/** An answer as the bytes of its JSON, in the order people read it. */
export function encodeAnswerJson(answer: Answer): Buffer {
  return Buffer.from(JSON.stringify(answerToJson(answer)))
}

/** The answer with its members in their documented order. */
export function answerToJson(answer: Answer): Record<string, unknown> {
  const { identifier, system, kind, code, values, prefixes, sameAs, referral } = answer
  return {
    identifier,
    system,
    kind,
    code,
    ...(answer.status === undefined ? {} : { status: answer.status }),
    ...(answer.successor === undefined ? {} : { successor: answer.successor }),
    values: values.map(valueToJson),
    prefixes: prefixes.map(({ system, prefix, for: uses }) => ({ system, prefix, for: uses })),
    ...(answer.morePrefixes === undefined ? {} : { morePrefixes: true }),
    sameAs: sameAs.map(({ system, identifier }) => ({ system, identifier })),
    referral: referral === null ? null : referralToJson(referral),
    ...(answer.withheld === undefined ? {} : { withheld: answer.withheld }),
    serial: answer.serial,
    asOf: answer.asOf,
    ttlSeconds: answer.ttlSeconds,
    ...(answer.stale === undefined ? {} : { stale: true }),
  }
}

/** As the Handle REST API writes a value: permissions and references only where they say something. */
export function valueToJson({ index, type, data, ttl, timestamp, permissions, references }: Value) {
  return {
    index,
    type,
    data,
    ttl,
    timestamp,
    ...(permissions === permissionsDefault ? {} : { permissions }),
    ...(references.length === 0 ? {} : { references }),
  }
}

function referralToJson({ prefix, kind, sites }: Referral) {
  return {
    prefix,
    kind,
    sites: sites.map(({ address, protocols, url }) => ({
      address,
      protocols: protocols.map(({ protocol, port }) => ({ protocol, port })),
      ...(url === undefined ? {} : { url }),
    })),
  }
}
