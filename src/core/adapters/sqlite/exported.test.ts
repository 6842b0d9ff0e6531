import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { readExported } from './exported.ts'
import { portableDatabase } from './portable.ts'
import { MemoryDatabase } from './sql-js.ts'
import { batchOf, eventOf, heldStore, StoreFolder, tradeOf } from './store.fixture.ts'

const test = suite('exported trades')
const folder = new StoreFolder()
test.after(() => folder.remove())

const TRADES = [tradeOf({ id: 'b', closedAt: 5 }), tradeOf({ id: 'a', closedAt: 9 })]
const REFUSED = eventOf({ kind: 'refused', signalId: 'c', reason: 'one-position: held' })

test('results and a state give the same trades, in the order in which they closed, with what was refused', async () => {
  const results = await portableDatabase({
    ...{ trades: TRADES, summary: { finalWallet: 5 }, events: [REFUSED], origin: 'sim' },
  })
  const path = folder.fresh()
  const store = heldStore(path)
  store.commit(batchOf({ trades: [TRADES[1], TRADES[0]], events: [REFUSED] }))
  store.write('began', { at: 7, wallet: 100 })
  store.close()
  const of = [await readExported(results, 'results'), await readExported(readFileSync(path), path)]
  for (const { trades, refusals } of of) {
    assert.equal(trades, TRADES)
    assert.equal([...refusals], [['c', 'refused there: one-position: held']])
  }
  assert.equal(of[0].summary, { finalWallet: 5 })
  assert.equal([of[1].summary?.from, of[1].summary?.startingBalance], [7, 100])
})

test('what is no database of bbw, or none at all, is refused by its name', async () => {
  const other = (await MemoryDatabase.empty()).bytes()
  for (const bytes of [other, Buffer.from('{"v":1}')]) {
    try {
      await readExported(bytes, 'mine.db')
      assert.unreachable()
    } catch (error) {
      assert.instance(error, DataError)
      assert.is((error as DataError).place?.file, 'mine.db')
    }
  }
})

test.run()
