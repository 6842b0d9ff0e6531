import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pause } from './pause.ts'

const test = suite('pause')

test('nothing else of the thread runs while it pauses', () => {
  let ran = false
  setImmediate(() => {
    ran = true
  })
  const before = performance.now()
  pause(2)
  assert.ok(performance.now() - before >= 1)
  assert.not(ran)
})

test.run()
