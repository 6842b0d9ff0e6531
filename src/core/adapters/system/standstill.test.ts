import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  forgetStandstill,
  foundStandstill,
  foundWords,
  STANDSTILL_FILE,
  standstillWords,
} from './standstill.ts'

const test = suite('standstill')
const folder = mkdtempSync(join(tmpdir(), 'bbw-test-'))
const path = join(folder, STANDSTILL_FILE)
test.after(() => rmSync(folder, { recursive: true }))
test.after.each(() => rmSync(path, { force: true }))

test('what was left is found until it is forgotten', () => {
  assert.is(foundStandstill(folder), null)
  forgetStandstill(folder)
  const left = { what: 'light cycle', silentMs: 60_012, pid: 4711, at: Date.UTC(2026, 0, 2, 3, 4, 5) }
  writeFileSync(path, JSON.stringify(left))
  const found = foundStandstill(folder)
  assert.equal(found, left)
  assert.is(
    found === null ? '' : foundWords(found),
    'the loop stood still: no light cycle has ended for 60 s; its process 4711 was ended at 2026-01-02 03:04:05 UTC',
  )
  forgetStandstill(folder)
  assert.not(existsSync(path))
})

test('what cannot be read tells that it was there, and nothing that could do harm', () => {
  for (const text of ['', '{', 'null', '[]', '7', '{"what":7,"silentMs":"x","pid":null,"at":1e99}']) {
    writeFileSync(path, text)
    const found = foundStandstill(folder)
    assert.is(found?.what, 'cycle', text)
    assert.equal([found?.silentMs, found?.pid], [0, 0], text)
    assert.match(found === null ? '' : foundWords(found), 'the loop stood still')
  }
})

test('it is said in seconds', () => {
  assert.is(
    standstillWords({ what: 'upkeep', silentMs: 900_400 }),
    'the loop stood still: no upkeep has ended for 900 s',
  )
})

test.run()
