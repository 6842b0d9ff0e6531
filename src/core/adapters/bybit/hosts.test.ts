import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../base/errors.ts'
import { byOneName, checkedHost, HOSTS, isLoopback } from './hosts.ts'

const test = suite('bybit hosts')

test('an encrypted address is taken, and a plain one of this machine', () => {
  for (const host of Object.values(HOSTS)) assert.is(checkedHost(host), host)
  assert.is(checkedHost('https://api.bybit.com/'), 'https://api.bybit.com')
  for (const host of ['http://127.0.0.1:8080', 'http://[::1]:1', 'http://localhost:9'])
    assert.is(checkedHost(host), host)
})

test('this machine is told from one whose name begins like it', () => {
  for (const host of ['http://127.0.0.1:8080', 'https://[::1]:1', 'http://localhost'])
    assert.ok(isLoopback(host))
  for (const host of ['https://127.0.0.1.example.com', 'https://localhost.example.com', HOSTS.demo])
    assert.not(isLoopback(host))
})

test('this machine has one name, and what only looks like it keeps its own', () => {
  assert.is(byOneName('demo http://localhost:4000 7'), 'demo http://127.0.0.1:4000 7')
  assert.is(byOneName('http://localhost'), 'http://127.0.0.1')
  for (const words of [
    'http://localhost.example.com',
    'https://api.bybit.com',
    'http://[::1]:4000',
    'http://127.0.0.1:4000',
  ])
    assert.is(byOneName(words), words)
})

test('everything else is refused', () => {
  for (const text of [
    'http://api.bybit.com',
    'http://127.0.0.1.example.com',
    'http://127.0.0.2',
    'ftp://127.0.0.1',
    'https://api.bybit.com/v5',
    'https://key:word@api.bybit.com',
    'https://api.bybit.com/?a=b',
    'api.bybit.com',
    '',
  ]) {
    assert.throws(
      () => checkedHost(text),
      (error: unknown) => error instanceof UsageError,
      text,
    )
  }
})

test.run()
