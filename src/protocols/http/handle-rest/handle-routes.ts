import { foldAscii } from '../../../model/identifier.ts'
import { Refusal, refusalOf } from '../../handle/refusal.ts'
import { responseCodes } from '../../handle/response-codes.ts'
import { first, flag, indexesIn, numberIn, type Parameters, strictFlag } from './parameters.ts'
import type { RestParts } from './parts.ts'
import { decodePath } from './paths.ts'
import { done, notAllowed, type RestReply } from './reply.ts'
import { bodyParameters, isJson, parseJson, type RestRequest } from './rest-request.ts'
import { readValues, restValue } from './value-json.ts'

/** Handles of one list; more are read page by page. */
const listedMax = 100_000

/** What the API does to handles and to the prefixes homed here, each by its verb and its path behind the area. */
export function makeHandleRoutes({
  desk,
  ask,
  addressOf,
}: Pick<RestParts, 'desk' | 'ask' | 'addressOf'>) {
  async function routeHandles(request: RestRequest, rawHandle: string): Promise<RestReply> {
    const { method } = request
    const handle = decodePath(rawHandle)
    switch (method) {
      case 'GET':
      case 'HEAD':
        return handle === '' ? list(request) : resolve(request, handle, request.parameters)
      case 'POST': {
        const parameters = new Map([...request.parameters, ...bodyParameters(request)])
        return handle === ''
          ? list({ ...request, parameters })
          : resolve(request, handle, parameters)
      }
      case 'PUT':
        return put(request, handle)
      case 'DELETE':
        return remove(request, handle)
      default:
        return notAllowed(method, 'GET, HEAD, POST, PUT, DELETE, OPTIONS')
    }
  }

  async function resolve(
    request: RestRequest,
    handle: string,
    parameters: Parameters,
  ): Promise<RestReply> {
    const { identity } = request
    const publicOnly = flag(parameters, 'publicOnly', identity === undefined)
    try {
      const answer = await ask({
        handle,
        indexes: indexesIn(parameters),
        types: parameters.get('type') ?? [],
        publicOnly,
        mayChallenge: true,
        fresh: flag(parameters, 'auth'),
        identity,
        address: addressOf(request.raw),
      })
      const values = answer.values.map(restValue)
      if (answer.kind === 'values')
        return { status: 200, json: { responseCode: 1, handle, values } }
      if (flag(parameters, 'doNotRefer')) throw new Refusal(responseCodes.SERVER_NOT_RESP)
      const isService = answer.kind === 'service'
      const responseCode = isService
        ? responseCodes.SERVICE_REFERRAL
        : responseCodes.PREFIX_REFERRAL
      return { status: 300, json: { responseCode, handle, referralHandle: '', values } }
    } catch (error) {
      if (refusalOf(error)?.responseCode !== responseCodes.VALUES_NOT_FOUND) throw error
      // Not an error here: the handle is there, and nothing of it was asked for.
      return {
        status: 200,
        json: { responseCode: responseCodes.VALUES_NOT_FOUND, handle, values: [] },
      }
    }
  }

  async function put(request: RestRequest, asked: string): Promise<RestReply> {
    const { parameters, identity } = request
    if (!isJson(request.raw)) {
      throw new Refusal(responseCodes.PROTOCOL_ERROR, 'the body must be application/json')
    }
    const { values, handle: named } = readValues(parseJson(request.body))
    if (named !== undefined && foldAscii(named) !== foldAscii(asked)) {
      throw new Refusal(responseCodes.PROTOCOL_ERROR, 'handle mismatch')
    }
    const overwrite = strictFlag(parameters, 'overwrite', true)
    if (parameters.has('index')) {
      requireSameIndexes(parameters, values)
      const overwrote = await desk.addValues(identity, asked, values, { overwrite })
      return done(asked, overwrote ? 200 : 201)
    }
    const mint = strictFlag(parameters, 'mintNewSuffix', false)
    const { handle, overwrote } = await desk.create(identity, asked, values, { overwrite, mint })
    return done(handle, overwrote ? 200 : 201)
  }

  async function remove({ parameters, identity }: RestRequest, handle: string): Promise<RestReply> {
    if (parameters.has('index')) await desk.removeValues(identity, handle, indexesIn(parameters))
    else await desk.remove(identity, handle)
    return done(handle, 200)
  }

  async function list({ parameters, identity }: RestRequest): Promise<RestReply> {
    const prefix = first(parameters, 'prefix')
    if (prefix === undefined) throw new Refusal(responseCodes.INVALID_HANDLE, 'no handle')
    const [page, pageSize] = [numberIn(parameters, 'page'), numberIn(parameters, 'pageSize')]
    const isPaged = page !== undefined && pageSize !== undefined && page >= 0 && pageSize >= 0
    const from = isPaged ? page * pageSize : 0
    const to = isPaged ? from + Math.min(pageSize, listedMax) : listedMax
    const handles: string[] = []
    let count = 0
    for await (const handle of await desk.list(identity, prefix)) {
      if (count >= from && count < to) handles.push(handle)
      count += 1
      if (!isPaged && count > listedMax) {
        throw new Refusal(responseCodes.ERROR, 'too many for one list: ask by page and pageSize')
      }
    }
    const json = {
      responseCode: 1,
      prefix,
      totalCount: String(count),
      ...(isPaged ? { page, pageSize } : {}),
      handles,
    }
    return { status: 200, json }
  }

  async function routePrefixes(
    { method, identity }: RestRequest,
    rawPrefix: string,
  ): Promise<RestReply> {
    const prefix = decodePath(rawPrefix)
    switch (method) {
      case 'GET':
      case 'HEAD': {
        const prefixes = desk.listHomed(identity)
        return {
          status: 200,
          json: { responseCode: 1, totalCount: String(prefixes.length), prefixes },
        }
      }
      case 'POST':
        await desk.home(identity, prefix)
        return done(prefix, 200)
      case 'DELETE':
        await desk.unhome(identity, prefix)
        return done(prefix, 200)
      default:
        return notAllowed(method, 'GET, HEAD, POST, DELETE, OPTIONS')
    }
  }

  return { routeHandles, routePrefixes }
}

function requireSameIndexes(parameters: Parameters, values: readonly { index: number }[]): void {
  if (first(parameters, 'index') === 'various') return
  const asked = new Set(indexesIn(parameters))
  const isSame = asked.size === values.length && values.every(({ index }) => asked.has(index))
  if (!isSame)
    throw new Refusal(responseCodes.PROTOCOL_ERROR, 'indexes differ from those of the body')
}
