import { createServer, type OnReadOpts, type Server, Socket, type SocketConstructorOpts } from "node:net";
import { FIXED } from "@shunt/core";
import { readDirectly } from "../io/direct-reads.ts";

/** Makes the socket of an accepted connection, which reads into the buffers of whoever opens it. */
export type OpenSocket = (onread: OnReadOpts) => Socket;

/** Of Node's TCP handle what we need. */
interface TcpHandle {
  onconnection: (error: number, client: object | undefined) => void;
  setNoDelay(enabled: boolean): number;
  setKeepAlive(enabled: boolean, seconds: number): number;
}

/** On Linux an accepted socket has the options of the one that listens, which saves two system calls for each connection. */
const OPTIONS_ARE_INHERITED = process.platform === "linux";

/**
 * Accepts on a listening handle of the supervisor. Node lets the sockets that one connects read into buffers of one's
 * own (`onread`), but not those that its server accepts; so the server listens, and we take the connections from its
 * handle (decision 0010). Undocumented: listener.test.ts fails when Node changes it.
 */
export function listen(handle: object, accept: (open: OpenSocket) => void): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(handle, FIXED.acceptQueue, () => {
      server.off("error", reject);
      const listening = (server as unknown as { _handle: TcpHandle })._handle;
      if (OPTIONS_ARE_INHERITED) {
        listening.setNoDelay(true);
        // 0: after the time of the system, as of each socket.
        listening.setKeepAlive(true, 0);
      }
      listening.onconnection = (error, client) => {
        // An error is that of one connection (it was reset before it was accepted): there is nobody to tell.
        if (error === 0 && client !== undefined) accept((onread) => socketOver(client, onread));
      };
      resolve(server);
    });
  });
}

function socketOver(handle: object, onread: OnReadOpts): Socket {
  const options = { handle, onread, allowHalfOpen: true, readable: true, writable: true };
  const socket = new Socket(options as unknown as SocketConstructorOpts);
  if (!OPTIONS_ARE_INHERITED) socket.setNoDelay(true).setKeepAlive(true);
  readDirectly(socket, onread);
  return socket;
}
