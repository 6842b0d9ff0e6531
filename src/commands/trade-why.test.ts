import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCommandLine } from './command-line.ts'
import { REGISTRY } from './registry.ts'
import { WHY_COMMAND } from './trade-why.ts'

const test = suite('the command that says why')

test('each example is a command line of it, and its help says that it changes nothing', async () => {
  for (const example of WHY_COMMAND.examples) {
    const line = await readCommandLine(example.split(' ').slice(1), REGISTRY, '0.0.0', 100)
    assert.is(line.kind === 'run' ? line.title : '', 'bbw trade why')
  }
  const help = await readCommandLine(['trade', 'why', '--help'], REGISTRY, '0.0.0', 1_000)
  assert.match(help.kind === 'answer' ? help.text : '', 'It changes nothing')
})

test.run()
