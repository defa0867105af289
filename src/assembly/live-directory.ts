import { PrefixDirectory } from '../mapping/directory.ts'

/** The directory, in which a code whose key was destroyed is nobody's, as if it had never been issued. */
export class LiveDirectory extends PrefixDirectory {
  readonly #isLost: (code: string) => boolean

  /**
   * @param nodePrefix as of {@link PrefixDirectory}, like `seed`
   * @param isLost whether a code, as a whole identifier, names a key there is not
   */
  constructor(nodePrefix: string, seed: number, isLost: (code: string) => boolean) {
    super(nodePrefix, seed)
    this.#isLost = isLost
  }

  override subjectByCode(code: string) {
    return this.#isLost(code) ? undefined : super.subjectByCode(code)
  }
}
