/** A request that cannot be answered; the message is for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number

  constructor(status: 400 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 422 | 503 | 504, message: string) {
    super(message)
    this.status = status
  }
}
