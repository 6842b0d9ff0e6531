import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, StoreError } from '../../base/errors.ts'
import { thrown } from './store.fixture.ts'
import { damagesWal, refuseUnsound } from './version.ts'

const test = suite('sqlite version')

test('the versions with the WAL defect are told from the sound ones', () => {
  const affected = ['3.7.0', '3.44.5', '3.45.0', '3.50.6', '3.51.0', '3.51.2', '3.52.0', '2.8.17', 'unknown']
  const sound = ['3.6.23', '3.44.6', '3.50.7', '3.51.3', '3.52.1', '3.53.4', '4.0.0']
  for (const version of affected) assert.is(damagesWal(version), true, version)
  for (const version of sound) assert.is(damagesWal(version), false, version)
})

test('one that can damage a database is refused in words', () => {
  refuseUnsound('3.53.4')
  const error = thrown(() => refuseUnsound('3.51.0'))
  assert.ok(error instanceof StoreError && codeOf(error) === 'C809')
  assert.match(String(error), 'SQLite 3.51.0 can damage a database')
})

test.run()
