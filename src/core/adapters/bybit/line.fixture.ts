/** A connection to a stream that does nothing and remembers what it was asked, for tests. */
import type { FeedConnection } from './market-feed.ts'
import type { StreamListener } from './stream-connection.ts'

export class Line implements FeedConnection {
  readonly listener: StreamListener
  /** Topics as they were asked for; `-` before one that was given up, `=` before one that was asked for again. */
  readonly asked: string[] = []
  isReady = true
  isSlowed = false
  checks = 0

  constructor(listener: StreamListener) {
    this.listener = listener
  }

  subscribe(topics: readonly string[]): void {
    this.asked.push(...topics)
  }

  unsubscribe(topics: readonly string[]): void {
    this.asked.push(...topics.map(topic => `-${topic}`))
  }

  renew(topic: string): void {
    this.asked.push(`=${topic}`)
  }

  check(): void {
    this.checks++
  }

  close(): void {
    this.isReady = false
  }
}
