import type { Caller } from '../../model/caller.ts'

const idStart = 'topnode:'

/** Who writes what a source's batches say: nobody logs in as it. */
export function importerOf(source: string): Caller {
  return { id: idStart + source, role: 'topnode', subject: null, prefixes: [] }
}

/** Whether something was filed by a batch and not by somebody with a credential. */
export function isImporter(id: string): boolean {
  return id.startsWith(idStart)
}
