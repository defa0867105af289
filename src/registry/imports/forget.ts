import type { StagedRows } from '../staging/parts.ts'
import type { PieceRows } from './pieces.ts'
import type { ImportLists } from './rows.ts'

export interface ForgetParts {
  readonly lists: Pick<ImportLists, 'outlived' | 'forgetBasics' | 'forgetNonces'>
  readonly staged: Pick<StagedRows, 'drop'>
  readonly pieces: Pick<PieceRows, 'drop'>
  readonly now: () => Date
}

/** For so long an applied batch can be taken back, and one that never was received lies in the store. */
const keepDays = 7
/** Of one round: small enough that nobody waits for it. */
const batchesPerRound = 20
const noncesPerRound = 5_000

/**
 * Forgets the files and staged rows of batches that are over, and nonces that nobody can use again. Manifests, receipts and
 * what every row stands on are kept for ever.
 */
export async function forgetOutlived({ lists, staged, pieces, now }: ForgetParts): Promise<void> {
  await lists.forgetNonces(noncesPerRound)
  const before = new Date(now().getTime() - keepDays * 86_400_000)
  for (const id of await lists.outlived(before, batchesPerRound)) {
    while (await staged.drop(id));
    await lists.forgetBasics(id)
    // Last, because by them the batch is found.
    await pieces.drop(id)
  }
}
