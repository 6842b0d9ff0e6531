import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OBSTACLE, REFUSALS, type Refusal, type Rest, refusalOf } from './refusal.ts'
import { asking } from './rules.fixture.ts'

const test = suite('refusals')
const ask = asking()

const ofEntry = (kind: Refusal | undefined, isLate = false): Rest | 'halt' | null =>
  ask(OBSTACLE, { kind: kind ?? null, symbol: 'SOLUSDT', isLate })
const ofAnything = (kind: Refusal): Rest | 'halt' | null =>
  ask(OBSTACLE, { kind, symbol: null, isLate: false })

test('a kind is known by its name, and what has no name that somebody treats is of no kind', () => {
  for (const one of REFUSALS) assert.is(refusalOf(one), one)
  for (const other of ['busy', 'network', 'unreadable', 'duplicate-id', '', undefined]) {
    assert.is(refusalOf(other), undefined)
  }
})

test('after every refused entry something rests, for a time that ends, and is told once', () => {
  for (const kind of REFUSALS) {
    // A key that is not accepted is for a person, and halts.
    if (kind === 'credentials') {
      assert.equal([ofEntry(kind), ofAnything(kind)], [null, 'halt'])
      continue
    }
    const rests = [ofEntry(kind), ofAnything(kind)].flatMap(rest => (rest === null ? [] : [rest]))
    assert.is(rests.length, 1, kind)
    const [rest] = rests
    assert.ok(typeof rest === 'object' && rest.span > 0 && Number.isFinite(rest.span), kind)
  }
})

test('what is refused for no known reason rests too, unless it had been taken at first', () => {
  assert.is(ofEntry(undefined, true), null)
  const rest = ofEntry(undefined)
  assert.ok(typeof rest === 'object' && rest?.scope === 'symbol')
  // A reason that is known counts, however late.
  assert.equal(ofEntry('balance', true), ofEntry('balance'))
})

test('what is about one symbol leaves the others alone', () => {
  const scopes = (...kinds: readonly Refusal[]): string[] => [
    ...new Set(
      kinds.flatMap(kind => {
        const rest = ofEntry(kind) ?? ofAnything(kind)
        return rest === null || rest === 'halt' ? [] : [rest.scope]
      }),
    ),
  ]
  assert.equal(scopes('small', 'large', 'risk', 'price', 'parameters', 'symbol', 'auction', 'gone'), [
    'symbol',
  ])
  assert.equal(scopes('too-many', 'balance', 'account', 'position-mode', 'rate', 'banned'), ['account'])
})

test.run()
