import { rm } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { makeServerFolder } from './programs.ts'

/** A server that a test can do without, or not: `QXM_TEST_REQUIRE=1` turns its absence into a failure. */
export interface Needed {
  readonly name: string
  /** Undefined when it is there, else the line that installs what is missing. */
  missing(): string | undefined
}

/** A test that needs servers of the machine: skipped by name, with the line that installs them. */
export function testWith(
  t: Test,
  needed: readonly Needed[],
  name: string,
  run: (t: Test) => Promise<unknown>,
): void {
  const missing = needed.map(need => need.missing()).find(line => line !== undefined)
  if (missing === undefined) {
    t.test(name, run)
  } else if (process.env['QXM_TEST_REQUIRE'] === '1') {
    t.test(name, async t => t.fail(`QXM_TEST_REQUIRE=1, and something is missing: ${missing}`))
  } else {
    t.test(name, { skip: missing }, async () => undefined)
  }
}

/** A folder of {@link makeServerFolder}, removed after the test file. */
export async function aServerFolder(name: string): Promise<string> {
  const folder = await makeServerFolder(name)
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}
