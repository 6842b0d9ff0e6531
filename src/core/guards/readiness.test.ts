import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Block } from './guard.ts'
import { houseOf, proposalOf } from './proposal.fixture.ts'
import { killSwitch, readiness } from './readiness.ts'

const test = suite('readiness')

const verdict = (guard: typeof readiness, blocks: readonly Block[]): string => {
  const said = guard.check(proposalOf(), houseOf({ blocks }), {})
  return 'refused' in said ? `${said.refused.gate}: ${said.refused.reason}` : 'admitted'
}

test('without a block an entry passes both', () => {
  assert.is(verdict(killSwitch, []), 'admitted')
  assert.is(verdict(readiness, []), 'admitted')
})

test('a block holds at its own gate, for the whole house or for its symbol alone', () => {
  const all: Block = { gate: 'readiness', symbol: null, reason: 'the account cannot be read' }
  assert.is(verdict(readiness, [all]), 'readiness: the account cannot be read')
  assert.is(verdict(killSwitch, [all]), 'admitted')
  const { symbol } = proposalOf().signal
  assert.is(verdict(readiness, [{ ...all, symbol }]), 'readiness: the account cannot be read')
  assert.is(verdict(readiness, [{ ...all, symbol: 'OTHERUSDT' }]), 'admitted')
  const halt: Block = { gate: 'kill-switch', symbol: null, reason: 'halted by me: for lunch' }
  assert.is(verdict(killSwitch, [all, halt]), 'kill-switch: halted by me: for lunch')
})

test.run()
