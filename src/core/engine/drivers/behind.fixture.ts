/** What no bbw does, for tests that have to find it out: it sends, and writes down afterwards. */
import type { Batch, StorePort } from '../ports.ts'

/** A store that writes what a step leaves behind only when its requests have been answered. */
export class Behind implements StorePort {
  readonly #inner: StorePort
  readonly #waiting: Batch[] = []
  /** Requests without an answer. */
  #onWay = 0

  constructor(inner: StorePort) {
    this.#inner = inner
  }

  commit(batch: Batch): readonly string[] {
    this.#waiting.push(batch)
    if (!batch.isAhead && this.#onWay === 0) this.flush()
    return []
  }

  /** Lets a request leave that is waited for. */
  send(leave: () => Promise<void>): Promise<void> {
    this.#onWay++
    return leave().finally(() => {
      this.#onWay--
      if (this.#onWay === 0) this.flush()
    })
  }

  flush(): void {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      this.#inner.commit(batch)
    }
  }
}
