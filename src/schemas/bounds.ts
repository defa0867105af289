/**
 * Bounds of the items, in characters. The standard has none; without them one field could fill a body. Each is well
 * above what registers and licences hold.
 */

/** Types, brands, models, states: a word or a few. */
export const wordCharsMax = 100
/** Names of people, bodies and goods; registers stop at about 100. */
export const nameCharsMax = 200
/** A postal address with building and floor. */
export const addressCharsMax = 300
/** An identifier of any system has at most 255 bytes. */
export const identifierCharsMax = 255
/** A product follows several standards at once, each with number and title. */
export const standardsCharsMax = 1_000
/** Needs and loans in a person's own words: about two pages. */
export const proseCharsMax = 4_000
/** Scopes of business on licences run to some thousands of characters. */
export const scopeCharsMax = 10_000

/** A working day's movement: older stock, attendance or cases say nothing about today. */
export const dailySeconds = 86_400
