import { existsSync, mkdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BALLAST_BYTES, Ballast } from './ballast.ts'
import { StoreFolder } from './store.fixture.ts'

const test = suite('ballast')
const folder = new StoreFolder()
test.after(() => folder.remove())

test('the reserve takes its room, gives it once, and is made again', () => {
  const path = join(folder.path, 'a.ballast')
  const ballast = new Ballast(path)
  assert.not(ballast.release())
  for (let round = 0; round < 2; round += 1) {
    assert.ok(ballast.make())
    assert.ok(ballast.make())
    const { size, blocks } = statSync(path)
    assert.is(size, BALLAST_BYTES)
    // Really on the disk, no hole.
    assert.ok(blocks * 512 >= BALLAST_BYTES)
    assert.ok(ballast.release())
    assert.not(ballast.release())
    assert.not(ballast.isThere)
  }
})

test('it is not made where there is little room, and half of one is made whole', () => {
  const path = join(folder.path, 'b.ballast')
  assert.not(new Ballast(path, () => 4 * BALLAST_BYTES - 1).make())
  assert.not(existsSync(path))
  assert.ok(new Ballast(path, () => 4 * BALLAST_BYTES).make())
  truncateSync(path, 1_000)
  assert.not(new Ballast(path).isThere)
  assert.ok(new Ballast(path).make())
  assert.ok(new Ballast(path).isThere)
})

test('a place that cannot be written is no fault', () => {
  assert.not(new Ballast(join(folder.path, 'none', 'c.ballast'), () => Number.POSITIVE_INFINITY).make())
  const taken = join(folder.path, 'd.ballast')
  mkdirSync(taken)
  const ballast = new Ballast(taken)
  assert.not(ballast.make())
  assert.not(ballast.release())
})

test.run()
