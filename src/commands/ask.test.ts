import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { terminalAsker } from './ask.ts'

const test = suite('questions')

/** A terminal at which the blocks are typed, each when it is asked for; then the input ends or stays open. */
function terminal(
  blocks: readonly string[],
  { isOpen = false, isTTY = true, signal = new AbortController().signal } = {},
): { readonly ask: ReturnType<typeof terminalAsker>; readonly said: string[] } {
  const said: string[] = []
  const typed = (async function* () {
    for (const block of blocks) yield Buffer.from(block)
    if (isOpen) await new Promise(() => {})
  })()
  const stdin = Object.assign(typed, { isTTY })
  const stderr = { isTTY: true, columns: 80, write: (text: string) => void said.push(text) }
  return { ask: terminalAsker({ stdin, stderr, signal }), said }
}

test('only a yes is a yes, and each question has its own answer', async () => {
  const { ask, said } = terminal(['yes\n', 'no\n', ' Y\r\n', 'ye', 's\n', 'yes please\n', '\n'])
  const answers = []
  for (let question = 0; question < 7; question += 1) answers.push(await ask?.(`question ${question}?`))
  assert.equal(answers, [true, false, true, true, false, false, false])
  assert.is(said[0], 'question 0? ')
})

test('where nobody can answer nobody is asked', () => {
  assert.is(terminal([], { isTTY: false }).ask, null)
})

test('a command that ends waits for no answer', async () => {
  const stopping = new AbortController()
  const { ask } = terminal([], { isOpen: true, signal: stopping.signal })
  const answer = ask?.('well?')
  stopping.abort('SIGTERM')
  assert.is(await answer, false)
  assert.is(await ask?.('and now?'), false)
})

test.run()
