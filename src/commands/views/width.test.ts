import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cut, padded, widthOf, wrapped } from './width.ts'

const test = suite('width of texts')

test('wide letters take two cells, marks none', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['', 0],
    ['BTCUSDT', 7],
    ['币安人生USDT', 12],
    ['한글', 4],
    ['e\u0301', 1],
    ['a\u200bb', 2],
    ['→…Ω', 3],
    ['🚀', 2],
  ]
  for (const [text, width] of cases) assert.is(widthOf(text), width, text)
})

test('a text is cut to its width, with a mark, and never within a wide letter', () => {
  assert.is(cut('BTCUSDT', 7, '…'), 'BTCUSDT')
  assert.is(cut('BTCUSDT', 4, '…'), 'BTC…')
  assert.is(cut('币安人生', 4, '…'), '币…')
  assert.is(cut('币安人生', 5, '~'), '币安~')
  assert.equal([cut('BTC', 1, '…'), cut('BTC', 0, '…'), cut('BTC', -3, '…')], ['…', '', ''])
})

test('a text is filled up on either side', () => {
  assert.equal(
    [padded('币', 4, false), padded('1.5', 5, true), padded('long', 2, true)],
    ['币  ', '  1.5', 'long'],
  )
})

test('a text is broken at blanks, and within a word that is longer than a line', () => {
  assert.equal(wrapped('the price is below the band', 12), ['the price is', 'below the', 'band'])
  assert.equal(wrapped('abcdefgh ij', 3), ['abc', 'def', 'gh', 'ij'])
  assert.equal(wrapped('', 10), [])
  for (const width of [0, 1, 2, 7]) {
    for (const line of wrapped('币安 abcdef 生', width)) assert.ok(widthOf(line) <= Math.max(2, width))
  }
})

test.run()
