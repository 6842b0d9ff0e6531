import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { glyphsOf, shown } from './glyphs.ts'
import { widthOf } from './width.ts'

const test = suite('glyphs')

test('blocks are drawn in a locale of UTF-8 alone, and not on the console', () => {
  const cases: readonly (readonly [{ readonly [name: string]: string }, boolean])[] = [
    [{ LANG: 'en_US.UTF-8', TERM: 'xterm' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_ALL: '', LC_CTYPE: 'de_DE.UTF-8' }, true],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{ LANG: 'en_US.UTF-8', TERM: 'linux' }, false],
    [{}, false],
  ]
  for (const [env, isUnicode] of cases) assert.is(glyphsOf(env).isUnicode, isUnicode, JSON.stringify(env))
})

test('every sign takes one cell, and the plain ones are ASCII', () => {
  for (const glyphs of [glyphsOf({ LANG: 'C.UTF-8' }), glyphsOf({})]) {
    const { levels, cut, chosen, rule, up, down, isUnicode } = glyphs
    for (const sign of [...levels, cut, chosen, rule, up, down]) {
      assert.is(widthOf(sign), 1)
      if (!isUnicode) assert.is(shown(sign, glyphs), sign)
    }
  }
})

test('letters that cannot be shown become question marks', () => {
  assert.is(shown('币安USDT → 1', glyphsOf({})), '????USDT ? 1')
  assert.is(shown('币安USDT → 1', glyphsOf({ LANG: 'C.UTF-8' })), '币安USDT → 1')
})

test.run()
