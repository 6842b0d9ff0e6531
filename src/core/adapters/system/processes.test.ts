import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isAlive, thisProcess } from './processes.ts'

const test = suite('processes')

test('this process is alive, and one of its number that began at another time is not', () => {
  const { pid, host, processStart } = thisProcess()
  assert.is(pid, process.pid)
  assert.is(host, hostname())
  assert.ok(isAlive(pid, processStart))
  assert.ok(isAlive(pid, ''))
  if (processStart !== '') {
    assert.match(processStart, /^[0-9a-f-]{36}:\d+$/)
    assert.not(
      isAlive(
        pid,
        processStart.replace(/\d+$/, ticks => String(Number(ticks) + 1)),
      ),
    )
    assert.not(isAlive(pid, processStart.replace(/^./, '_')))
  }
})

test('a process is alive until it has ended', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const pid = Number(child.pid)
  assert.ok(isAlive(pid, ''))
  const ended = once(child, 'exit')
  child.stdin.end()
  await ended
  assert.not(isAlive(pid, ''))
})

test.run()
