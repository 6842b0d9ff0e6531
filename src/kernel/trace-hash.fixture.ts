/** The hash of a run: two runs that did the same, in the same order, have the same one. */
export class TraceHash {
  #a = 0x811c9dc5
  #b = 0x1b873593

  add(text: string): void {
    for (let at = 0; at < text.length; at++) this.#word(text.charCodeAt(at))
    this.#word(0x1_0000)
  }

  number(value: number): void {
    this.#word(value | 0)
    this.#word((value / 2 ** 32) | 0)
  }

  get text(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
    return hex(this.#a) + hex(this.#b)
  }

  /** FNV-1a (Fowler, Noll, Vo) in one half, a multiplicative hash that also takes the first half in, in the other. */
  #word(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193)
    this.#b = Math.imul(((this.#b << 5) | (this.#b >>> 27)) ^ word ^ (this.#a >>> 7), 0x9e3779b1)
  }
}
