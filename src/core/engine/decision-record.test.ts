import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { instrumentOf } from '../decision/view.fixture.ts'
import {
  decisiveSettings,
  fromText,
  instrumentContext,
  settingsContext,
  settingsHashes,
  textOf,
  toldHash,
  Unrecordable,
} from './decision-record.ts'
import { defaultSettings } from './settings.ts'

const test = suite('decision record')

test('maps and numbers that JSON does not have survive as text', () => {
  const value = {
    none: Number.NaN,
    most: Number.POSITIVE_INFINITY,
    least: Number.NEGATIVE_INFINITY,
    map: new Map([['a', { deep: new Map([[1, Number.NaN]]) }]]),
    list: [1, null, 'x', true],
  }
  assert.equal(fromText(textOf(value)), value)
  assert.is(textOf(fromText(textOf(value))), textOf(value))
})

test('what has no text is refused, not left out', () => {
  assert.throws(
    () => textOf({ ask: () => 1 }),
    (error: unknown) => error instanceof Unrecordable && /ask is a function/.test(error.message),
  )
})

test('settings that decide nothing are no part of what is kept, and the order of keys is none either', () => {
  const settings = defaultSettings()
  const more = Object.assign(defaultSettings(), { operations: { log: 'loud' } })
  assert.equal(decisiveSettings(more), decisiveSettings(settings))
  assert.equal(settingsContext('1.0.0', more), settingsContext('1.0.0', settings))
  const turned = Object.fromEntries(Object.entries(settings).reverse()) as unknown as typeof settings
  assert.is(settingsContext('1.0.0', turned).hash, settingsContext('1.0.0', settings).hash)
  assert.is.not(settingsContext('1.0.1', settings).hash, settingsContext('1.0.0', settings).hash)
})

test('a fee has another hash than a parameter', () => {
  const settings = defaultSettings()
  const plain = settingsHashes(settings)
  const dearer = settingsHashes({ ...settings, fees: { maker: 0.0002, taker: 0.0006 } })
  const longer = settingsHashes({ ...settings, maxBars: 31 })
  assert.equal([dearer.parameters, longer.fees], [plain.parameters, plain.fees])
  assert.is.not(dearer.fees, plain.fees)
  assert.is.not(longer.parameters, plain.parameters)
})

test('an instrument is kept under the hash of all its filters', () => {
  const { hash, text } = instrumentContext(instrumentOf())
  assert.equal(fromText(text), instrumentOf())
  assert.is.not(instrumentContext({ ...instrumentOf(), minNotional: 6 }).hash, hash)
  assert.is(toldHash([]), null)
})

test.run()
