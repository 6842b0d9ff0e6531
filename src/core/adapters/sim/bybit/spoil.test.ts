import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultRule } from './fault-plan.ts'
import { page, spoiled, spoiledMessage } from './spoil.ts'

const test = suite('spoil')

const reply = {
  status: 200,
  headers: {},
  body: '{"retCode":0,"result":{"list":[["3"],["2"],["1"]]}}',
}

function bodyOf(rule: FaultRule): string {
  const outcome = spoiled(rule, reply, 0)
  return outcome.kind === 'reply' ? outcome.reply.body : outcome.kind
}

test('rows are lost, doubled and turned round in the list of a reply, and nothing else of it is touched', () => {
  const list = (fault: FaultRule['fault']): unknown => JSON.parse(bodyOf({ fault })).result.list
  assert.equal(list('row-gap'), [['3'], ['1']])
  assert.equal(list('row-twice'), [['3'], ['2'], ['2'], ['1']])
  assert.equal(list('rows-reversed'), [['1'], ['2'], ['3']])
  assert.is(JSON.parse(bodyOf({ fault: 'row-gap' })).retCode, 0)
})

test('a reply without a list has no row to lose', () => {
  const plain = { ...reply, body: '{"retCode":0,"result":{}}' }
  const outcome = spoiled({ fault: 'row-gap' }, plain, 0)
  assert.is(outcome.kind === 'reply' && outcome.reply.body, plain.body)
})

test('half of a reply is no JSON, nothing of it is nothing, and a page is a page', () => {
  assert.is(bodyOf({ fault: 'truncated' }).length, Math.floor(reply.body.length / 2))
  assert.is(bodyOf({ fault: 'empty' }), '')
  assert.is(page(503).status, 503)
  assert.match(bodyOf({ fault: 'html' }), /^<html>/)
})

test('a wick is a multiple of the price, 0 where nothing is said, whatever the message says', () => {
  const told = (rule: FaultRule, text: string): unknown =>
    JSON.parse(spoiledMessage(rule, text, 50)).data.lastPrice
  assert.is(told({ fault: 'wick-push', rate: 3 }, '{"data":{"lastPrice":"50"}}'), '150')
  assert.is(told({ fault: 'wick-push', rate: 3 }, '{"data":{"markPrice":"50"}}'), '150')
  assert.is(told({ fault: 'wick-push' }, '{"data":{}}'), '0')
})

test.run()
