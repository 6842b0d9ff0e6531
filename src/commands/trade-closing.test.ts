import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCommandLine } from './command-line.ts'
import { REGISTRY } from './registry.ts'
import { CLOSING_COMMANDS } from './trade-closing.ts'

const test = suite('commands that get out')

test('each example is a command line of its command', async () => {
  assert.equal(
    CLOSING_COMMANDS.map(command => command.name),
    ['close', 'flatten'],
  )
  for (const { name, examples } of CLOSING_COMMANDS) {
    for (const example of examples) {
      const line = await readCommandLine(example.split(' ').slice(1), REGISTRY, '0.0.0', 100)
      assert.is(line.kind === 'run' ? line.title : '', `bbw trade ${name}`)
    }
  }
})

test('the help says what stays until it is flat, and whose positions are left', async () => {
  const line = await readCommandLine(['trade', 'flatten', '--help'], REGISTRY, '0.0.0', 1_000)
  const text = line.kind === 'answer' ? line.text : ''
  assert.match(text, /its stop stays at the exchange until then/)
  assert.match(text, /Positions that bbw did not open are left unless --all/)
})

test.run()
