import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { ABSENCE, REST, type SeenAbsence } from './fate-rules.ts'
import { RESTING } from './parts.fixture.ts'
import type { OrderRequest } from './protocol.ts'
import { defaultSettings } from './settings.ts'

const test = suite('fate rules')

const { clientOrderId, symbol, side, steps, stop, leverage } = RESTING
const request: OrderRequest = {
  clientOrderId,
  symbol,
  side,
  purpose: 'entry',
  type: 'market',
  price: null,
  steps,
  stop,
  leverage,
  postOnly: false,
}
const SEEN: SeenAbsence = {
  id: clientOrderId,
  doubt: { sentAt: MIDNIGHT, resends: 0, cause: 'lost-reply', wasAbsent: false, request },
  entry: RESTING,
  last: 100,
  lastAt: MIDNIGHT + 7 * SECOND,
  now: MIDNIGHT + 7 * SECOND,
  isCancelling: false,
  isOpen: true,
}
const kind = (over: Partial<SeenAbsence> = {}): string =>
  ABSENCE.decide({ ...SEEN, ...over }, defaultSettings()).verdict.kind

test('an order that is not known is waited for, then sent again, unless something speaks against it', () => {
  assert.is(kind({ now: SEEN.now - 1 }), 'wait')
  assert.is(kind(), 'resend')
  const gone: readonly Partial<SeenAbsence>[] = [
    { doubt: { ...SEEN.doubt, resends: 2 } },
    { doubt: { ...SEEN.doubt, request: null } },
    { entry: null },
    { entry: { ...RESTING, replaces: 'XUSDT:long' } },
    { isCancelling: true },
    { isOpen: false },
    { now: MIDNIGHT + DAY, lastAt: MIDNIGHT + DAY },
    { lastAt: MIDNIGHT - 60 * SECOND },
    { last: 95.5 },
    { last: Number.NaN },
  ]
  for (const over of gone) assert.is(kind(over), 'gone', JSON.stringify(over))
  assert.match(ABSENCE.decide({ ...SEEN, last: 95.5 }, defaultSettings()).why ?? '', 'the stop is')
})

test('what the account shows rests, what it does not is gone, unless its own fate is unknown', () => {
  const rest = (isThere: boolean, isDoubted: boolean): string =>
    REST.decide({ id: 'a', symbol, isThere, isDoubted }, defaultSettings())
  assert.equal(
    [rest(true, false), rest(true, true), rest(false, false), rest(false, true)],
    ['rests', 'rests', 'gone', 'unknown'],
  )
})

test.run()
