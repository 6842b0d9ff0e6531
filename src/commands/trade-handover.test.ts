import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCommandLine } from './command-line.ts'
import { REGISTRY } from './registry.ts'
import { HANDOVER_COMMANDS } from './trade-handover.ts'

const test = suite('commands that hand over')

test('each example is a command line of its command', async () => {
  assert.equal(
    HANDOVER_COMMANDS.map(command => command.name),
    ['adopt', 'release'],
  )
  for (const { name, examples } of HANDOVER_COMMANDS) {
    for (const example of examples) {
      const line = await readCommandLine(example.split(' ').slice(1), REGISTRY, '0.0.0', 100)
      assert.is(line.kind === 'run' ? line.title : '', `bbw trade ${name}`)
    }
  }
})

test('the help says what bbw does with it, and what it leaves', async () => {
  const help = async (name: string): Promise<string> => {
    const line = await readCommandLine(['trade', name, '--help'], REGISTRY, '0.0.0', 1_000)
    return line.kind === 'answer' ? line.text : ''
  }
  assert.match(await help('adopt'), /sold in no parts/)
  assert.match(await help('release'), /leaves the stop at the exchange/)
})

test.run()
