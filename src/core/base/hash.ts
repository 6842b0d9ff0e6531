const C1 = 0x239b961b
const C2 = 0xab0e9789
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93

const encoder = new TextEncoder()

/** Four unsigned 32-bit words. */
export type HashWords = readonly [number, number, number, number]

/**
 * The 128-bit hash of a text as four unsigned 32-bit words: MurmurHash3 x86_128 with seed 0 over its UTF-8 bytes
 * (Austin Appleby 2011, public domain). Equal on every machine and in every version. Spreads well and collides
 * only by chance, but is no protection against somebody who wants a collision.
 */
export function hashWords(text: string): HashWords {
  const bytes = encoder.encode(text)
  const length = bytes.length
  const whole = length - (length % 16)
  let h1 = 0
  let h2 = 0
  let h3 = 0
  let h4 = 0
  for (let at = 0; at < whole; at += 16) {
    h1 ^= spread(wordAt(bytes, at), C1, 15, C2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= spread(wordAt(bytes, at + 4), C2, 16, C3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= spread(wordAt(bytes, at + 8), C3, 17, C4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= spread(wordAt(bytes, at + 12), C4, 18, C1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  // What is left is read as one more block whose missing bytes are 0: a word of 0 changes nothing.
  h1 ^= spread(wordAt(bytes, whole), C1, 15, C2)
  h2 ^= spread(wordAt(bytes, whole + 4), C2, 16, C3)
  h3 ^= spread(wordAt(bytes, whole + 8), C3, 17, C4)
  h4 ^= spread(wordAt(bytes, whole + 12), C4, 18, C1)

  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = avalanche(h1)
  h2 = avalanche(h2)
  h3 = avalanche(h3)
  h4 = avalanche(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  return [h1 >>> 0, h2 >>> 0, h3 >>> 0, h4 >>> 0]
}

/** The same hash (`hashWords`) as 32 lower-case hexadecimal digits. */
export function hashText(text: string): string {
  const [a, b, c, d] = hashWords(text)
  return hex(a) + hex(b) + hex(c) + hex(d)
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}

/** Little-endian; bytes past the end count as 0. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}

function spread(word: number, before: number, by: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), by), after)
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
