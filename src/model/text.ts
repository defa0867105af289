/** What a person may read, in both languages of the node. Texts for machines (codes, rules) are never translated. */
export interface Text {
  readonly zh: string
  readonly en: string
}

/** Pairs the two languages where a text is written, so that neither can be forgotten. */
export function say(zh: string, en: string): Text {
  return { zh, en }
}
