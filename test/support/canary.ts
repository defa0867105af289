/**
 * Preloaded into a node under attack (`node --import`): ends the process as soon as anything was added to or taken from
 * the prototypes that every object inherits. A polluted prototype cannot be seen from outside.
 */
const watched = [Object.prototype, Array.prototype, Function.prototype]
const before = watched.map(prototype => Reflect.ownKeys(prototype).length)

setInterval(() => {
  for (const [position, prototype] of watched.entries()) {
    if (Reflect.ownKeys(prototype).length === before[position]) continue
    process.stderr.write(`canary: ${Reflect.ownKeys(prototype).map(String).join(' ')}\n`)
    process.exit(99)
  }
}, 20).unref()
