import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hashText, hashWords } from './hash.ts'

const test = suite('hash')

test('the published values of MurmurHash3 x86_128 are met', () => {
  const published: readonly (readonly [string, string])[] = [
    ['', '00000000000000000000000000000000'],
    ["I will not buy this tobacconist's, it is scratched.", '9b5b7ba2ef3f7866889adeaf00f3f98e'],
  ]
  for (const [text, expected] of published) assert.is(hashText(text), expected, text)
})

test('the text form is always 32 lower-case hexadecimal digits of the four words', () => {
  for (let i = 0; i < 2_000; i++) {
    const text = hashText(`x${i}`)
    assert.match(text, /^[0-9a-f]{32}$/)
    const words = hashWords(`x${i}`)
    for (let w = 0; w < 4; w++) assert.is(Number.parseInt(text.slice(8 * w, 8 * w + 8), 16), words[w])
  }
})

test('100,000 similar ids have different hashes, and hardly ever share a single 32-bit word', () => {
  const whole = new Set<string>()
  const words = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()]
  const n = 100_000
  for (let i = 0; i < n; i++) {
    const id = `grid-long:BTCUSDT:${1_700_000_000_000 + i * 60_000}:${i % 3}`
    whole.add(hashText(id))
    hashWords(id).forEach((word, w) => {
      words[w].add(word)
    })
  }
  assert.is(whole.size, n)
  // Chance alone gives n^2 / 2^33 = 1.2 equal pairs in each word.
  for (const lane of words) assert.ok(n - lane.size < 10, `${n - lane.size} equal words`)
})

test('one changed character changes about half of the bits', () => {
  let changed = 0
  const n = 2_000
  for (let i = 0; i < n; i++) {
    const a = hashWords(`order-${i}-entry`)
    const b = hashWords(`order-${i}-entrx`)
    for (let w = 0; w < 4; w++) changed += ones(a[w] ^ b[w])
  }
  const share = changed / (n * 128)
  assert.ok(share > 0.49 && share < 0.51, `share ${share}`)
})

test('texts beyond ASCII and of every length up to three blocks differ from their neighbours', () => {
  const seen = new Set<string>()
  for (let length = 0; length < 48; length++) {
    seen.add(hashText('a'.repeat(length)))
    seen.add(hashText(`${'a'.repeat(length)}é`))
    seen.add(hashText(`${'a'.repeat(length)}\u0000`))
  }
  assert.is(seen.size, 3 * 48)
})

function ones(word: number): number {
  let count = 0
  for (let rest = word >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++
  return count
}

test.run()
