/**
 * A whole message without its envelope: what Handle.Net and id-pointer accept; ID-SDK takes more.
 */
export const messageBytesMax = 262_144

/** A handle in UTF-8, as in Handle.Net. */
export const handleBytesMax = 2048

/**
 * Values in one message, as in Handle.Net; also indexes, references of a value, servers of a site.
 */
export const valueCountMax = 2048

/** Types in one request: each is compared with each value, and real requests have a handful. */
export const typeCountMax = 1024

/** Handles in one message: as many as could fit, since a list is bounded by the message's bytes. */
export const listCountMax = messageBytesMax / 4

/** As Handle.Net's servers: nodes that pass on what they were asked to resolve for somebody. */
export const recursionCountMax = 10
