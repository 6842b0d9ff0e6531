import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCommandLine } from './command-line.ts'
import { REGISTRY } from './registry.ts'
import { CONTROL_COMMANDS } from './trade-orders.ts'

const test = suite('trade orders')

test('each order has its own name, an example that runs it, and takes a reason', async () => {
  assert.equal(
    CONTROL_COMMANDS.map(command => command.name),
    ['pause', 'resume', 'halt'],
  )
  for (const { name, examples } of CONTROL_COMMANDS) {
    for (const example of examples) assert.match(example, new RegExp(`^bbw trade ${name}`))
    const line = await readCommandLine(['trade', name, '--reason', 'lunch'], REGISTRY, '0.0.0', 100)
    assert.is(line.kind === 'run' ? line.title : '', `bbw trade ${name}`)
    assert.is(line.kind === 'run' ? line.parsed.flags.reason : '', 'lunch')
  }
})

test('the kill switch says in its help that stops and exits go on', async () => {
  const line = await readCommandLine(['trade', 'halt', '--help'], REGISTRY, '0.0.0', 100)
  assert.match(line.kind === 'answer' ? line.text : '', /Stops stay at the exchange/)
})

test.run()
