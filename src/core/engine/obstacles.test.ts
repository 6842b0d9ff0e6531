import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE } from '../base/units.ts'
import { Obstacles } from './obstacles.ts'
import { Parts } from './parts.fixture.ts'

const test = suite('obstacles')

const parts = (): Parts => new Parts()

test('a refused entry keeps entries from its symbol until its time has passed', () => {
  const { core } = parts()
  const { obstacles } = core
  assert.is(obstacles.entryRefused('small', 'SOLUSDT', 'too little'), 'W412')
  assert.equal([obstacles.isOn('SOLUSDT'), obstacles.isOn('ADAUSDT')], [true, false])
  assert.equal(obstacles.blocks(), [
    { gate: 'readiness', symbol: 'SOLUSDT', reason: 'the order is below the least: too little' },
  ])
  core.now += HOUR - 1
  assert.is(obstacles.isOn('SOLUSDT'), true)
  core.now += 1
  assert.is(obstacles.isOn('SOLUSDT'), false)
  assert.equal(obstacles.blocks(), [])
})

test('one about money keeps entries from every symbol', () => {
  const { obstacles } = parts().core
  obstacles.entryRefused('balance', 'SOLUSDT', 'no margin')
  assert.is(obstacles.isOn('ADAUSDT'), true)
})

test('the same is told once in five minutes, and goes on for as long as it is said again', () => {
  const { core } = parts()
  const told = (): readonly unknown[] =>
    core.takeEffects().flatMap(effect => (effect.type === 'event' ? [effect.event.code] : []))
  core.obstacles.refused('rate', 'slow down')
  assert.equal(told(), ['W401'])
  core.now += 50_000
  core.obstacles.refused('rate', 'slow down')
  assert.equal(told(), [])
  core.now += 50_000
  assert.is(core.obstacles.isOn('SOLUSDT'), true, 'a minute after it was said last')
  core.now += 5 * MINUTE
  core.obstacles.refused('rate', 'slow down')
  assert.equal(told(), ['W401'])
  core.obstacles.refused('small', 'too little')
  assert.equal(told(), [], 'what is about one order says nothing about others')
})

test('a key that is refused halts once, and a person lifts it together with what has an end', () => {
  const { core, gatekeeper } = parts()
  gatekeeper.keyRefused('10003')
  gatekeeper.keyRefused('10003')
  core.obstacles.refused('account', 'reduce only')
  const halts = core.takeEffects().filter(one => one.type === 'event' && one.event.code === 'C407')
  assert.is(halts.length, 1)
  assert.equal([core.obstacles.isKeyRefused, gatekeeper.isHalted], [true, true])
  gatekeeper.command({ type: 'command', at: 0, id: 'r', command: 'resume', by: 'me', reason: '' })
  assert.equal([core.obstacles.isKeyRefused, gatekeeper.isHalted], [false, false])
  assert.is(core.obstacles.isOn('SOLUSDT'), false)
})

test('what stands survives, what was told is not told again, and a key is tried once by the next process', () => {
  const { core, gatekeeper } = parts()
  gatekeeper.keyRefused('10003')
  core.obstacles.refused('account', 'reduce only')
  const saved = JSON.parse(JSON.stringify(core.obstacles.save()))
  const later = new Obstacles(core)
  later.load(saved)
  assert.equal(later.save(), core.obstacles.save())
  assert.is(later.isKeyRefused, true)
  later.restarted()
  assert.is(later.isKeyRefused, false)
  assert.is(later.isOn('SOLUSDT'), true)
  core.takeEffects()
  later.refused('account', 'reduce only')
  assert.equal(core.takeEffects(), [])
})

test.run()
