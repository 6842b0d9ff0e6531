import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { HOUR, MINUTE, type Timestamp } from '../../base/units.ts'
import type { AccountTerms, Input } from '../../engine/protocol.ts'
import { AccountWatch } from './account-watch.ts'
import { Fields } from './fields.ts'
import { type Maintenance, maintenanceRow } from './mapper-account.ts'

const test = suite('account watch')

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end

class Rig {
  now: Timestamp = Date.UTC(2025, 2, 3)
  terms: AccountTerms = {
    marginMode: 'ISOLATED_MARGIN',
    accountType: 'UNIFIED',
    mayOnlyReduce: false,
    marginUse: null,
  }
  maintenance: readonly Maintenance[] = []
  trouble: ExchangeError | null = null
  asked = 0
  readonly heard: Input[] = []
  readonly watch = new AccountWatch({
    terms: async () => this.terms,
    maintenance: async () => {
      this.asked++
      if (this.trouble !== null) throw this.trouble
      return this.maintenance
    },
    now: () => this.now,
    hear: input => this.heard.push(input),
  })

  /** What is heard within so long. */
  async pass(span: number): Promise<readonly string[]> {
    for (const end = this.now + span; this.now < end; ) {
      this.now += MINUTE / 4
      this.watch.check()
      await settle()
    }
    return this.heard.splice(0).map(({ type }) => type)
  }
}

test('it asks once a minute, and tells what has changed', async () => {
  const rig = new Rig()
  assert.equal(await rig.pass(5 * MINUTE), ['account-terms', 'maintenance'])
  assert.is(rig.asked, 5)
  rig.terms = { ...rig.terms, marginMode: 'REGULAR_MARGIN', marginUse: 0.301 }
  assert.equal(await rig.pass(2 * MINUTE), ['account-terms'])
  // Less than a hundredth more is no news.
  rig.terms = { ...rig.terms, marginUse: 0.304 }
  assert.equal(await rig.pass(2 * MINUTE), [])
})

test('what was on and is over has everything compared, what was called off has not', async () => {
  const rig = new Rig()
  rig.maintenance = [{ from: rig.now + HOUR, until: null }]
  await rig.pass(MINUTE)
  rig.maintenance = []
  assert.equal(await rig.pass(MINUTE), ['maintenance'])
  rig.maintenance = [{ from: rig.now + 2 * MINUTE, until: null }]
  await rig.pass(4 * MINUTE)
  rig.maintenance = []
  assert.equal(await rig.pass(MINUTE), ['feed-gap', 'maintenance'])
})

test('what fails is asked for again, what the exchange has not got is not', async () => {
  const rig = new Rig()
  rig.trouble = new ExchangeError('away', { retryable: true, ambiguous: false })
  assert.equal(await rig.pass(2 * MINUTE), ['account-terms'])
  assert.is(rig.asked, 2)
  rig.trouble = null
  assert.equal(await rig.pass(MINUTE), ['maintenance'])
  rig.trouble = new ExchangeError('no such thing', { retryable: false, ambiguous: false })
  await rig.pass(3 * MINUTE)
  assert.is(rig.asked, 4)
})

test('maintenance that is over, called off, or of other products is none', () => {
  const row = (over: object): Maintenance | null =>
    maintenanceRow(
      new Fields(
        { state: 'scheduled', begin: '1751596902000', end: '1751597011000', product: [1, 2], ...over },
        '',
      ),
    )
  assert.equal(row({}), { from: 1_751_596_902_000, until: 1_751_597_011_000 })
  assert.equal(row({ state: 'ongoing', end: '', product: [] }), { from: 1_751_596_902_000, until: null })
  for (const over of [{ state: 'completed' }, { state: 'canceled' }, { product: [2] }])
    assert.is(row(over), null)
})

test.run()
