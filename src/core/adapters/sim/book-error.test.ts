import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import { bookError } from './book-error.ts'

const test = suite('trouble with the book of the exchange')

test('it is told from trouble with the state, and says what helps where the book is the only copy', () => {
  const { isOfExchange, trouble, retryable, remedy } = bookError('sim.db is damaged', 'damaged')
  assert.equal([isOfExchange, trouble, retryable], [true, 'damaged', false])
  assert.match(remedy ?? '', /^what it held .* bbw run --new/)
  assert.is(bookError('sim.db is full', 'full', 'free some space').remedy, 'free some space')
  assert.is(new StoreError('state.db', { retryable: false, trouble: 'damaged' }).isOfExchange, false)
})

test.run()
