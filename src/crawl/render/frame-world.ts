import type { CDPSession } from 'playwright'

interface ListedFrame {
  readonly id: string
  readonly url: string
  readonly isTop: boolean
}

interface FrameTree {
  readonly frame: { readonly id: string; readonly url: string }
  readonly childFrames?: readonly FrameTree[]
}

/** Of one session: a page with the frames that share its process, or a frame with those that share its own. */
export async function frameList(session: CDPSession): Promise<readonly ListedFrame[]> {
  const { frameTree } = await session.send('Page.getFrameTree')
  const flat = (tree: FrameTree, isTop: boolean): ListedFrame[] => [
    { id: tree.frame.id, url: tree.frame.url, isTop },
    ...(tree.childFrames ?? []).flatMap((child) => flat(child, false)),
  ]
  return flat(frameTree, true)
}

/** Calls a function in a frame, in a world that the page's scripts cannot reach. */
export type World = (act: (argument: number) => unknown, argument?: number) => Promise<unknown>

/** `frame`: its id; absent = the session's own. */
export async function worldOf(session: CDPSession, frame?: string): Promise<World> {
  const frameId = frame ?? (await frameList(session))[0]?.id ?? ''
  const { executionContextId } = await session.send('Page.createIsolatedWorld', {
    frameId,
    worldName: 'pairmill',
  })
  return async (act, argument = 0) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression: `(${act.toString()})(${argument})`,
      contextId: executionContextId,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
}
