import { existsSync, lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { foundOrder, leaveOrder, STANDING_ORDER_FILE, takeOrderAway } from './standing-order.ts'

const test = suite('orders beside the state')
const folder = mkdtempSync(join(tmpdir(), 'bbw-order-'))
test.after(() => rmSync(folder, { recursive: true }))

const HALT = { command: 'halt', by: 'cli', reason: 'a fire', at: 5 } as const
const PAUSE = { command: 'pause', by: 'cli', reason: 'lunch', at: 6 } as const

function thrown(work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('what is left is found, by its owner alone, until it is taken away', () => {
  assert.is(foundOrder(folder), null)
  leaveOrder(folder, PAUSE)
  assert.equal(foundOrder(folder), PAUSE)
  assert.is(statSync(join(folder, STANDING_ORDER_FILE)).mode & 0o777, 0o600)
  leaveOrder(folder, HALT)
  assert.equal(foundOrder(folder), HALT)
  leaveOrder(folder, PAUSE)
  assert.equal(foundOrder(folder), HALT, 'a pause does not lift a halt')
  takeOrderAway(folder)
  takeOrderAway(folder)
  assert.is(foundOrder(folder), null)
})

test('what cannot be read counts as a halt', () => {
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"command":"resume","by":"x","reason":"","at":1}',
    '{"command":"pause"}',
  ]) {
    writeFileSync(join(folder, STANDING_ORDER_FILE), text)
    assert.is(foundOrder(folder)?.command, 'halt', text)
  }
})

const fullTest = existsSync('/dev/full') ? test : test.skip
fullTest('a full disk takes a halt without its words, and no pause, which says what helps', () => {
  const path = join(folder, STANDING_ORDER_FILE)
  rmSync(path, { force: true })
  const fill = (): void => symlinkSync('/dev/full', `${path}.part`)
  fill()
  const error = thrown(() => leaveOrder(folder, PAUSE))
  assert.ok(error instanceof StoreError && error.trouble === 'full')
  assert.match(error.remedy ?? '', /bbw trade halt, which needs none/)
  assert.is(foundOrder(folder), null)
  fill()
  leaveOrder(folder, HALT)
  assert.is(lstatSync(path).size, 0)
  const found = foundOrder(folder)
  assert.equal([found?.command, found?.reason], ['halt', 'by command, while the disk was full'])
  takeOrderAway(folder)
})

test('a folder that takes nothing says so', () => {
  assert.throws(() => leaveOrder(join(folder, 'nowhere'), HALT), /standing-order.json/)
})

test.run()
