import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { REFUSALS, refusalOf, restOfAnything, restOfEntry } from './refusal.ts'

const test = suite('refusals')

test('a kind is known by its name, and what has no name that somebody treats is of no kind', () => {
  for (const one of REFUSALS) assert.is(refusalOf(one), one)
  for (const other of ['busy', 'network', 'unreadable', 'duplicate-id', '', undefined]) {
    assert.is(refusalOf(other), undefined)
  }
})

test('after every refused entry something rests, for a time that ends, and is told once', () => {
  for (const kind of [...REFUSALS, undefined]) {
    const ofEntry = restOfEntry(kind)
    const ofAnything = kind === undefined ? null : restOfAnything(kind)
    // A key that is not accepted is for a person, and halts.
    if (kind === 'credentials') {
      assert.equal([ofEntry, ofAnything], [null, null])
      continue
    }
    assert.is([ofEntry, ofAnything].filter(rest => rest !== null).length, 1, String(kind))
    const span = (ofEntry ?? ofAnything)?.span ?? 0
    assert.ok(span > 0 && Number.isFinite(span), String(kind))
  }
})

test('what is about one symbol leaves the others alone', () => {
  const scopes = (...kinds: readonly (typeof REFUSALS)[number][]) => [
    ...new Set(kinds.map(kind => (restOfEntry(kind) ?? restOfAnything(kind))?.scope)),
  ]
  assert.equal(scopes('small', 'large', 'risk', 'price', 'parameters', 'symbol', 'auction', 'gone'), [
    'symbol',
  ])
  assert.equal(scopes('too-many', 'balance', 'account', 'position-mode', 'rate', 'banned'), ['account'])
})

test.run()
