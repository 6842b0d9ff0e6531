import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { freeMemoryIn, openFilesIn, thisMachine } from './machine.ts'

const test = suite('machine')

test('limits and memory are read from what the kernel says, and not guessed where it says nothing', () => {
  const limits =
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288  files\n'
  assert.is(openFilesIn(limits), 1_024)
  assert.is(
    openFilesIn('Max open files            unlimited            unlimited            files'),
    Infinity,
  )
  assert.is(openFilesIn('Max processes 5'), null)
  assert.is(openFilesIn(null), null)
  assert.is(freeMemoryIn('MemTotal: 8 kB\nMemAvailable:    2048 kB\n'), 2 * 2 ** 20)
  assert.is(freeMemoryIn(null), null)
})

test('this machine answers everything, and listens to itself', async () => {
  const machine = thisMachine()
  assert.match(machine.node, /^\d+\.\d+\.\d+/)
  assert.match(machine.sqlite, /^3\.\d+\.\d+$/)
  assert.ok(machine.freeMemory > 0)
  assert.ok(machine.load >= 0)
  assert.ok((machine.freeFiles('/') ?? 1) > 0)
  assert.is(await machine.listen(), null)
})

test.run()
