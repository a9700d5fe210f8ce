import type { Database } from './database.js'

interface Notification {
  channel: string
  payload?: string
}

/** The part of a pg.Pool that BullMQ's PostgreSQL backend uses, over one PGlite session. */
export interface PoolShape {
  query(text: string, params?: readonly unknown[]): Promise<{ rows: never[]; rowCount: number }>
  connect(): Promise<ClientShape>
  end(): Promise<void>
  on(event: string, listener: (value: never) => void): PoolShape
  removeAllListeners(event?: string): PoolShape
  /** Tells BullMQ that the connection cannot drop silently, so that idle workers need not poll. */
  readonly options: { readonly keepAlive: true }
}

interface ClientShape {
  query: PoolShape['query']
  on(event: string, listener: (value: never) => void): ClientShape
  removeListener(event: string, listener: (value: never) => void): ClientShape
  removeAllListeners(event?: string): ClientShape
  release(): void
}

const listenStatement = /^LISTEN\s+"?(\w+)"?/i

/**
 * BullMQ's LISTEN arrives with comments before it; PGlite delivers notifications only to its own listen(), so the statement is
 * recognised here. No BullMQ operation opens a transaction across queries (each is one SQL function), so one session is enough.
 */
export function poolOf(database: Database): PoolShape {
  const listening = new Map<string, Promise<void>>()
  const listeners = new Set<(message: Notification) => void>()
  database.onNotification((channel, payload) => {
    for (const listener of [...listeners]) listener({ channel, payload })
  })

  const query: PoolShape['query'] = async (text, params) => {
    const statement = text.replace(/^(\s*--[^\n]*\n)+/, '').trim()
    const channel = listenStatement.exec(statement)?.[1]
    if (channel !== undefined) {
      const begun = listening.get(channel) ?? database.listen(channel)
      listening.set(channel, begun)
      await begun
      return { rows: [], rowCount: 0 }
    }
    const { rows, rowCount } = await database.query(text, params ?? [])
    return { rows: rows as never[], rowCount }
  }

  const client: ClientShape = {
    query,
    on: (event, listener) => {
      if (event === 'notification') listeners.add(listener as (message: Notification) => void)
      return client
    },
    removeListener: (_event, listener) => {
      listeners.delete(listener as (message: Notification) => void)
      return client
    },
    // Every BullMQ connection shares this session: dropping all its listeners would deafen the others.
    removeAllListeners: () => client,
    release: () => {},
  }
  const pool: PoolShape = {
    query,
    connect: async () => client,
    end: async () => {},
    on: () => pool,
    removeAllListeners: () => pool,
    options: { keepAlive: true },
  }
  return pool
}
