/** A server, or a whole service, gave no answer that can be used. Never leaves the client. */
export class ServerAway extends Error {
  override readonly name = 'ServerAway'
}
