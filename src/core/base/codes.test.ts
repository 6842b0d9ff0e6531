import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CODES, type CodeEntry, isCode, severityOf } from './codes.ts'

const test = suite('codes')
const ENTRIES: readonly (readonly [string, CodeEntry])[] = Object.entries(CODES)

test('every code says in sentences what happened, what bbw did and what is left to do', () => {
  for (const [code, { title, what, did, can }] of ENTRIES) {
    assert.match(code, /^[IWEC]\d{3}$/)
    assert.match(title, /^\S.*[^.]$/, code)
    for (const words of [what, did]) assert.match(words, /^[A-Za-z].*\.$/, code)
    assert.is.not(can, '', code)
  }
})

test('the number of a code is given once, whatever its severity', () => {
  assert.is(new Set(ENTRIES.map(([code]) => code.slice(1))).size, ENTRIES.length)
})

test('the letter of a code is its severity', () => {
  assert.equal((['I104', 'W103', 'E101', 'C201'] as const).map(severityOf), [
    'info',
    'warning',
    'error',
    'critical',
  ])
})

test('only what is listed is a code', () => {
  assert.ok(isCode('E971'))
  for (const text of ['e971', 'E9', 'E972', '', 'constructor', '__proto__']) assert.not(isCode(text), text)
})

test.run()
