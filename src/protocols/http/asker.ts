import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Action } from '../../access/permissions.ts'
import { anyone, type Caller } from '../../model/caller.ts'
import { Failure } from '../../model/failures.ts'
import { say } from '../../model/text.ts'
import { callerAddress } from './caller-address.ts'
import { certificateOf } from './client-certificate.ts'
import { type ResolveLimits, tooMany } from './limits.ts'
import { demandOwnOrigin } from './own-origin.ts'
import type { HttpParts } from './parts.ts'
import { sessionTokenOf } from './session-cookie.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set before anything of the request is read. */
    caller: Caller
    /** Where the caller is, as limits and logs see it. */
    address: string
    /** The session the caller is known by; absent where there is none, or another credential came. */
    sessionToken: string | undefined
  }
  interface FastifyContextConfig {
    /** What the route lets somebody do, as the permissions name it; `public` asks for nothing. */
    action?: Action | 'public'
  }
}

/** Refused credentials of one address in a minute; more keep the store busy without ever being right. */
const refusedPerMinuteMax = 300
/** Credentials and addresses that are counted at once; the one seen longest ago is forgotten first. */
const countedMax = 20_000

/**
 * Before anything of a request is read: who asks, whether its role may do this at all, and whether it writes too
 * fast. What depends on more than the role is decided where the work is done.
 */
export async function askFirst(
  app: FastifyInstance,
  { authenticate, people, permissions, publicUrl, rates, trustedProxies, clock }: HttpParts,
  limits: ResolveLimits,
): Promise<void> {
  await app.register(cookie)
  await app.register(rateLimit, { global: false, cache: countedMax })
  const countRefused = app.createRateLimit({
    max: refusedPerMinuteMax,
    timeWindow: 60_000,
    keyGenerator: request => request.address,
    allowList: request => limits.isExempt(request.address),
  })
  const countWrite = app.createRateLimit({
    max: () => rates().write,
    timeWindow: 1_000,
    keyGenerator: request => request.caller.id,
    allowList: request => rates().write === 0 || limits.isExempt(request.address),
  })
  const rolesOf = rolesByAction(permissions)

  async function identify(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers
    // Whoever brings a credential is not asked for a cookie.
    if (authorization === undefined) return identifyPerson(request)
    const before = await countRefused(request, { increment: false })
    if (!before.isAllowed && before.remaining <= 0) throw tooMany(before.ttl)
    try {
      return await authenticate(authorization, request.address, clock.now(), () =>
        certificateOf(request.raw),
      )
    } catch (error) {
      if (error instanceof Failure && error.code === 'NOT_AUTHENTICATED')
        await countRefused(request)
      throw error
    }
  }

  /** A cookie of no session, or of one that is over, is no credential at all: what is everybody's stays so. */
  async function identifyPerson(request: FastifyRequest): Promise<Caller> {
    const token = sessionTokenOf(request)
    if (token === undefined) return anyone
    const isOpen = request.routeOptions.config.action === 'resolve'
    const before = await countRefused(request, { increment: false })
    if (!before.isAllowed && before.remaining <= 0) {
      if (isOpen) return anyone
      throw tooMany(before.ttl)
    }
    const session = await findSession(token, isOpen)
    if (session === undefined) {
      await countRefused(request)
      return anyone
    }
    if (!isSafe(request)) demandOwnOrigin(request.headers, publicUrl())
    request.sessionToken = token
    return session.caller
  }

  /** Answers outlive the store, for whoever is logged in too. */
  async function findSession(token: string, isOpen: boolean) {
    try {
      return await people.sessions.find(token)
    } catch (error) {
      const isAway = error instanceof Failure && error.code === 'STORE_AWAY'
      if (isAway && isOpen) return undefined
      throw error
    }
  }

  app.decorateRequest('caller')
  app.decorateRequest('sessionToken', undefined)
  app.decorateRequest('address', '')
  app.addHook('onRequest', async request => {
    request.address = callerAddress(request.raw, trustedProxies())
    request.caller = await identify(request)
    const { action } = request.routeOptions.config
    if (action === undefined || action === 'public') return
    demandRole(request.caller, action, rolesOf)
    if (isWrite(request, action)) {
      const count = await countWrite(request)
      if (!count.isAllowed && count.isExceeded) throw tooMany(count.ttl)
    }
  })
}

/** What anyone may do, without a credential. */
export function openActions(permissions: HttpParts['permissions']): ReadonlySet<string> {
  const open = permissions.matrix().filter(({ role }) => role === anyone.role)
  return new Set<string>(['public', ...open.map(({ action }) => action)])
}

function isWrite(request: FastifyRequest, action: Action): boolean {
  return action !== 'resolve' && !isSafe(request)
}

/** RFC 9110 §9.2.1. */
function isSafe({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function rolesByAction(
  permissions: HttpParts['permissions'],
): ReadonlyMap<Action, Set<Caller['role']>> {
  const roles = new Map<Action, Set<Caller['role']>>()
  for (const { action, role } of permissions.matrix()) {
    roles.set(action, (roles.get(action) ?? new Set()).add(role))
  }
  return roles
}

function demandRole(
  { role }: Caller,
  action: Action,
  rolesOf: ReadonlyMap<Action, Set<Caller['role']>>,
): void {
  if (rolesOf.get(action)?.has(role)) return
  if (role === anyone.role) throw new Failure('NOT_AUTHENTICATED')
  const detail = say(`角色 ${role} 不能执行 ${action}`, `the role ${role} may not do ${action}`)
  throw new Failure('NOT_PERMITTED', detail, { errors: [{ pointer: '', rule: 'role', detail }] })
}
