import { createHmac } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import type { Input } from '../../engine/protocol.ts'
import { marketsOf, venueOf } from './market.fixture.ts'
import { packInputs, signatureOf, unpackInputs } from './transfer.ts'

const test = suite('transfer')

test('inputs come out as they went in, through JSON, candles without a turnover too', () => {
  const venue = venueOf(marketsOf(2, 3, { symbols: 2, minutes15Days: 4 }))
  const history = venue.history()
  const [candle] = history.filter(input => input.type === 'candle')
  const odd: Input = { ...candle, turnover: Number.NaN, volume: 1 / 3 }
  const inputs = [...history, odd, { type: 'time', at: venue.from } as const, odd]
  const wire = JSON.stringify(packInputs(inputs))
  assert.equal(unpackInputs(JSON.parse(wire), venue.from), inputs)
  assert.ok(wire.length < JSON.stringify(inputs).length / 2, 'candles travel as columns')
  assert.equal(unpackInputs(JSON.parse(JSON.stringify(packInputs([]))), 0), [])
})

test('what are no inputs is refused', () => {
  const [block] = packInputs([
    {
      type: 'candle',
      at: 0,
      symbol: 'XUSDT',
      interval: '1d',
      start: 0,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 1,
      turnover: 1,
    },
  ])
  for (const parts of [
    null,
    'x',
    [1],
    [{}],
    [{ type: 5 }],
    [{ ...block, rows: 2 }],
    [{ ...block, columns: [] }],
    [{ ...block, interval: '7d' }],
  ]) {
    assert.throws(
      () => unpackInputs(parts, 0),
      (error: unknown) => error instanceof DataError,
    )
  }
})

test('a signature is of every part of the request, byte for byte', () => {
  const request = {
    key: 'k',
    timestamp: '1',
    window: '5000',
    method: 'POST',
    target: '/place?x=1',
    body: Buffer.from('{"a":"ä"}'),
  }
  const signature = signatureOf('s', request)
  const text = '1\n5000\nk\nPOST\n/place?x=1\n{"a":"ä"}'
  assert.is(signature, createHmac('sha256', 's').update(text).digest('hex'))
  for (const change of [
    { key: 'l' },
    { timestamp: '2' },
    { window: '5001' },
    { method: 'PUT' },
    { target: '/place?x=2' },
    { body: Buffer.from('{"a":"a"}') },
  ]) {
    assert.is.not(signatureOf('s', { ...request, ...change }), signature)
  }
  assert.is.not(signatureOf('t', request), signature)
})

test.run()
