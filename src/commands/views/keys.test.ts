import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chosenIndex, FIRST_VIEW, pressed, type Surroundings, type ViewState, type Wish } from './keys.ts'

const test = suite('keys')
const AROUND: Surroundings = { positions: ['A:long', 'B:short', 'C:long'], word: 'RUNNING', canAct: true }

/** The view and the wishes after some keys. */
function after(
  keys: readonly string[],
  around: Surroundings = AROUND,
): { readonly view: ViewState; readonly wishes: readonly Wish[] } {
  let view = FIRST_VIEW
  const wishes: Wish[] = []
  for (const key of keys) {
    const next = pressed(view, key, around)
    view = next.view
    if (next.wish !== null) wishes.push(next.wish)
  }
  return { view, wishes }
}

test('the choice moves over the positions and no further', () => {
  const cases: readonly (readonly [readonly string[], number])[] = [
    [[], 0],
    [['j'], 1],
    [['down', 'j', 'j', 'j'], 2],
    [['j', 'k', 'up'], 0],
  ]
  for (const [keys, index] of cases)
    assert.is(chosenIndex(after(keys).view, AROUND.positions), index, keys.join())
  assert.is(after(['j'], { ...AROUND, positions: [] }).view.chosen, null)
})

test('the choice stays with its position when others go, and falls to the first when it goes itself', () => {
  const { view } = after(['j', 'j'])
  assert.is(chosenIndex(view, ['C:long']), 0)
  assert.is(chosenIndex(view, ['X:long', 'B:short', 'C:long']), 2)
  assert.is(chosenIndex(view, ['A:long', 'B:short']), 0)
})

test('details and help open and close', () => {
  const state = (...keys: readonly string[]): readonly boolean[] => {
    const { isDetails, isHelp } = after(keys).view
    return [isDetails, isHelp]
  }
  assert.equal(state('d'), [true, false])
  assert.equal(state('enter', 'd'), [false, false])
  assert.equal(state('?'), [false, true])
  assert.equal(state('?', '?'), [false, false])
  assert.equal(state('?', 'd'), [true, false])
  assert.equal(state('d', '?', 'escape'), [false, false])
})

test('pause is wished at once, halt only after a yes', () => {
  assert.equal(after(['p']).wishes, ['pause'])
  assert.equal([after(['h']).view.asking, after(['h']).wishes], ['halt', []])
  assert.equal(after(['h', 'y']).wishes, ['halt'])
  assert.equal(after(['h', 'Y']).wishes, ['halt'])
  for (const no of ['n', 'escape', 'q', 'h', 'p', 'enter', 'x']) {
    const { view, wishes } = after(['h', no])
    assert.equal([wishes, view.asking, view.said?.words], [[], null, 'nothing was done'], no)
  }
  assert.equal(after(['h', 'n', 'y']).wishes, [], 'a yes without a question is nothing')
})

test('resume asks where entries are halted, and what is so already is not asked for', () => {
  const halted: Surroundings = { ...AROUND, word: 'HALTED' }
  assert.equal(after(['r'], { ...AROUND, word: 'PAUSED' }).wishes, ['resume'])
  assert.equal(after(['r'], halted).wishes, [])
  assert.equal(after(['r', 'y'], halted).wishes, ['resume'])
  assert.equal([after(['h', 'y', 'p'], halted).wishes], [[]])
  assert.is(after(['h'], halted).view.said?.words, 'halted already: r resumes')
  assert.equal(after(['p'], { ...AROUND, word: 'PAUSED' }).wishes, [])
})

test('q ends without a question, and Ctrl-C goes through one', () => {
  assert.equal(after(['q']).wishes, ['quit'])
  assert.equal(after(['h', 'ctrl-c']).wishes, ['interrupt'])
})

test('a view that only looks wishes nothing but its end', () => {
  const { wishes, view } = after(['p', 'r', 'h', 'y', 'j', 'd', 'q'], { ...AROUND, canAct: false })
  assert.equal([wishes, view.asking, view.isDetails], [['quit'], null, true])
})

test('what was asked for stands with how the loop stood', () => {
  assert.equal(after(['p']).view.said, { words: 'pause asked for', during: 'RUNNING' })
  assert.is(after(['p', 'j']).view.said, null)
})

test.run()
